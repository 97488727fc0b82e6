"""A table has one writer at a time: sources that share one, through others too, share a lane."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.catalog_compiler.compiler import compile_catalog
from tests.catalog.toys import READINGS, toys


def lanes(folder: Path, **feeds: str) -> dict[str, list[str]]:
    """The lanes of sources that feed these tables."""
    tables = {table for listed in feeds.values() for table in listed.split()}
    more = {f"tables/silver.{table}.yaml": READINGS for table in tables}
    for name, listed in feeds.items():
        feed = ", ".join(f"silver.{table}" for table in listed.split())
        more[f"sources/{name}.yaml"] = (
            f"about: x\nkind: upload\njob: load_{name}\nfeeds: [{feed}]\nrequires: [Sensor]\n"
        )
    compiled = compile_catalog(toys(folder, more))
    for lane, members in compiled["lanes"].items():
        assert {compiled["sources"][member]["lane"] for member in members} == {lane}
    return {lane: members for lane, members in compiled["lanes"].items() if members[0] in NAMES}


NAMES = {"toys/a", "toys/b", "toys/c", "toys/d"}


@pytest.mark.parametrize(
    ("feeds", "expected"),
    [
        ({"a": "t1 t3", "b": "t1", "c": "t3"}, [["a", "b", "c"]]),
        ({"a": "t1", "b": "t2", "c": "t1 t2"}, [["a", "b", "c"]]),
        ({"a": "t1 t2", "b": "t2 t3", "c": "t3 t4", "d": "t4"}, [["a", "b", "c", "d"]]),
        ({"a": "t1", "b": "t2", "c": "t1"}, [["a", "c"], ["b"]]),
    ],
    ids=["by the first one's tables", "by a bridge", "in a chain", "apart"],
)
def test_sources_share_a_lane_through_any_table(
    tmp_path: Path, feeds: dict[str, str], expected: list[list[str]]
) -> None:
    assert lanes(tmp_path, **feeds) == {
        f"toys-{members[0]}": [f"toys/{member}" for member in members] for members in expected
    }


def test_a_table_that_is_only_derived_is_written_as_well(tmp_path: Path) -> None:
    more = {
        f"sources/{name}.yaml": f"about: x\nkind: upload\njob: load_{name}\nrequires: [Sensor]\n"
        f"feeds: [silver.{name}]\n{derives}"
        for name, derives in (("a", "derives: [silver.b]\n"), ("b", ""))
    }
    tables = {f"tables/silver.{name}.yaml": READINGS for name in ("a", "b")}

    compiled = compile_catalog(toys(tmp_path, {**more, **tables}))

    assert compiled["lanes"]["toys-a"] == ["toys/a", "toys/b"]
