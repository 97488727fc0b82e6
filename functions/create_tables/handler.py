"""Create the declared tables and add declared columns, by Athena's DDL.

Trigger:     Terraform, whenever the catalogue's hash changes (aws_lambda_invocation)
Environment: DATABASE_PREFIX SILVER_BUCKET GOLD_BUCKET OPS_BUCKET ATHENA_WORKGROUP
Writes:      Iceberg tables; answers {"created": [...], "evolved": [...], "unchanged": [...]}
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.create_tables.tables import Fate, Tables
from lake.catalog import Catalog
from lake.settings import Settings

logger = Logger(service="create_tables")


@dataclass(frozen=True)
class CreateTablesSettings(Settings):
    """What the function is told by its environment."""

    database_prefix: str
    silver_bucket: str
    gold_bucket: str
    ops_bucket: str
    athena_workgroup: str


@logger.inject_lambda_context(clear_state=True)
def handler(_event: dict[str, Any], _context: LambdaContext) -> dict[Fate, list[str]]:
    """Run again, it changes nothing; a refusal of Athena is raised, so that apply fails."""
    settings = CreateTablesSettings.from_env()
    tables = Tables(
        catalog=Catalog.bundled(),
        glue=boto3.client("glue"),
        athena=boto3.client("athena"),
        database_prefix=settings.database_prefix,
        buckets={
            "silver": settings.silver_bucket,
            "gold": settings.gold_bucket,
            "ops": settings.ops_bucket,
        },
        workgroup=settings.athena_workgroup,
    )
    fates = tables.bring_up_to_date()
    logger.info("tables are as declared", extra={"tables": fates})
    return fates
