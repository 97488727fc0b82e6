"""One initialised copy of terraform/, and each environment's lake made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.terraform.mocked_lake import Lake, Workbench

# Production with everything that is optional; the others as their files have them.
EVERYTHING = (
    '-var=notice_emails=["lake@example.org"]',
    '-var=subnet_ids=["subnet-a","subnet-b","subnet-c"]',
    '-var=security_group_ids=["sg-spark"]',
    "-var=emr_studio_user_name=ana",
    "-var=emr_studio_vpc_id=vpc-1",
    "-var=stream_enabled=true",
    '-var=api_cors_origins=["https://page.example"]',
    '-var=operator_principals=["arn:aws:iam::123456789012:role/engineers"]',
    '-var=reader_principals=["arn:aws:iam::123456789012:role/analysts"]',
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever comes first waits for three applies: minutes, where others work beside it."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(1200))


@pytest.fixture(scope="session")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return Workbench(tmp_path_factory.mktemp("terraform"))


@pytest.fixture(scope="session")
def dev(workbench: Workbench) -> Lake:
    return workbench.lake("dev")


@pytest.fixture(scope="session")
def prod(workbench: Workbench) -> Lake:
    return workbench.lake("prod", *EVERYTHING)


@pytest.fixture(scope="session")
def laptop(workbench: Workbench) -> Lake:
    return workbench.lake("laptop")


@pytest.fixture(scope="session", params=["dev", "prod", "laptop"])
def lake(request: pytest.FixtureRequest) -> Lake:
    made: Lake = request.getfixturevalue(request.param)
    return made
