"""The served OpenAPI as a contract: schemathesis asks what it allows, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from moto import mock_aws

from functions.results_api import handler as results_api
from tests.functions.results_gateway import application
from tests.functions.served_results import BUCKET, KEY, KEYS, REGION, Served

HOUR = datetime(2025, 8, 30, 8)
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "SERVED_BUCKET": BUCKET,
    "API_KEYS_TABLE": KEYS,
    "API_URL": "http://localhost",
}


def value(kind: str, number: int) -> Any:
    """Some value of a type, another for each number."""
    return {
        "string": f"L{number:02}",
        "int": number,
        "long": number,
        "double": number / 7,
        "boolean": number % 2 == 0,
        "timestamp": HOUR + timedelta(hours=number),
        "date": (HOUR + timedelta(days=number)).date(),
    }[kind]


@pytest.fixture(scope="module")
def _results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Some rows in every result."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name, said in ENVIRONMENT.items():
            patch.setenv(name, said)
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.delenv("AWS_PROFILE", raising=False)
        folder = tmp_path_factory.mktemp("served")
        patch.setattr("tempfile.tempdir", str(folder))
        results_api.service.cache_clear()
        served = Served.of_moto(folder)
        for name, result in served.catalog.results.items():
            kinds = [column.type for column in result.columns]
            served.publish(name, [[value(kind, n) for kind in kinds] for n in range(30)])
        yield
        results_api.service.cache_clear()


# Whoever asks for the description needs neither a key nor anything of AWS.
# The other results ask the same code of the same types.
schema = schemathesis.openapi.from_wsgi("/openapi.json", application).exclude(
    path_regex="emt_(delays_by_hour|stops)/rows"
)


@pytest.mark.usefixtures("_results")
@schema.parametrize()
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_api_answers_as_it_is_described(case: Any) -> None:
    case.call_and_validate(headers={"x-api-key": KEY})
