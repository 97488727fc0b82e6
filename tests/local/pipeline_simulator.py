"""Walks a pipeline's real definition with ministack's engine; only the job runs are scripted.

Run by the laptop cloud's own Python: reads {"definition": ..., "walks": [...]} on stdin, writes for
each walk how its executions ended, which jobs were started, what people and EventBridge were told.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

REGION = "eu-west-1"
LEASE = {"pk": {"S": "pipeline#emt/tiny"}, "sk": {"S": "lease"}}
LEDGER = "ledger"


class Simulator:
    """One state machine, its ledger, and jobs that do as they are told."""

    def __init__(self, definition: str) -> None:
        from ministack.services import dynamodb, stepfunctions

        from local import state_machines

        state_machines.install()
        self.states, self.dynamodb = stepfunctions, dynamodb
        keys = [("pk", "HASH"), ("sk", "RANGE")]
        self.call(
            dynamodb._create_table,
            TableName=LEDGER,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in keys],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n, _ in keys],
            BillingMode="PAY_PER_REQUEST",
        )
        self.machine = self.call(
            stepfunctions._create_state_machine,
            name="tfm-dgv-mbdde-laptop-emt-tiny",
            definition=definition,
            roleArn="arn:aws:iam::000000000000:role/pipeline",
        )["stateMachineArn"]
        dispatch = stepfunctions._SERVICE_DISPATCH
        dispatch["arn:aws:states:::emr-serverless:startJobRun"] = self.job
        dispatch["arn:aws:states:::sns:publish"] = self.publish
        self.listen()
        self.begin({})

    def listen(self) -> None:
        """Hears what EventBridge is told of executions."""
        from ministack.services import eventbridge

        put = eventbridge._put_events

        def hear(data: dict[str, Any], **more: Any) -> Any:
            self.heard += [json.loads(entry["Detail"])["status"] for entry in data["Entries"]]
            return put(data, **more)

        eventbridge._put_events = hear

    def begin(self, script: dict[str, list[Any]]) -> None:
        """Forget the last walk."""
        self.script = script
        self.jobs: list[dict[str, Any]] = []
        self.told: list[str] = []
        self.heard: list[str] = []

    def call(self, operation: Any, **parameters: Any) -> Any:
        status, _, body = operation(parameters)
        answer = json.loads(body) if body else {}
        assert status < 300, answer
        return answer

    def job(self, resource: str, asked: dict[str, Any]) -> dict[str, Any]:
        """One submission: ends as the script says, else well."""
        began = time.monotonic()
        todo = self.script.get(asked["Name"]) or ["SUCCESS"]
        fate = todo.pop(0)
        submit = asked["JobDriver"]["SparkSubmit"]
        entry = {
            "job": asked["Name"],
            "resource": resource,
            "token": asked["ClientToken"],
            "arguments": submit["EntryPointArguments"],
            "began": began,
        }
        self.jobs.append(entry)
        if isinstance(fate, int | float):
            from local import state_machines

            while time.monotonic() - began < fate and not state_machines.given_up():
                time.sleep(0.02)
            entry["given_up"] = state_machines.given_up()
            fate = "SUCCESS"
        entry["ended"] = time.monotonic()
        if fate == "SUCCESS":
            return {"State": "SUCCESS"}
        raise self.states._ExecutionError(*fate)

    def publish(self, _resource: str, asked: dict[str, Any]) -> dict[str, str]:
        self.told.append(asked["Message"])
        return {"MessageId": "1"}

    def start(self, name: str, given: dict[str, Any]) -> str:
        started = self.call(
            self.states._start_execution,
            stateMachineArn=self.machine,
            name=name,
            input=json.dumps(given),
        )
        return str(started["executionArn"])

    def works_on(self, script: dict[str, list[Any]]) -> None:
        """Wait until every job of the script has begun."""
        deadline = time.monotonic() + 30
        while not set(script) <= {job["job"] for job in self.jobs}:
            assert time.monotonic() < deadline, f"no job of {set(script)} began"
            time.sleep(0.02)

    def ended(self, arn: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while True:
            found = self.call(self.states._describe_execution, executionArn=arn)
            if found["status"] != "RUNNING":
                break
            assert time.monotonic() < deadline, f"{arn} did not end"
            time.sleep(0.05)
        history = self.states._executions[arn]["events"]
        kept = {name: found.get(name) for name in ("status", "error", "cause", "output")}
        return {**kept, "history": history, "input_bytes": largest_input(history)}

    def walk(self, walk: dict[str, Any]) -> dict[str, Any]:
        """One walk: its executions, started one after the other, and all that came of them."""
        self.begin(walk.get("script", {}))
        arns = []
        for number, given in enumerate(walk["inputs"]):
            arns.append(self.start(f"{walk['name']}-{number}", given))
            if number + 1 < len(walk["inputs"]):
                self.works_on(walk["script"])
            if walk.get("stop") == number:
                self.call(self.states._stop_execution, executionArn=arns[-1])
        ends = [self.ended(arn) for arn in arns]
        lease = self.call(self.dynamodb._get_item, TableName=LEDGER, Key=LEASE)
        heard = {"told": self.told, "heard": self.heard}
        return {"ends": ends, "jobs": self.jobs, **heard, "lease": lease.get("Item")}


def largest_input(history: list[dict[str, Any]]) -> int:
    """The most that one state was given."""
    entered = [event.get("stateEnteredEventDetails", {}).get("input", "") for event in history]
    return max(map(len, entered))


def main() -> None:
    os.environ.update({"MINISTACK_REGION": REGION, "AWS_REGION": REGION, "SFN_WAIT_SCALE": "0.02"})
    asked = json.load(sys.stdin)
    simulator = Simulator(asked["definition"])
    json.dump({walk["name"]: simulator.walk(walk) for walk in asked["walks"]}, sys.stdout)


if __name__ == "__main__":
    main()
