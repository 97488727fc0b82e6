"""A notebook as it is kept, and run in a kernel that knows the API and nothing else."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
_PNG = b"\x89PNG\r\n"

Output = Mapping[str, Any]
Rows = Mapping[str, list[dict[str, Any]]]


def row(result: str, **values: Any) -> dict[str, Any]:
    """A row of every declared column; what is not said is unknown."""
    declared = Catalog.bundled().result(result).columns
    assert set(values) <= {column.name for column in declared}
    return dict.fromkeys(column.name for column in declared) | values


@contextmanager
def published(rows: Rows) -> Iterator[str]:
    """An API that has these rows to show; gives its address."""
    columns = {
        name: {column.name: column.type for column in Catalog.bundled().result(name).columns}
        for name in rows
    }
    with serving(Served(columns, dict(rows))) as served:
        yield served.url


def read(name: str) -> Any:
    """The notebook as it is kept."""
    return nbformat.read(ROOT / "notebooks" / name, as_version=4)  # type: ignore[no-untyped-call]


def run(
    name: str, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> list[Mapping[str, Any]]:
    """What the cells show."""
    told = {
        "LAKE_API_URL": url,
        "LAKE_API_KEY": KEY,
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }
    for variable, value in {**told, "PYTHONPATH": str(ROOT / "layers" / "lake")}.items():
        monkeypatch.setenv(variable, value)
    # A folder of its own, where the kernel's connection files go and no other kernel is known.
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    for variable in ("JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    notebook = read(name)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute(cwd=str(tmp_path))
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def plots(shown: Sequence[Output]) -> list[bytes]:
    """The pictures among what was shown."""
    found = [base64.b64decode(one["data"]["image/png"]) for one in shown if "data" in one]
    assert all(picture.startswith(_PNG) for picture in found)
    return found


def said(shown: Sequence[Output]) -> str:
    """The words among what was shown."""
    return "".join(one["text"] for one in shown if "text" in one)
