"""`python -m local.upstream --port 4567`: the stand-ins alone, for a client run by hand."""

from __future__ import annotations

import argparse

from local.upstream import SECRETS, urls
from local.upstream.server import server
from local.upstream.service import Upstream


def main() -> None:
    """Serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m local.upstream", description=__doc__)
    parser.add_argument("--port", type=int, default=4567)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    made = server(Upstream(args.seed), args.port)
    for name, url in urls(f"http://127.0.0.1:{args.port}").items():
        print(f"{name}: {url}")
    print(f"they let in: {dict(SECRETS)}")
    try:
        made.serve_forever()
    except KeyboardInterrupt:
        made.server_close()


if __name__ == "__main__":
    main()
