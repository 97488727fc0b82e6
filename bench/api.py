"""The results API on a million rows: inside its handler, beside the seed's way and Datasette."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import requests
from moto import mock_aws
from werkzeug.serving import make_server

from bench import api_callers, api_datasette
from bench.measure import middle, python
from bench.report import Figure
from tests.functions.served_results import BUCKET, FIRST, KEY, KEYS, REGION, Served

NAME = "emt_delays_by_hour"
LINES, ROWS = 200, 1_000_000
ASKED = 300
AIM_P50_MS, AIM_P99_MS, AIM_IMPORT_MS = 10.0, 50.0, 450.0
LAMBDA_TAKES = 6 * 1024 * 1024
MAKE = f"""
CREATE TABLE made AS SELECT
  TIMESTAMP '2025-01-01' + (i // {LINES}) * INTERVAL 1 HOUR AS event_hour,
  printf('L%03d', i % {LINES}) AS line,
  (hash(i) % 100)::BIGINT AS total_preds, (hash(i + 1) % 90)::BIGINT AS rated_preds,
  (hash(i + 2) % 50)::BIGINT AS delayed_preds, (hash(i + 3) % 100000) / 100000.0 AS delay_rate,
  (hash(i + 4) % 90)::BIGINT AS weather_preds, (hash(i + 5) % 50)::BIGINT AS adverse_preds,
  (hash(i + 6) % 1000) / 1000.0 AS adverse_rate,
  (hash(i + 7) % 20)::BIGINT AS weather_attrib_delays,
  (hash(i + 8) % 1000) / 1000.0 AS weather_attrib_rate,
  (hash(i + 9) % 1000) / 1000.0 AS weather_share_of_delays,
  (hash(i + 10) % 3000) / 1000.0 AS avg_delay_ratio,
  (hash(i + 11) % 300) / 10.0 AS avg_expected_headway_min,
  (hash(i + 12) % 400) / 10.0 AS avg_temp_c, (hash(i + 13) % 900) / 10.0 AS avg_wind_kph,
  (hash(i + 14) % 90) / 10.0 AS avg_precip_mm,
  CASE hash(i + 15) % 4 WHEN 0 THEN 'none' WHEN 1 THEN 'low' WHEN 2 THEN 'high' END
    AS worst_severity
FROM range({ROWS}) AS made(i) ORDER BY event_hour, line
"""  # noqa: S608 - our own numbers


def questions(noise: random.Random) -> Iterator[tuple[str, str, str]]:
    """What people ask, each time of something else: its kind, our query and Datasette's."""
    while True:
        line = f"L{noise.randrange(LINES):03}"
        day = f"2025-{noise.randint(1, 6):02}-{noise.randint(1, 28):02}"
        hour = f"{day}T{noise.randrange(24):02}:00:00"
        theirs = quote(hour.replace("T", " "))
        yield (
            "a line's day",
            f"line={line}&event_hour.ge={day}&event_hour.lt={day}T23:59:59Z",
            f"line={line}&event_hour__gte={day}&event_hour__lt={day}+23:59:59&_size=100",
        )
        yield (
            "all lines of an hour",
            f"event_hour={hour}Z&limit=200",
            f"event_hour={theirs}&_size=200",
        )
        yield (
            "the first hundred from an hour on",
            f"event_hour.ge={hour}Z",
            f"event_hour__gte={theirs}&_size=100",
        )
        yield (
            "the worst hundred of a line",
            f"line={line}&sort=-delay_rate",
            f"line={line}&_sort_desc=delay_rate&_size=100",
        )
        yield ("the worst hundred of all", "sort=-delay_rate", "_sort_desc=delay_rate&_size=100")


KINDS = 5


def figures() -> list[Figure]:
    """Warm questions, the same by HTTP and by Datasette, the seed's way; then a crowd."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _aws(Path(folder)) as served,
        duckdb.connect() as connection,
    ):
        connection.execute(MAKE)
        file = Path(folder) / "rows.parquet"
        connection.execute(f"COPY made TO '{file}' (FORMAT parquet, ROW_GROUP_SIZE 100000)")
        served.publish_files(NAME, [(ROWS, file.read_bytes())], at=FIRST)
        inside, answer_size = _inside()
        _publish_csv(served, connection)
        lines = [*_warm(inside), _beside_the_seed(served, inside, answer_size)]
        lines += _beside_datasette(connection, Path(folder))
    return [*lines, _cold_import(), _zip(Path("build")), *api_callers.figures()]


@contextmanager
def _aws(folder: Path) -> Iterator[Served]:
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "SERVED_BUCKET": BUCKET,
        "API_KEYS_TABLE": KEYS,
        "API_URL": "http://localhost",
        "LOG_LEVEL": "ERROR",
    }
    with mock_aws():
        yield Served.of_moto(folder)


def _inside() -> tuple[dict[str, list[float]], int]:
    """Milliseconds inside the handler, by kind of question; bytes of a usual answer."""
    from functions.results_api import handler as results_api
    from tests.factories import LambdaContext
    from tests.functions.asking_results import event

    found: dict[str, list[float]] = {}
    path, context, size = f"/v1/results/{NAME}/rows", LambdaContext(), 0
    for number, (kind, query, _) in enumerate(questions(random.Random(7))):  # noqa: S311
        request = event(path, query, headers={"x-api-key": KEY})
        began = time.perf_counter()
        answer = results_api.handler(request, context)
        took = (time.perf_counter() - began) * 1000
        if answer["statusCode"] != 200:
            raise RuntimeError(f"{query}: {answer['body']}")
        size = max(size, len(answer["body"]))
        if number >= KINDS:  # the first of each kind is not warm
            found.setdefault(kind, []).append(took)
        if number >= ASKED + KINDS:
            return found, size
    raise RuntimeError("questions never end")


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of the values lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _told(values: list[float]) -> str:
    return f"p50 {percentile(values, 0.5):.1f} ms, p99 {percentile(values, 0.99):.1f} ms"


def _warm(inside: dict[str, list[float]]) -> list[Figure]:
    every = [value for values in inside.values() for value in values]
    p50, p99 = percentile(every, 0.5), percentile(every, 0.99)
    return [
        Figure(
            what=f"a question of {ROWS:,} rows, warm, inside the handler ({len(every)} mixed)",
            ours=_told(every),
            yardstick="",
            ratio="",
            aim=f"p50 {AIM_P50_MS:.0f} ms, p99 {AIM_P99_MS:.0f} ms",
            met=p50 <= AIM_P50_MS and p99 <= AIM_P99_MS,
        ),
        *(Figure(f"  {kind}", _told(values), "", "", "", None) for kind, values in inside.items()),
    ]


def _publish_csv(served: Served, connection: Any) -> None:
    """The same rows as the seed's bucket would hold them: Spark's CSV parts under refined/."""
    part = ROWS // 20
    for number in range(20):
        rows = connection.execute("SELECT * FROM made LIMIT ? OFFSET ?", [part, number * part])
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([column[0] for column in rows.description])
        writer.writerows(rows.fetchall())
        key = f"refined/{NAME}/part-{number:05}.csv"
        served.s3.put_object(Bucket=BUCKET, Key=key, Body=text.getvalue().encode())


def _beside_the_seed(served: Served, inside: dict[str, list[float]], size: int) -> Figure:
    """List every CSV, read each, put all into one JSON: what the published lambda did."""
    began = time.perf_counter()
    listed = served.s3.list_objects_v2(Bucket=BUCKET, Prefix="refined/")["Contents"]
    texts = {
        one["Key"]: served.s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read().decode()
        for one in listed
        if one["Key"].endswith(".csv")
    }
    answer = json.dumps({"statusCode": 200, "body": json.dumps(texts)})
    took = (time.perf_counter() - began) * 1000
    p50 = percentile(inside["a line's day"], 0.5)
    broken = "refused by Lambda" if len(answer) > LAMBDA_TAKES else "accepted"
    return Figure(
        what="a line's day, beside the seed's way (every CSV in one JSON)",
        ours=f"{p50:.1f} ms; an answer is {size / 1000:.0f} kB at most",
        yardstick=f"{took:,.0f} ms, {len(answer) / 1e6:,.0f} MB: {broken}",
        ratio=f"{took / p50:,.0f} times",
        aim="fits into Lambda's 6 MB",
        met=size < LAMBDA_TAKES,
    )


def _beside_datasette(connection: Any, folder: Path) -> list[Figure]:
    """Both by HTTP on this machine, one caller, the same questions."""
    ours, theirs = {}, {}
    with _server() as address, api_datasette.running(connection, folder) as other:
        for _ in range(2):  # the second round counts: both are warm then
            ours = _asked(lambda query, _: f"{address}/v1/results/{NAME}/rows?{query}")
            theirs = _asked(lambda _, query: f"{other}?{query}&_shape=objects")
    lines = []
    for kind, values in ours.items():
        ratio = percentile(theirs[kind], 0.5) / percentile(values, 0.5)
        figure = Figure(
            f"by HTTP: {kind}",
            _told(values),
            f"Datasette: {_told(theirs[kind])}",
            f"{ratio:.1f} times",
            "",
            None,
        )
        lines.append(figure)
    return lines


def _asked(address: Callable[[str, str], str]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for number, (kind, ours, theirs) in enumerate(questions(random.Random(11))):  # noqa: S311
        if number >= ASKED // 3:
            break
        began = time.perf_counter()
        answer = requests.get(address(ours, theirs), headers={"x-api-key": KEY}, timeout=60)
        answer.raise_for_status()
        found.setdefault(kind, []).append((time.perf_counter() - began) * 1000)
    return found


@contextmanager
def _server() -> Iterator[str]:
    """The handler behind HTTP, with nothing of a gateway between."""
    import logging

    from tests.functions.results_gateway import application

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, application)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


def _cold_import() -> Figure:
    path = os.pathsep.join([os.getcwd(), str(Path("layers/lake").absolute())])
    code = "import functions.results_api.handler"
    ours = middle([python(code, {"PYTHONPATH": path}) for _ in range(7)])
    bare = middle([python("pass") for _ in range(3)])
    boto3 = middle([python("import boto3") for _ in range(3)])
    milliseconds = (ours.cpu_s - bare.cpu_s) * 1000
    return Figure(
        what="cold import of the API's function",
        ours=f"{milliseconds:.0f} ms CPU, {ours.peak_mb:.0f} MB",
        yardstick=f"boto3 alone: {(boto3.cpu_s - bare.cpu_s) * 1000:.0f} ms (asked for later)",
        ratio=f"{ours.cpu_s / boto3.cpu_s:.2f}",
        aim=f"{AIM_IMPORT_MS:.0f} ms",
        met=milliseconds <= AIM_IMPORT_MS,
    )


def _zip(build: Path) -> Figure:
    sizes = {
        name: (build / name).stat().st_size / 1e6
        for name in ("functions/results_api.zip", "layers/results.zip")
        if (build / name).exists()
    }
    said = ", ".join(f"{Path(name).name} {size:.1f} MB" for name, size in sizes.items())
    return Figure("what is uploaded", said, "Lambda takes 250 MB unpacked", "", "", None)
