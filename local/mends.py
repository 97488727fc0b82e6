"""Small corrections of ministack 1.5.33 where it answers differently from AWS."""

from __future__ import annotations

import json
import re
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from threading import Thread
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from local import glue_answers, http_apis, schedules, state_machines

_replacing: ContextVar[bool] = ContextVar("lambda_is_replaced", default=False)
_version_id: ContextVar[str | None] = ContextVar("s3_event_version_id", default=None)


def install() -> None:
    """Put every mend in place; called once, before the first request."""
    name_the_version_in_s3_events()
    encode_the_keys_of_versions()
    let_calls_end_before_an_update()
    tell_alarms_whole()
    keep_what_a_service_says_of_zones()
    tag_streams_as_they_are_made()
    let_a_machine_be_deleted_twice()
    glue_answers.install()
    http_apis.install()
    schedules.install()
    state_machines.install()


def name_the_version_in_s3_events() -> None:
    """Add `version-id` to S3 events on EventBridge: AWS sends it for a versioned bucket."""
    from ministack.services import eventbridge, s3

    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event

    def fire_with_version(*args: Any, **kwargs: Any) -> None:
        token = _version_id.set(kwargs.get("version_id"))
        try:
            fire(*args, **kwargs)
        finally:
            _version_id.reset(token)

    def dispatch_with_version(event: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        version_id = _version_id.get()
        if version_id is not None and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"].setdefault("version-id", version_id)
            event = {**event, "Detail": json.dumps(detail)}
        dispatch(event, *args, **kwargs)

    s3._fire_s3_event = fire_with_version
    eventbridge._dispatch_event = dispatch_with_version


def encode_the_keys_of_versions() -> None:
    """Let ListObjectVersions honour `encoding-type=url`, which Terraform asks for and decodes."""
    from ministack.services import s3

    list_versions = s3._list_object_versions
    encoded = {"Key", "Prefix", "Delimiter", "KeyMarker", "NextKeyMarker"}

    def list_encoded(bucket: str, query: dict[str, Any]) -> Any:
        status, headers, body = list_versions(bucket, query)
        if status != 200 or s3._qp(query, "encoding-type") != "url":
            return status, headers, body
        answer = ElementTree.fromstring(body)  # noqa: S314 - written by ourselves a moment ago
        for element in answer.iter():
            if element.tag.rpartition("}")[2] in encoded:
                element.text = quote(element.text or "", safe="/")
        ElementTree.SubElement(answer, f"{{{s3.S3_NS}}}EncodingType").text = "url"
        return status, headers, ElementTree.tostring(answer, "utf-8", default_namespace=s3.S3_NS)

    s3._list_object_versions = list_encoded


def let_calls_end_before_an_update() -> None:
    """Let a Lambda that is working finish on its old code, as AWS does.

    ministack kills it: a queue's message then waits for minutes until it is visible again.
    """
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    kill_now, forget = lambda_runtime.kill_workers, lambda_runtime.invalidate_worker

    def kill(workers: list[Any]) -> None:
        busy = [worker for worker in workers if worker.in_use] if _replacing.get() else []
        kill_now([worker for worker in workers if worker not in busy])
        for worker in busy:
            Thread(target=kill_when_free, args=(worker,), daemon=True).start()

    def kill_when_free(worker: Any) -> None:
        deadline = time.monotonic() + float(worker.config.get("Timeout", 3)) + 5
        while worker.in_use and time.monotonic() < deadline:
            time.sleep(0.1)
        kill_now([worker])

    def replace(*args: Any, **kwargs: Any) -> None:
        token = _replacing.set(True)
        try:
            forget(*args, **kwargs)
        finally:
            _replacing.reset(token)

    lambda_runtime.kill_workers = kill
    lambda_svc.invalidate_worker = replace


def keep_what_a_service_says_of_zones() -> None:
    """Give back an ECS service's zone rebalancing; Terraform would ask for it for ever."""
    from ministack.services import ecs

    def keeping(change: Any) -> Any:
        def changed(data: dict[str, Any]) -> Any:
            answer = change(data)
            if answer[0] < 300:
                service = json.loads(answer[2])["service"]
                key = f"{service['clusterArn'].rpartition('/')[2]}/{service['serviceName']}"
                said = data.get("availabilityZoneRebalancing")
                if said is not None:
                    ecs._services[key]["availabilityZoneRebalancing"] = said
            return answer

        return changed

    for action in ("CreateService", "UpdateService"):
        ecs._ACTION_MAP[action] = keeping(ecs._ACTION_MAP[action])


def tag_streams_as_they_are_made() -> None:
    """Keep the tags that CreateStream brings: Terraform sends them there and nowhere else."""
    from ministack.services import kinesis

    create = kinesis._create_stream

    def create_tagged(data: dict[str, Any]) -> Any:
        answer = create(data)
        if answer[0] < 300:
            kinesis._streams[data["StreamName"]]["tags"].update(data.get("Tags") or {})
        return answer

    kinesis._create_stream = create_tagged


def let_a_machine_be_deleted_twice() -> None:
    """DeleteStateMachine of one that is gone is well: its answer may have been lost before."""
    from ministack.services import stepfunctions

    delete = stepfunctions._delete_state_machine

    def delete_again(data: dict[str, Any]) -> Any:
        if data.get("stateMachineArn") not in stepfunctions._state_machines:
            return stepfunctions.json_response({})
        return delete(data)

    stepfunctions._delete_state_machine = delete_again


def tell_alarms_whole() -> None:
    """Let the XML of DescribeAlarms carry everything that PutMetricAlarm set.

    Terraform speaks XML here; ministack leaves out periods, dimensions and more, and never reads
    metric queries, so that every plan wants to change every alarm.
    """
    from ministack.services import cloudwatch

    put, describe = cloudwatch._put_metric_alarm, cloudwatch._describe_alarms

    def put_whole(params: Any, cbor_data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        answer = put(params, cbor_data, is_cbor, is_json)
        if answer[0] == 200 and not (is_cbor or is_json):
            request = nested(params)
            alarm = cloudwatch._alarms[request["AlarmName"]]
            for name in ("InsufficientDataActions", "Metrics"):
                if name in request:
                    alarm[name] = request[name]
        return answer

    def describe_whole(params: Any, cbor_data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        if is_cbor or is_json:
            return describe(params, cbor_data, is_cbor, is_json)
        status, _, body = describe({}, nested(params), False, True)
        if status != 200:
            return describe(params, cbor_data, is_cbor, is_json)
        found = json.loads(body)
        found["MetricAlarms"] = [as_described(alarm) for alarm in found["MetricAlarms"]]
        result = f"<DescribeAlarmsResult>{as_xml(found)}</DescribeAlarmsResult>"
        return cloudwatch._xml(200, "DescribeAlarmsResponse", result)

    cloudwatch._put_metric_alarm = put_whole
    cloudwatch._describe_alarms = describe_whole


def as_described(alarm: dict[str, Any]) -> dict[str, Any]:
    """An alarm without the defaults that AWS doesn't invent."""
    invented: set[str] = set()
    if alarm.get("Metrics"):
        invented = {"MetricName", "Namespace", "Statistic", "Period", "Dimensions", "Unit"}
    elif alarm.get("ExtendedStatistic"):
        invented = {"Statistic"}
    return {k: v for k, v in alarm.items() if k not in invented and v not in (None, "")}


def nested(params: dict[str, list[str]]) -> dict[str, Any]:
    """A query-protocol request as a tree: `A.member.1.B=x` becomes `{"A": [{"B": "x"}]}`."""
    tree: dict[str, Any] = {}
    for name, values in params.items():
        place = tree
        *path, last = name.replace(".member.", ".#").split(".")
        for step in path:
            place = place.setdefault(step, {})
        place[last] = values[0] if isinstance(values, list) else values
    found = _with_lists(tree)
    return found if isinstance(found, dict) else {}


def _with_lists(tree: Any) -> Any:
    if not isinstance(tree, dict):
        return tree
    if tree and all(re.fullmatch(r"#\d+", name) for name in tree):
        return [_with_lists(tree[name]) for name in sorted(tree, key=lambda name: int(name[1:]))]
    return {name: _with_lists(value) for name, value in tree.items()}


def as_xml(value: Any, name: str = "") -> str:
    """A tree as the query protocol's XML."""
    if isinstance(value, dict):
        return "".join(f"<{k}>{as_xml(v, k)}</{k}>" for k, v in value.items() if v is not None)
    if isinstance(value, list):
        return "".join(f"<member>{as_xml(item)}</member>" for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    if name.endswith("Timestamp") and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).isoformat().replace("+00:00", "Z")
    return escape(str(value))
