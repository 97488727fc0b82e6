"""The notebook runs from its first cell to its last, and says what the figures say."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.notebooks.running import ROOT, plots, published, read, row, run, said

NOTEBOOK = "delays.ipynb"
HOURS = [(7, 40, 4, 0.0), (8, 60, 15, 2.5), (9, 0, 0, None), (10, 100, 30, 4.0)]


def results(adverse_rated: int) -> dict[str, list[dict[str, Any]]]:
    """A morning of two lines: 25 % of what was rated in other weather, half in adverse."""
    return {
        "emt_network_by_hour": [
            row(
                "emt_network_by_hour",
                event_hour=f"2025-08-30T{hour:02}:00:00Z",
                total_preds=rated + 1,
                rated_preds=rated,
                delayed_preds=late,
                delay_rate=late / rated if rated else None,
                avg_precip_mm=rain,
            )
            for hour, rated, late, rain in HOURS
        ],
        "emt_lines": [
            row(
                "emt_lines",
                line="27",
                hours=4,
                rated_preds=150,
                delayed_preds=40,
                delay_rate=40 / 150,
            ),
            row("emt_lines", line="N1", hours=1, rated_preds=5, delayed_preds=5, delay_rate=1.0),
        ],
        "emt_weather": [
            row(
                "emt_weather",
                weather_severity="good",
                adverse=False,
                rated_preds=100,
                delayed_preds=20,
            ),
            row(
                "emt_weather",
                weather_severity="moderate",
                adverse=False,
                rated_preds=60,
                delayed_preds=20,
            ),
            row(
                "emt_weather",
                weather_severity="bad",
                adverse=True,
                rated_preds=adverse_rated,
                delayed_preds=adverse_rated // 2,
            ),
            row("emt_weather", weather_severity="unknown", rated_preds=10, delayed_preds=10),
        ],
    }


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with published(results(request.param)) as address:
        yield address


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("url", [40], indirect=True)
def test_the_notebook_plots_and_tells_both_samples(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = run(NOTEBOOK, url, monkeypatch, tmp_path)

    assert len(plots(shown)) == 2
    text = said(shown)
    assert "emt_network_by_hour: 4 rows" in text
    # 20 of 40 against 40 of 160; what is unknown is in neither.
    assert "In adverse weather 50.0 % of 40 rated predictions were delayed" in text
    assert "in other weather 25.0 % of 160: 25.0 points more" in text
    assert "in these 3 hours; that is no proof" in text
    assert [one for one in shown if one.get("name") == "stderr"] == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("url", [6], indirect=True)
def test_a_sample_too_small_is_said_and_not_compared(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = said(run(NOTEBOOK, url, monkeypatch, tmp_path))

    assert "Too little was seen to compare: 6 rated predictions in adverse weather, 160" in text


@pytest.mark.parametrize("name", ["delays.ipynb", "weather.ipynb"])
def test_a_notebook_is_kept_without_its_outputs(name: str) -> None:
    cells = read(name).cells

    assert {cell.get("execution_count") for cell in cells} == {None}
    assert not any(cell.get("outputs") for cell in cells)


def test_the_client_is_installed_from_its_folder_alone(tmp_path: Path) -> None:
    """As `pip install ./layers/lake` does it, of a copy: a wheel needs nothing of the checkout."""
    copy = tmp_path / "lake"
    kept = shutil.ignore_patterns("build", "*.egg-info", "__pycache__", "catalog.json")
    shutil.copytree(ROOT / "layers" / "lake", copy, ignore=kept)
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "-q", "-w", str(tmp_path), str(copy)], check=True, capture_output=True)

    (wheel,) = tmp_path.glob("albufera_lake-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        said = archive.read(metadata).decode()
    assert "Requires-Dist: requests" in said
    assert 'extra == "client"' in said
    told = "import sys; sys.path[:0] = [sys.argv[1]]; import lake.client as c; print(c.__file__)"
    found = subprocess.run(
        [sys.executable, "-I", "-c", told, str(wheel)], capture_output=True, text=True, check=True
    ).stdout
    assert found.startswith(str(wheel))
