"""ECS on the laptop: the poller runs as a process, is replaced when it dies, ends kindly."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.lifecycle import REGION, LaptopCloud
from local.processes import alive, command_of, wait
from tests.local.conftest import ROLE, client, make_role, policy, until
from tests.services.scripted import Script, answer, weather_service
from tests.weather import observation

Make = Callable[..., LaptopCloud]
CLUSTER, SERVICE, GROUP, SECRET = "lake", "weather", "/aws/ecs/lake", "lake-meteorology-secret"


class Containers:
    """A cluster with one service, and the processes behind it."""

    def __init__(self, cloud: LaptopCloud, script: Script) -> None:
        self.cloud, self.script = cloud, script
        self.ecs, self.kinesis = client(cloud, "ecs"), client(cloud, "kinesis")
        self.logs, self.secrets = client(cloud, "logs"), client(cloud, "secretsmanager")

    def make(
        self,
        image: str = "registry/lake-weather-poller:1",
        mounted_at: str = "/tmp",
        start_period_s: int = 60,
        **environment: str,
    ) -> None:
        """What Terraform makes, with the service asked for a turn every quarter of a second."""
        self.kinesis.create_stream(StreamName="lake-weather", ShardCount=1)
        self.secrets.create_secret(Name=SECRET, SecretString=json.dumps({"key": "k-4711"}))
        self.logs.create_log_group(logGroupName=GROUP)
        told = {
            "API_URL": self.script.url,
            "EVERY_SECONDS": "0.25",
            "SECRET_NAME": SECRET,
            "SOURCE": "meteorology/stream",
            "STREAM_NAME": "lake-weather",
        } | environment
        options = {
            "awslogs-group": GROUP,
            "awslogs-region": REGION,
            "awslogs-stream-prefix": "weather",
        }
        self.ecs.create_cluster(clusterName=CLUSTER)
        self.ecs.register_task_definition(
            family=SERVICE,
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            taskRoleArn=ROLE,
            executionRoleArn=ROLE,
            volumes=[{"name": "tmp"}],
            containerDefinitions=[
                {
                    "name": "weather-poller",
                    "image": image,
                    "essential": True,
                    "readonlyRootFilesystem": True,
                    "user": "10001",
                    "mountPoints": [{"sourceVolume": "tmp", "containerPath": mounted_at}],
                    "healthCheck": {
                        "command": ["CMD", "python", "-m", "services.weather_poller.health"],
                        "interval": 5,
                        "retries": 1,
                        "startPeriod": start_period_s,
                    },
                    "environment": [{"name": n, "value": v} for n, v in told.items()],
                    "logConfiguration": {"logDriver": "awslogs", "options": options},
                }
            ],
        )

    def serve(self, count: int = 1) -> None:
        self.ecs.create_service(
            cluster=CLUSTER,
            serviceName=SERVICE,
            taskDefinition=SERVICE,
            desiredCount=count,
            launchType="FARGATE",
        )

    def want(self, count: int) -> None:
        self.ecs.update_service(cluster=CLUSTER, service=SERVICE, desiredCount=count)

    def pids(self) -> list[int]:
        """Every living process that the engine has noted."""
        noted = []
        for note in self.cloud.state_dir.glob("containers/*/pid"):
            pid = int(note.read_text() or 0)
            if pid and alive(pid) and str(note.parent) in command_of(pid):
                noted.append(pid)
        return noted

    def records(self) -> list[dict[str, Any]]:
        shard = self.kinesis.list_shards(StreamName="lake-weather")["Shards"][0]["ShardId"]
        iterator = self.kinesis.get_shard_iterator(
            StreamName="lake-weather", ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found = self.kinesis.get_records(ShardIterator=iterator)["Records"]
        return [json.loads(record["Data"]) for record in found]

    def lines(self) -> list[dict[str, Any]]:
        """What the containers have logged."""
        events = self.logs.filter_log_events(logGroupName=GROUP)["events"]
        return [json.loads(event["message"]) for event in events]

    def tasks(self, *statuses: str) -> list[dict[str, Any]]:
        """The tasks that are wanted in one of these states, the oldest first."""
        arns = [
            arn
            for status in statuses
            for arn in self.ecs.list_tasks(cluster=CLUSTER, desiredStatus=status)["taskArns"]
        ]
        tasks = self.ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
        return sorted(tasks, key=lambda task: task["createdAt"])

    def task(self) -> dict[str, Any]:
        """The task of any state that began last."""
        return self.tasks("RUNNING", "STOPPED")[-1]

    def stopped(self) -> list[dict[str, Any]]:
        """The tasks that have stopped."""
        return self.tasks("STOPPED")


@pytest.fixture
def containers(make_cloud: Make) -> Iterator[Containers]:
    cloud = make_cloud()
    cloud.up()
    make_role(cloud)
    with weather_service() as script:
        script.always = answer(200, observation())
        yield Containers(cloud, script)


def test_a_service_runs_the_program_of_its_image_and_its_words_are_in_the_logs(
    containers: Containers,
) -> None:
    containers.make()

    containers.serve()

    until(containers.records)
    assert containers.records()[0]["observation"] == observation()
    assert containers.script.asked[0]["key"] == "k-4711"
    until(lambda: any(line["message"] == "a new observation" for line in containers.lines()))
    described = containers.ecs.describe_services(cluster=CLUSTER, services=[SERVICE])
    assert described["services"][0]["runningCount"] == 1
    assert len(containers.pids()) == 1


def test_a_container_that_writes_its_health_is_healthy(containers: Containers) -> None:
    containers.make()

    containers.serve()

    task = until(lambda: (task := containers.task())["healthStatus"] == "HEALTHY" and task)
    assert [each["healthStatus"] for each in task["containers"]] == ["HEALTHY"]


def test_a_container_whose_volume_is_not_its_own_is_ill_and_replaced(
    containers: Containers,
) -> None:
    """An empty volume belongs to root: without a VOLUME in the image nobody else writes there."""
    containers.make(mounted_at="/data", start_period_s=0, HEALTH_FILE="/data/health.json")

    containers.serve()

    until(containers.records)  # the program itself works: only its health cannot be told
    task, *_ = until(containers.stopped)
    assert task["stoppedReason"] == "Task failed container health checks"
    assert task["healthStatus"] == "UNHEALTHY"
    until(lambda: containers.ecs.list_tasks(cluster=CLUSTER)["taskArns"])


def test_a_process_that_dies_is_replaced(containers: Containers) -> None:
    containers.make()
    containers.serve()
    (first,) = until(containers.pids)
    until(containers.records)

    os.kill(first, signal.SIGKILL)

    (second,) = until(lambda: [pid for pid in containers.pids() if pid != first])
    assert second != first
    until(lambda: len(containers.records()) > 1)


def test_a_count_of_zero_ends_the_process_kindly_and_one_brings_it_back(
    containers: Containers,
) -> None:
    containers.make()
    containers.serve()
    until(containers.records)
    (pid,) = containers.pids()

    containers.want(0)

    assert wait(lambda: not alive(pid), 5)
    until(lambda: any(line["message"] == "stopped" for line in containers.lines()))
    containers.want(1)
    assert until(containers.pids) != [pid]


def test_a_deleted_service_leaves_no_process(containers: Containers) -> None:
    containers.make()
    containers.serve()
    (pid,) = until(containers.pids)

    containers.ecs.delete_service(cluster=CLUSTER, service=SERVICE, force=True)

    assert wait(lambda: not alive(pid), 5)


def test_a_cloud_that_stops_ends_its_containers_and_starts_them_again(
    containers: Containers,
) -> None:
    containers.make()
    containers.serve()
    (pid,) = until(containers.pids)
    until(containers.records)

    containers.cloud.down()

    assert not alive(pid)
    containers.cloud.up()
    assert until(containers.pids) != [pid]


def test_a_killed_cloud_leaves_no_second_poller_behind(containers: Containers) -> None:
    containers.make()
    containers.serve()
    (orphan,) = until(containers.pids)
    until(containers.records)
    until(lambda: (Path(containers.cloud.state_dir) / "state").glob("ecs*"))
    # The service is saved with the state, at most a second or so after it was made.
    wait(lambda: False, 2.5)
    os.kill(int(containers.cloud.status()["pid"]), signal.SIGKILL)
    wait(lambda: not containers.cloud.status()["running"], 5)

    containers.cloud.up()

    assert wait(lambda: not alive(orphan), 5)
    until(containers.pids)
    assert len(containers.pids()) == 1


def test_an_image_that_nobody_knows_stops_its_task_with_the_reason(
    containers: Containers,
) -> None:
    containers.make(image="registry/somebody-elses:1")

    containers.ecs.run_task(cluster=CLUSTER, taskDefinition=SERVICE, launchType="FARGATE")

    task = until(lambda: (found := containers.task())["lastStatus"] == "STOPPED" and found)
    assert "CannotPullContainerError" in task["stoppedReason"]
    assert task["stopCode"] == "TaskFailedToStart"


def test_a_task_that_ends_by_itself_has_its_exit_code(containers: Containers) -> None:
    containers.make(API_URL="ftp://nowhere")

    containers.ecs.run_task(cluster=CLUSTER, taskDefinition=SERVICE, launchType="FARGATE")

    task = until(lambda: (found := containers.task())["lastStatus"] == "STOPPED" and found)
    assert task["containers"][0]["exitCode"] == 2
    until(lambda: any("API_URL" in line["message"] for line in containers.lines()))


def test_a_task_whose_starting_role_may_not_write_its_log_does_not_start(
    containers: Containers,
) -> None:
    containers.make()
    iam = client(containers.cloud, "iam")
    denied = {"Effect": "Deny", "Action": "logs:CreateLogStream", "Resource": "*"}
    iam.put_role_policy(RoleName="test", PolicyName="not", PolicyDocument=policy(denied))

    containers.serve()

    task = until(containers.stopped)[0]
    assert "ResourceInitializationError" in task["stoppedReason"]
    assert "logs:CreateLogStream on resource" in task["stoppedReason"]
    assert containers.pids() == []
    iam.delete_role_policy(RoleName="test", PolicyName="not")
    until(lambda: containers.lines(), timeout=60)
