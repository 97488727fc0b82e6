"""The page in the API's zip: whole, the same everywhere, and nothing of it from elsewhere."""

from __future__ import annotations

import gzip
import re
import shutil
from hashlib import sha256
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pytest

from scripts.packing.page import page
from scripts.packing.wheels import BuildError

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / "build" / ".cache"
IMPORT = re.compile(rb"""(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""")
MENTION = re.compile(r"""(?:href|src)="([^"#]+)\"""")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return page(ROOT, CACHE, tmp_path_factory.mktemp("log") / "pip.log")


def test_two_builds_give_the_same_bytes(built: dict[str, bytes], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "dashboard", copy / "dashboard")
    shutil.copy(ROOT / "LICENSE", copy / "LICENSE")

    assert page(copy, CACHE, tmp_path / "pip.log") == built


def test_everything_that_the_page_names_is_there_by_a_relative_address(
    built: dict[str, bytes],
) -> None:
    named = MENTION.findall(built["index.html"].decode())

    assert len(named) >= 6
    assert set(named) <= built.keys()
    assert not any(urlsplit(name).scheme or name.startswith("/") for name in named)


def test_every_import_of_a_module_leads_to_a_file(built: dict[str, bytes]) -> None:
    own = {n: d for n, d in built.items() if n.endswith(".js") and "/vendor/" not in n}
    assert len(own) > 20
    for name, content in own.items():
        for found in IMPORT.findall(content):
            steps = [*PurePosixPath(name).parent.parts, *PurePosixPath(found.decode()).parts]
            place: list[str] = []
            for step in steps:
                place = place[:-1] if step == ".." else [*place, step]
            assert "/".join(place) in built, f"{name} imports {found.decode()}"


def test_large_files_lie_packed_beside_themselves(built: dict[str, bytes]) -> None:
    packed = {name: data for name, data in built.items() if name.endswith(".gz")}

    assert any("vendor/echarts" in name for name in packed)
    for name, data in packed.items():
        assert gzip.decompress(data) == built[name.removesuffix(".gz")]
    # What a browser fetches on its first visit.
    first = sum(
        len(built.get(f"{name}.gz", data))
        for name, data in built.items()
        if not name.endswith(".gz") and "licences" not in name
    )
    assert first < 475_000


def test_another_page_has_other_addresses(built: dict[str, bytes], tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "dashboard", copy / "dashboard")
    shutil.copy(ROOT / "LICENSE", copy / "LICENSE")
    with (copy / "dashboard" / "assets" / "dom.js").open("a") as file:
        file.write("// changed\n")

    changed = page(copy, CACHE, tmp_path / "pip.log")

    assert {name for name in changed if name in built} <= {"index.html", "index.html.gz"}


def test_licences_of_what_others_wrote_are_on_board(built: dict[str, bytes]) -> None:
    texts = {
        PurePosixPath(name).name: data.decode()
        for name, data in built.items()
        if "/licences/" in name and name.endswith(".txt")
    }

    assert texts.keys() == {"NOTICE.txt", "apache-2.0.txt", "bsd-3-clause.txt", "nicegui.txt"}
    assert "Apache ECharts 6.1.0" in texts["NOTICE.txt"]
    assert "The Apache Software Foundation" in texts["NOTICE.txt"]
    library = next(data for name, data in built.items() if "index-DlVyZyb_.js" in name)
    assert b'"6.1.0"' in library


def test_a_damaged_library_stops_the_build(tmp_path: Path) -> None:
    pinned = (ROOT / "dashboard" / "requirements.txt").read_text()
    wanted = pinned.rpartition("sha256:")[2].strip()
    kept = tmp_path / f"{wanted[:16]}-charts.whl"
    kept.write_bytes(b"not the library")

    with pytest.raises(BuildError, match="damaged"):
        page(ROOT, tmp_path, tmp_path / "pip.log")

    assert not kept.exists()
    assert sha256(b"not the library").hexdigest() != wanted
