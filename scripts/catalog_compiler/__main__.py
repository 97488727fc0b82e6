"""`python -m scripts.catalog_compiler`: check the declarations and write catalog.json."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from lake.errors import CatalogError
from scripts.catalog_compiler.compiler import compile_catalog
from scripts.catalog_compiler.dictionary import data_dictionary


def main(argv: list[str] | None = None) -> int:
    """0: written; 1: the declarations are wrong, and one line says where."""
    parser = argparse.ArgumentParser(prog="catalog_compiler", description=__doc__)
    parser.add_argument(
        "--declarations",
        type=Path,
        default=Path(),
        help="where domains/ and catalog/ are",
    )
    parser.add_argument("--out", type=Path, help="where catalog.json goes")
    parser.add_argument("--dictionary", type=Path, help="where the data dictionary page goes")
    args = parser.parse_args(argv)
    try:
        catalog = compile_catalog(args.declarations)
    except CatalogError as error:
        print(error, file=sys.stderr)
        return 1
    if args.out:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(json.dumps(catalog, indent=1, sort_keys=True) + "\n", "utf-8")
    if args.dictionary:
        args.dictionary.write_text(data_dictionary(catalog), "utf-8")
    tables, sources = len(catalog["tables"]), len(catalog["sources"])
    print(f"catalogue: {sources} sources, {tables} tables, {len(catalog['lanes'])} lanes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
