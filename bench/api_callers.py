"""Two hundred callers at once, through the laptop's gateway, as somebody else's programs."""

from __future__ import annotations

import http.client
import json
import shutil
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from bench.measure import run
from bench.report import Figure

CALLERS, EACH = 200, 5


def figures() -> list[Figure]:
    """Every caller asks a few times; answers are counted by their status."""
    lake = shutil.which("lake", path=str(Path(sys.executable).parent)) or "lake"
    run([lake, "up"])
    where = json.loads(run([lake, "api", "--json"]).output)
    return crowd(where["url"], where["key"])


def crowd(url: str, key: str) -> list[Figure]:
    """One line: what 200 callers were answered."""
    address = urlsplit(url)
    host, port = str(address.hostname), address.port
    statuses: Counter[int] = Counter()
    seconds: list[float] = []
    together, lock = threading.Barrier(CALLERS), threading.Lock()

    def caller() -> None:
        together.wait()
        for _ in range(EACH):
            began = time.perf_counter()
            connection = http.client.HTTPConnection(host, port, timeout=60)
            connection.request("GET", f"{address.path}v1/results", headers={"x-api-key": key})
            answer = connection.getresponse()
            answer.read()
            connection.close()
            with lock:
                statuses[answer.status] += 1
                if answer.status == 200:
                    seconds.append(time.perf_counter() - began)

    threads = [threading.Thread(target=caller) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answered = sorted(seconds)
    return [
        Figure(
            what=f"{CALLERS} callers at once, {EACH} times each, through the laptop's gateway",
            ours=", ".join(f"{count} times {status}" for status, count in sorted(statuses.items())),
            yardstick=(
                f"who was let in waited {answered[len(answered) // 2]:.1f} s (p50), "
                f"{answered[int(len(answered) * 0.99)]:.1f} s (p99) for one of 4 workers"
            ),
            ratio="",
            aim="no 5xx; beyond the limit 429",
            met=sum(statuses.values()) == CALLERS * EACH and set(statuses) <= {200, 429},
        )
    ]
