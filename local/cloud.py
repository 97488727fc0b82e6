"""One process that answers as AWS: ministack, the engines it lacks, and its errors mended."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from local.iam.decisions import MODES

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HOST = "127.0.0.1"
HEALTH_PATH = "/_albufera/health"
# Nothing else is listened to, imported or answered: a call to another service is a visible error.
SERVICES = (
    "account,apigateway,athena,budgets,dynamodb,ec2,ecr,ecs,events,firehose,glue,iam,kinesis,kms,"
    "lambda,logs,monitoring,s3,scheduler,secretsmanager,sns,sqs,ssm,states,sts,tagging"
)


def configure(state_dir: Path, port: int, region: str) -> None:
    """Set what ministack reads from the environment, which it does while it is imported."""
    os.environ.update(
        {
            "SERVICES": SERVICES,
            "AUTH": "true",
            "GATEWAY_PORT": str(port),
            "BIND_HOST": HOST,
            "MINISTACK_HOST": "localhost",
            "MINISTACK_REGION": region,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": f"http://{HOST}:{port}",
            "AWS_EC2_METADATA_DISABLED": "true",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(state_dir / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(state_dir / "s3"),
            "TMPDIR": str(state_dir / "tmp"),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            # A Docker that happens to run on the laptop is none of our business.
            "DOCKER_HOST": f"unix://{state_dir / 'no-docker.sock'}",
            "LAMBDA_EXECUTOR": "local",
            "LAKE_STATE_DIR": str(state_dir),
        }
    )
    # Left over when the last process was killed: unpacked Lambdas and jobs that nobody runs.
    shutil.rmtree(state_dir / "tmp", ignore_errors=True)
    for folder in ("state", "s3", "tmp"):
        (state_dir / folder).mkdir(parents=True, exist_ok=True)


def build_app(state_dir: Path) -> Callable[[Message, Receive, Send], Awaitable[None]]:
    """Make the ASGI application: ministack with our engines, a health page and regular saving."""
    from ministack import app as ministack

    from local import (
        athena_iceberg,
        containers,
        emr_serverless,
        firehose_iceberg,
        iam,
        mends,
        saving,
    )
    from local.job_network import network, refuse
    from local.upstream import PREFIX as UPSTREAM
    from local.upstream.server import serve as serve_upstream
    from local.upstream.service import Upstream

    mends.install()
    iam.install()
    athena_iceberg.install()
    emr_serverless.install()
    firehose_iceberg.install()
    saving.install()
    saver = saving.StateSaver(ministack)
    upstream = Upstream()

    async def lifespan(scope: Message, receive: Receive, send: Send) -> None:
        async def receive_and_stop() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await containers.engine.stop()
                await firehose_iceberg.engine.stop()
                await emr_serverless.stop()
                saver.stop()
            return message

        async def send_and_start(message: Message) -> None:
            if message["type"] == "lifespan.startup.complete":
                emr_serverless.start()
                firehose_iceberg.engine.start(saver.save)
                containers.engine.start()
                saver.start()
            await send(message)

        await ministack.app(scope, receive_and_stop, send_and_start)

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(scope, receive, send)
        elif scope.get("path") == HEALTH_PATH:
            health = {
                "pid": os.getpid(),
                "state_dir": str(state_dir),
                "saved_in_ms": saver.last_save_ms,
                "iam": iam.health(),
                "containers": containers.engine.health(),
                "streams": firehose_iceberg.engine.health(),
                **emr_serverless.health(),
            }
            await send_json(send, health)
        elif str(scope.get("path", "")).startswith(UPSTREAM):
            await serve_upstream(upstream, scope, receive, send)
        elif message := network.refusal(scope):
            await refuse(send, message)
        else:
            saver.saw(scope.get("method", ""))
            await ministack.app(scope, receive, send)

    return app


async def send_json(send: Send, payload: dict[str, Any]) -> None:
    """Answer 200 with one JSON object."""
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(payload).encode()})


def main() -> None:
    """Serve until SIGTERM or SIGINT, then save the state."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--region", default="eu-west-1")
    args = parser.parse_args()
    if (mode := os.environ.get("LAKE_IAM") or MODES[0]) not in MODES:
        parser.error(f"LAKE_IAM is {mode}: it must be one of {', '.join(MODES)}")
    state_dir = args.state_dir.resolve()
    configure(state_dir, args.port, args.region)

    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    from local import connections

    connections.install()
    config = Config()
    config.bind = [f"{HOST}:{args.port}"]
    # A client closes what it leaves idle (Go after 90 s). Closed from here, a connection could take
    # the answer of a request that had just come with it, and the client would ask a second time.
    config.keep_alive_timeout = 3600
    config.graceful_timeout = 1
    config.accesslog = None
    config.errorlog = "-"
    config.loglevel = "WARNING"
    app: Any = build_app(state_dir)
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    main()
