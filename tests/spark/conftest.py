"""One Spark session a run; each test has tables of its own in a hadoop catalog."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import lakeio
from lake.catalog import Catalog
from tests.spark.killing import AtPoint
from tests.spark.lakehouse import Lakehouse
from tests.spark.local_session import session


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    started = session(tmp_path_factory.mktemp("spark"))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog.bundled()


@pytest.fixture
def lakehouse(spark: SparkSession, catalog: Catalog, tmp_path: Path) -> Iterator[Lakehouse]:
    made = Lakehouse(spark, catalog, tmp_path)
    yield made
    made.drop()


@pytest.fixture
def adaptive(spark: SparkSession) -> Iterator[None]:
    """Queries that join their small parts while they run, as jobs have it and other tests not."""
    spark.conf.set("spark.sql.adaptive.enabled", "true")
    yield
    spark.conf.set("spark.sql.adaptive.enabled", "false")


@pytest.fixture
def at_point(monkeypatch: pytest.MonkeyPatch) -> AtPoint:
    """Does something once, when the job passes a named point for the nth time."""

    def arm(point: str, action: Callable[[], None], nth: int = 1) -> None:
        passed = 0

        def hook(name: str) -> None:
            nonlocal passed
            if name == point:
                passed += 1
                if passed == nth:
                    action()

        monkeypatch.setattr(lakeio, "kill_point", hook)

    return arm


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """PySpark leaves the sockets of each answer to the garbage collector, and says so."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"))
