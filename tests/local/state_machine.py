"""A pipeline's state machine as Terraform generates it, rendered without a provider."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from scripts.deployment.runs import terraform_environment

MODULE = Path(__file__).parents[2] / "terraform" / "modules" / "pipeline"
EMR = "arn:aws:emr-serverless:eu-west-1:000000000000"
RENDER = 'output "definition" {\n  value = jsonencode(local.definition)\n}\n'


def definition(folder: Path, variables: dict[str, Any]) -> str:
    """The ASL of a pipeline with these variables."""
    folder.mkdir(parents=True)
    for name in ("definition.tf", "variables.tf"):
        shutil.copy(MODULE / name, folder / name)
    (folder / "render.tf").write_text(RENDER)
    (folder / "terraform.tfvars.json").write_text(json.dumps(variables))
    for words in (["init"], ["apply", "-auto-approve"], ["output", "-raw", "definition"]):
        done = subprocess.run(
            ["terraform", f"-chdir={folder}", *words],
            env=terraform_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    return done.stdout


def variables(
    *,
    application: str = "00app",
    ledger: str = "ledger",
    stages: list[list[str]] | None = None,
    arguments: list[str] | None = None,
    topic: str = "arn:aws:sns:eu-west-1:000000000000:notices",
    parameters: str = "",
    timeout_minutes: int = 30,
) -> dict[str, Any]:
    """What modules/pipeline is told of a small pipeline `emt/tiny`."""
    stages = stages or [["tiny"]]
    return {
        "id": "emt/tiny",
        "pipeline": {
            "slug": "emt-tiny",
            "timeout_minutes": timeout_minutes,
            "stages": stages,
            "schedule": None,
            "jobs": {
                job: {
                    "script": job,
                    "arguments": arguments or [],
                    "timeout_minutes": timeout_minutes,
                }
                for stage in stages
                for job in stage
            },
        },
        "platform": {
            "prefix": "tfm-dgv-mbdde-laptop",
            "kms_key_arn": "arn:aws:kms:eu-west-1:000000000000:key/1",
            "log_retention_days": 30,
            "notices_arn": topic,
            "runbook_url": "docs/operations.md",
            "undelivered_arn": "arn:aws:sqs:eu-west-1:000000000000:undelivered",
        },
        "spark": {
            "application_arn": f"{EMR}:/applications/{application}",
            "application_id": application,
            "jobs_bucket": "pipe-jobs",
            "log_uri": "s3://pipe-jobs/logs/",
            "served_uri": "s3://pipe-served",
            "parameters": parameters,
            "role_arn": "arn:aws:iam::000000000000:role/spark",
        },
        "ledger": {
            "arn": f"arn:aws:dynamodb:eu-west-1:000000000000:table/{ledger}",
            "name": ledger,
        },
        "arns": {
            "events": "arn:aws:events:eu-west-1:000000000000",
            "states": "arn:aws:states:eu-west-1:000000000000",
        },
        "schedule_group": "tfm-dgv-mbdde-laptop",
        "scheduler_role_arn": "arn:aws:iam::000000000000:role/scheduler",
        "schedules_enabled": False,
    }
