"""`python -m scripts.samples OUT --seed 7 --day 2025-09-01`: workbooks, and the truth of them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from scripts.samples import demo_set


def main() -> None:
    """One folder a source, as `lake upload` takes them; the expected counts on stdout."""
    parser = argparse.ArgumentParser(prog="python -m scripts.samples", description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--day", default="2025-09-01")
    args = parser.parse_args()
    made = demo_set(args.seed, args.day)
    for sample in made:
        sample.write(args.out / sample.source)
    print(json.dumps([sample.as_dict() for sample in made], indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
