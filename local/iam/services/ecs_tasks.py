"""The two roles of an ECS task: one starts the container, the other is what its program may do."""

from __future__ import annotations

from typing import Any

from local.iam.decisions import may
from local.iam.facts import CloudFacts, Facts
from local.iam.needs import Need, encryption_context, key_needs
from local.iam.sessions import Credentials, session

SERVICE = "ecs-tasks.amazonaws.com"
WAY = "start of a task"
PULLS = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")


def start_as_its_roles(
    definition: dict[str, Any], described: dict[str, Any], account: str, region: str
) -> Credentials | None:
    """Check what starting a container takes; gives the session of its program, if it has a role."""
    # ECS names no task here: a trust that is narrower than the account's tasks is never met.
    source = f"arn:aws:ecs:{region}:{account}:*"
    name = str(described["name"])
    starter = definition.get("executionRoleArn")
    if starter:
        credentials = session(starter, SERVICE, source, f"{name}-start")
        needs = start_needs(described, account, region, CloudFacts())
        may(credentials.access_key, *needs)
    role = definition.get("taskRoleArn")
    return session(role, SERVICE, source, name) if role else None


def start_needs(
    described: dict[str, Any], account: str, region: str, facts: Facts
) -> list[Need]:  # fmt: skip
    """Image, log stream and secrets of a container."""
    registry, _, path = str(described["image"]).partition("/")
    needs = []
    if ".dkr.ecr." in registry:
        repository = path.partition("@")[0].partition(":")[0]
        arn = f"arn:aws:ecr:{region}:{account}:repository/{repository}"
        needs.append(Need("ecr:GetAuthorizationToken", "*", way=WAY))
        needs += [Need(f"ecr:{verb}", arn, way=WAY) for verb in PULLS]
    log = described.get("logConfiguration") or {}
    group = (log.get("options") or {}).get("awslogs-group")
    if log.get("logDriver") == "awslogs" and group:
        place = f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:"
        needs.append(Need("logs:CreateLogStream", place, way=WAY))
        needs.append(Need("logs:PutLogEvents", f"{place}{described['name']}", way=WAY))
    for secret in described.get("secrets") or []:
        needs += _secret_needs(str(secret["valueFrom"]), account, region, facts)
    return needs


def _secret_needs(source: str, account: str, region: str, facts: Facts) -> list[Need]:
    if ":secretsmanager:" in source:
        arn = ":".join(source.split(":")[:7])
        context = encryption_context(SecretARN=arn)
        key = facts.secret_key(arn)
        via = key_needs(key, "secretsmanager", region, "Decrypt", context=context)
        return [Need("secretsmanager:GetSecretValue", arn, way=WAY), *via]
    name = source.rpartition(":parameter/")[2].lstrip("/")
    arn = f"arn:aws:ssm:{region}:{account}:parameter/{name}"
    return [Need("ssm:GetParameters", arn, way=WAY)]
