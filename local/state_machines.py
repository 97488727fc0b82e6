"""Corrections of ministack 1.5.33's Step Functions where executions end otherwise than on AWS."""

from __future__ import annotations

import json
import threading
from contextvars import ContextVar, copy_context
from typing import Any

Execution = dict[str, Any]

_execution: ContextVar[Execution | None] = ContextVar("execution", default=None)
_task_over: ContextVar[threading.Event | None] = ContextVar("task_over", default=None)


def install() -> None:
    """Put every mend in place; called once, before the first execution."""
    know_the_execution_and_its_limit()
    keep_how_an_execution_ended()
    tell_a_task_that_its_time_is_up()
    give_each_branch_a_state_of_its_own()
    remember_whether_a_machine_is_traced()


def given_up() -> bool:
    """Whether nobody waits any longer for the task of this thread."""
    execution, over = _execution.get(), _task_over.get()
    ended = execution is not None and execution["status"] != "RUNNING"
    return ended or (over is not None and over.is_set())


def know_the_execution_and_its_limit() -> None:
    """Let tasks see their execution, and end one that exceeds its machine's TimeoutSeconds."""
    from ministack.services import stepfunctions

    run = stepfunctions._run_execution

    def run_within_limit(arn: str) -> None:
        execution = stepfunctions._executions.get(arn)
        machine = stepfunctions._state_machines.get((execution or {}).get("stateMachineArn"))
        _execution.set(execution)
        seconds = json.loads(machine["definition"]).get("TimeoutSeconds") if machine else None
        if execution is None or seconds is None:
            run(arn)
            return
        # With the account and region of the execution, which a thread would not know.
        limit = threading.Timer(seconds, copy_context().run, [time_out, execution])
        limit.daemon = True
        limit.start()
        try:
            run(arn)
        finally:
            limit.cancel()

    stepfunctions._run_execution = run_within_limit


def time_out(execution: Execution) -> None:
    """End an execution as AWS does when its time is up."""
    from ministack.services import stepfunctions

    if execution["status"] == "RUNNING":
        execution["status"] = "TIMED_OUT"
        execution["stopDate"] = stepfunctions.now_iso()
        stepfunctions._add_event(
            execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}}
        )
        # ministack tells EventBridge of every other end by itself.
        stepfunctions._emit_execution_status_event(execution)


def keep_how_an_execution_ended() -> None:
    """A task that fails because its execution was stopped doesn't make it FAILED afterwards."""
    from ministack.services import stepfunctions

    fail = stepfunctions._fail_execution

    def fail_what_runs(execution: Execution, error: str, cause: str) -> None:
        if execution["status"] == "RUNNING":
            fail(execution, error, cause)

    stepfunctions._fail_execution = fail_what_runs


def tell_a_task_that_its_time_is_up() -> None:
    """ministack leaves a task that timed out running; AWS cancels the job behind it."""
    from ministack.services import stepfunctions

    invoke = stepfunctions._invoke_resource_with_timeout

    def invoke_and_tell(resource: str, data: Any, timeout: float) -> Any:
        over = threading.Event()
        token = _task_over.set(over)
        try:
            return invoke(resource, data, timeout)
        except stepfunctions._ExecutionError:
            over.set()
            raise
        finally:
            _task_over.reset(token)

    stepfunctions._invoke_resource_with_timeout = invoke_and_tell


def give_each_branch_a_state_of_its_own() -> None:
    """Branches of a Parallel state share neither their State nor, in the history, their silence."""
    from ministack.services import stepfunctions

    run, execute = stepfunctions._run_sub_machine, stepfunctions._execute_task
    in_branch: ContextVar[bool] = ContextVar("in_branch", default=False)

    def run_apart(states: Any, start: str, data: Any, execution: Execution, ctx: Any) -> Any:
        token = in_branch.set(True)
        try:
            return run(states, start, data, execution, {**ctx, "State": dict(ctx["State"])})
        finally:
            in_branch.reset(token)

    def execute_and_tell(state: Any, data: Any, execution: Execution, ctx: Any) -> Any:
        if not in_branch.get():
            return execute(state, data, execution, ctx)
        if execution["status"] != "RUNNING":
            raise stepfunctions._ExecutionError("States.Runtime", "The execution has ended.")
        details = {"name": ctx["State"]["Name"]}
        stepfunctions._add_event(
            execution, "TaskStateEntered", {"stateEnteredEventDetails": details}
        )
        try:
            return execute(state, data, execution, ctx)
        finally:
            stepfunctions._add_event(
                execution, "TaskStateExited", {"stateExitedEventDetails": details}
            )

    stepfunctions._run_sub_machine = run_apart
    stepfunctions._execute_task = execute_and_tell


def remember_whether_a_machine_is_traced() -> None:
    """Give back the tracing that a machine was made with; Terraform would ask for it for ever."""
    from ministack.services import stepfunctions

    create, update = stepfunctions._create_state_machine, stepfunctions._update_state_machine

    def remember(arn: str, data: dict[str, Any]) -> None:
        machine = stepfunctions._state_machines.get(arn)
        if machine is not None and "tracingConfiguration" in data:
            machine["tracingConfiguration"] = data["tracingConfiguration"]

    def create_traced(data: dict[str, Any]) -> Any:
        answer = create(data)
        if answer[0] < 300:
            remember(json.loads(answer[2])["stateMachineArn"], data)
        return answer

    def update_traced(data: dict[str, Any]) -> Any:
        answer = update(data)
        if answer[0] < 300:
            remember(data["stateMachineArn"], data)
        return answer

    stepfunctions._create_state_machine = create_traced
    stepfunctions._update_state_machine = update_traced
