"""A Step Functions that ends executions as a test says, and an S3 with their results."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MACHINE = "arn:aws:states:eu-west-1:000000000000:stateMachine:tfm-dgv-mbdde-laptop-emt-gold"
EXECUTION = MACHINE.replace(":stateMachine:", ":execution:")
CAUSE = json.dumps({"JobRunId": "00r1", "State": "FAILED", "StateDetails": "exit code 1: no rows"})


class States:
    """Executions of one machine; each takes `seconds` and ends as the next word of `fates`.

    Whoever follows one sees it at work at least once, however slow the follower.
    """

    def __init__(self) -> None:
        self.endpoint = ""
        self.executions: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, str] = {}
        self.fates: list[str] = []
        self.seconds = 0.2

    @property
    def values(self) -> dict[str, Any]:
        """A deployment file that leads here."""
        return {
            "endpoint": self.endpoint,
            "region": "eu-west-1",
            "buckets": {"jobs": "jobs"},
            "pipelines": {"emt/gold": MACHINE},
        }

    def put(self, name: str, status: str, given: dict[str, Any] | None = None) -> None:
        """An execution that is there already."""
        self.executions[f"{EXECUTION}:{name}"] = {
            "executionArn": f"{EXECUTION}:{name}",
            "stateMachineArn": MACHINE,
            "name": name,
            "startDate": time.time(),
            "input": json.dumps(given or {}),
            "fate": status,
            "ends": time.time() + (1e9 if status == "RUNNING" else -1),
            "seen": True,
        }

    def answer(self, action: str, asked: dict[str, Any]) -> dict[str, Any]:
        """One call; an error's name is raised as KeyError."""
        if action == "StartExecution":
            arn = f"{EXECUTION}:{asked['name']}"
            if arn in self.executions:
                raise KeyError("ExecutionAlreadyExists")
            fate = self.fates.pop(0) if self.fates else "SUCCEEDED"
            self.put(asked["name"], fate, json.loads(asked["input"]))
            self.executions[arn] |= {"ends": time.time() + self.seconds, "seen": False}
            return {"executionArn": arn, "startDate": time.time()}
        if action == "ListExecutions":
            wanted = asked.get("statusFilter")
            every = [self.described(one) for one in reversed(self.executions.values())]
            return {"executions": [one for one in every if wanted in (None, one["status"])]}
        if asked["executionArn"] not in self.executions:
            raise KeyError("ExecutionDoesNotExist")
        execution = self.executions[asked["executionArn"]]
        if action == "DescribeExecution":
            return self.described(execution)
        return {"events": self.history(execution)}

    def described(self, execution: dict[str, Any]) -> dict[str, Any]:
        kept = {k: v for k, v in execution.items() if k not in ("fate", "ends", "seen")}
        if not self.ended(execution):
            return {**kept, "status": "RUNNING"}
        ended = {**kept, "status": execution["fate"], "stopDate": execution["startDate"] + 7}
        if execution["fate"] == "FAILED":
            ended |= {"error": "JobFailed", "cause": f"emt_gold: {CAUSE}"}
        return ended

    def ended(self, execution: dict[str, Any]) -> bool:
        return bool(execution["seen"]) and time.time() >= execution["ends"]

    def history(self, execution: dict[str, Any]) -> list[dict[str, Any]]:
        at = execution["startDate"]
        events = [
            event(1, "PassStateEntered", at, stateEnteredEventDetails={"name": "Input"}),
            event(2, "TaskStateEntered", at, stateEnteredEventDetails={"name": "1 emt_gold"}),
        ]
        if self.ended(execution):
            failed = {"error": "States.TaskFailed", "cause": CAUSE}
            output = json.dumps(failed if execution["fate"] == "FAILED" else {"State": "SUCCESS"})
            left = {"name": "1 emt_gold", "output": output}
            events.append(event(3, "TaskStateExited", at + 5, stateExitedEventDetails=left))
        execution["seen"] = True
        return events


def event(number: int, kind: str, at: float, **details: Any) -> dict[str, Any]:
    """One event of a history."""
    return {"id": number, "type": kind, "timestamp": at, **details}


@contextmanager
def served() -> Iterator[States]:
    """The service on a free port of this machine."""
    states = States()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            action = self.headers["X-Amz-Target"].rpartition(".")[2]
            try:
                self.reply(200, json.dumps(states.answer(action, json.loads(body))))
            except KeyError as error:
                self.reply(400, json.dumps({"__type": error.args[0], "message": "so it is"}))

        def do_GET(self) -> None:
            key = self.path.partition("?")[0].removeprefix("/jobs/")
            if key in states.objects:
                self.reply(200, states.objects[key])
            else:
                self.reply(404, "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>")

        def reply(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        states.endpoint = f"http://127.0.0.1:{server.server_port}"
        try:
            yield states
        finally:
            server.shutdown()
            thread.join()
