"""EMR Serverless for the laptop: the REST API that SDKs and Terraform speak, over real Spark."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from local.class_archive import ArchiveBuilder
from local.emr_operations import ROUTES, applications, runs
from local.emr_records import ApiError, Record
from local.emr_sync import Integration
from local.spark_submit import BadRequest

NAME = "emr-serverless"
STATE_KEY = "emr_serverless"

archive = ArchiveBuilder(is_idle=lambda: not any(runs.counts().values()))


def install() -> None:
    """Register the service, and its state, with ministack."""
    from ministack import app as ministack
    from ministack.core import router

    # A name that the router doesn't know makes it read the models of all 435 services of AWS
    # first, ten seconds in which nothing else is answered.
    router.SERVICE_PATTERNS[NAME] = {"host_patterns": [r"emr-serverless\."], "path_patterns": []}
    ministack.SERVICE_REGISTRY[NAME] = {"module": STATE_KEY}
    ministack.SERVICE_HANDLERS[NAME] = handle_request
    ministack._state_map[STATE_KEY] = STATE_KEY
    ministack._loaded_modules[STATE_KEY] = sys.modules[__name__]


def start() -> None:
    """Fail the runs that a stop interrupted, and prepare fast starts while nobody waits."""
    Integration(asyncio.get_running_loop()).install()
    runs.fail_interrupted()
    for remains in ("runs", "jvms"):
        shutil.rmtree(Path(os.environ["LAKE_STATE_DIR"]) / "spark" / remains, ignore_errors=True)
    archive.start()


async def stop() -> None:
    """End every Spark that this cloud started."""
    archive.stop()
    await runs.stop()


def health() -> dict[str, Any]:
    """What `lake status` shows of Spark."""
    return {"spark": {**runs.counts(), "class_archive": archive.state()}}


def get_state() -> Record:
    """What ministack saves."""
    return {"applications": applications, "runs": runs.records}


def load_persisted_state(state: Record) -> None:
    """Take back what ministack saved."""
    applications.update(state.get("applications", {}))
    runs.records.update(state.get("runs", {}))


def reset() -> None:
    """Forget everything, as ministack's reset asks."""
    applications.clear()
    runs.records.clear()


async def handle_request(
    method: str, path: str, _headers: dict[str, str], body: bytes, query: dict[str, list[str]]
) -> tuple[int, dict[str, str], bytes]:
    """Answer one request of the service."""
    plain = {"Content-Type": "application/json"}
    try:
        for verb, pattern, action in ROUTES:
            match = re.fullmatch(pattern, path)
            if verb == method and match:
                request = json.loads(body) if body else {}
                request |= {name: values[-1] for name, values in query.items()}
                request["_query"] = query
                answer = action(request, *map(unquote, match.groups()))
                return 200, plain, json.dumps(answer).encode()
        raise ApiError("ValidationException", f"{method} {path} is not supported here.", 400)
    except BadRequest as error:
        failure = ApiError("ValidationException", str(error), 400)
    except ApiError as error:
        failure = error
    answer = {"message": str(failure), "__type": failure.code}
    return failure.status, {**plain, "x-amzn-ErrorType": failure.code}, json.dumps(answer).encode()
