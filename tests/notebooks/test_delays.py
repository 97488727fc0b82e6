"""The notebook runs from its first cell to its last, and says what the figures say."""

from __future__ import annotations

import base64
import shutil
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lake.catalog import Catalog
from tests.api_server import KEY, Served, serving

with warnings.catch_warnings():
    # Jupyter tells at import of folders that will move some day, whatever one does.
    warnings.simplefilter("ignore")
    import nbformat
    from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "notebooks" / "delays.ipynb"
PNG = b"\x89PNG\r\n"
HOURS = [(7, 40, 4, 0.0), (8, 60, 15, 2.5), (9, 0, 0, None), (10, 100, 30, 4.0)]


def row(result: str, **values: Any) -> dict[str, Any]:
    """A row of every declared column; what is not said is unknown."""
    declared = Catalog.bundled().result(f"emt_{result}").columns
    assert set(values) <= {column.name for column in declared}
    return dict.fromkeys(column.name for column in declared) | values


def results(adverse_rated: int) -> dict[str, list[dict[str, Any]]]:
    """A morning of two lines: 25 % of what was rated in other weather, half in adverse."""
    return {
        "emt_network_by_hour": [
            row(
                "network_by_hour",
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
                "lines", line="27", hours=4, rated_preds=150, delayed_preds=40, delay_rate=40 / 150
            ),
            row("lines", line="N1", hours=1, rated_preds=5, delayed_preds=5, delay_rate=1.0),
        ],
        "emt_weather": [
            row(
                "weather", weather_severity="good", adverse=False, rated_preds=100, delayed_preds=20
            ),
            row(
                "weather",
                weather_severity="moderate",
                adverse=False,
                rated_preds=60,
                delayed_preds=20,
            ),
            row(
                "weather",
                weather_severity="bad",
                adverse=True,
                rated_preds=adverse_rated,
                delayed_preds=adverse_rated // 2,
            ),
            row("weather", weather_severity="unknown", rated_preds=10, delayed_preds=10),
        ],
    }


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    rows = results(request.param)
    columns = {
        name: {column.name: column.type for column in Catalog.bundled().result(name).columns}
        for name in rows
    }
    with serving(Served(columns, rows)) as served:
        yield served.url


def read() -> Any:
    """The notebook as it is kept."""
    return nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]


def run(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Mapping[str, Any]]:
    """What the cells show, in a kernel of its own that knows the API and nothing else."""
    told = {
        "LAKE_API_URL": url,
        "LAKE_API_KEY": KEY,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    for name, value in {**told, "PYTHONPATH": str(ROOT / "layers" / "lake")}.items():
        monkeypatch.setenv(name, value)
    # A folder of its own, where the kernel's connection files go and no other kernel is known.
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    for name in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    notebook = read()
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(tmp_path))
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("url", [40], indirect=True)
def test_the_notebook_plots_and_tells_both_samples(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shown = run(url, monkeypatch, tmp_path)

    plots = [base64.b64decode(one["data"]["image/png"]) for one in shown if "data" in one]
    assert len(plots) == 2
    assert all(plot.startswith(PNG) for plot in plots)
    text = "".join(one["text"] for one in shown if "text" in one)
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
    text = "".join(one["text"] for one in run(url, monkeypatch, tmp_path) if "text" in one)

    assert "Too little was seen to compare: 6 rated predictions in adverse weather, 160" in text


def test_the_notebook_is_kept_without_its_outputs() -> None:
    cells = read().cells

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
