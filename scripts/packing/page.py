"""The page that people look at, as files: the dashboard, its chart library, their licences.

Everything but index.html lies under assets/<hash of all of it>/, so a browser may keep it for ever:
another page has other addresses.
"""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

from scripts.packing.archives import Contents, replace
from scripts.packing.wheels import BuildError
from scripts.provision.pip import pip_environment, pip_failure

# The function that serves the page has it in its zip, beside its handler in page/.
FUNCTION = "results_api"
ASSETS = "assets/"
# The library comes as its entry and its one chunk. The second chunk, 3-D charts, is asked for only
# by a function that the page never calls, so it stays behind.
CHARTS = "nicegui/elements/echart/dist"
TAKEN = {
    f"{CHARTS}/index.js": "assets/vendor/echarts/index.js",
    f"{CHARTS}/index-DlVyZyb_.js": "assets/vendor/echarts/index-DlVyZyb_.js",
    "nicegui-3.18.0.dist-info/licenses/LICENSE": "assets/licences/nicegui.txt",
}
LICENCE = "assets/licences/apache-2.0.txt"
PINNED = "dashboard/requirements.txt"
SHIPPED = (".html", ".css", ".js", ".svg", ".txt")
WORTH_PACKING = 2048


def sources(root: Path) -> dict[str, bytes]:
    """All of the checkout that decides what the page is."""
    folder = root / "dashboard"
    found = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.suffix in SHIPPED
    }
    own = {PINNED: (root / PINNED).read_bytes(), LICENCE: (root / "LICENSE").read_bytes()}
    return found | own


def page(root: Path, cache: Path, log: Path) -> dict[str, bytes]:
    """The files of the page by their place under the page's folder; the large ones also gzipped."""
    charts = _wheel(root / PINNED, cache, log)
    with zipfile.ZipFile(io.BytesIO(charts)) as wheel:
        taken = {name: wheel.read(member) for member, name in TAKEN.items()}
    files = {name: data for name, data in sources(root).items() if name != PINNED} | taken
    placed = _under_hash(files)
    large = {name: data for name, data in placed.items() if len(data) >= WORTH_PACKING}
    return placed | {f"{name}.gz": gzip.compress(data, 9, mtime=0) for name, data in large.items()}


def _under_hash(files: Contents) -> dict[str, bytes]:
    total = sha256()
    for name in sorted(files):
        total.update(f"{name}\0".encode() + sha256(files[name]).digest())
    place = f"{ASSETS}{total.hexdigest()[:12]}/"
    index = files["index.html"].replace(f'"{ASSETS}'.encode(), f'"{place}'.encode())
    return {"index.html": index} | {
        f"{place}{name.removeprefix(ASSETS)}": data
        for name, data in files.items()
        if name.startswith(ASSETS)
    }


def _wheel(pinned: Path, cache: Path, log: Path) -> bytes:
    """The pinned package: pip compares its hash on the way in, and we each time that it is used."""
    wanted = pinned.read_text(encoding="utf-8").rpartition("sha256:")[2].strip()
    kept = cache / f"{wanted[:16]}-charts.whl"
    if not kept.exists():
        replace(kept, _downloaded(pinned, log))
    content = kept.read_bytes()
    if sha256(content).hexdigest() != wanted:
        kept.unlink()
        raise BuildError(f"{pinned}: what was kept of it is damaged and gone now: build again")
    return content


def _downloaded(pinned: Path, log: Path) -> bytes:
    with tempfile.TemporaryDirectory(prefix="charts-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
        # Whatever Python builds: only files are taken out.
        command += ["--require-hashes", "--ignore-requires-python", "--dest", folder]
        command += ["-r", str(pinned)]
        done = subprocess.run(
            command, env=pip_environment(), capture_output=True, text=True, check=False
        )
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        if done.returncode:
            raise BuildError(f"{pinned}: {pip_failure(done.stdout + done.stderr, log)}")
        return next(Path(folder).glob("*.whl")).read_bytes()
