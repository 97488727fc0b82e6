"""The build makes the same bytes anywhere, with nothing of this machine, each part complete."""

from __future__ import annotations

import hashlib
import io
import json
import marshal
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import boto3
import pytest

from scripts import build
from scripts.packing import platforms
from scripts.packing.archives import tar_gz_bytes, zip_bytes
from scripts.packing.bytecode import with_bytecode
from scripts.packing.wheels import BuildError, needed_by
from tests.catalog.toys import declare, own_declarations

ROOT = Path(__file__).parents[2]
HERE = (sys.version_info[0], sys.version_info[1])
CODE_ARTEFACTS = (
    "functions/create_tables.zip",
    "functions/promote.zip",
    "functions/start_job.zip",
    "layers/lake.zip",
    "spark/lake.zip",
)
SPARK = ("pyspark", "py4j")
TOY = """\
about: Readings of a sensor.
kind: upload
table:
  name: silver.readings
  key: [sensor]
  columns:
    sensor: {type: string, required: true, about: Name of the sensor, from: Sensor}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("build")
    assert build.main(["--out", str(out)]) == 0
    return out


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def unpacked(archive: Path, folder: Path) -> Path:
    if archive.suffix == ".zip":
        shutil.unpack_archive(archive, folder)
    else:
        shutil.unpack_archive(archive, folder, filter="data")
    return folder


def of_site_packages(names: tuple[str, ...], folder: Path) -> Path:
    """A folder with these packages of the test environment and no other."""
    folder.mkdir()
    for name in names:
        module = name.removesuffix(".py")
        found = Path(str(sys.modules.get(module, __import__(module)).__file__))
        (folder / name).symlink_to(found if name.endswith(".py") else found.parent)
    return folder


def run_alone(code: str, *path: Path) -> subprocess.CompletedProcess[str]:
    """Runs code in a Python that sees these folders and the standard library, nothing else."""
    prologue = f"import sys; sys.path[:0] = {[str(place) for place in path]!r}\n"
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", prologue + code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_same_files_in_another_order_make_the_same_archives() -> None:
    files = {"b/c.txt": b"2", "a.txt": b"1", "b/a.so": b"3"}
    shuffled = dict(reversed(files.items()))

    assert zip_bytes(files) == zip_bytes(shuffled)
    assert tar_gz_bytes(files) == tar_gz_bytes(shuffled)


def test_an_archive_holds_the_files_with_fixed_dates_and_modes() -> None:
    files = {"b/c.txt": b"2", "b/a.so": b"3"}

    with zipfile.ZipFile(io.BytesIO(zip_bytes(files))) as archive:
        entries = [(e.filename, e.date_time, e.external_attr >> 16) for e in archive.infolist()]
        assert archive.read("b/c.txt") == b"2"
    with tarfile.open(fileobj=io.BytesIO(tar_gz_bytes(files))) as archive_tar:
        members = [(m.name, m.mode, m.mtime, m.uname) for m in archive_tar.getmembers()]

    assert entries == [
        ("b/a.so", (1980, 1, 1, 0, 0, 0), 0o100644),
        ("b/c.txt", (1980, 1, 1, 0, 0, 0), 0o100644),
    ]
    assert members == [
        ("b", 0o755, 315532800, ""),
        ("b/a.so", 0o755, 315532800, ""),
        ("b/c.txt", 0o644, 315532800, ""),
    ]


def test_a_checkout_on_another_path_with_other_file_times_builds_the_same_bytes(
    built: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "another place"
    folders = ("scripts", "layers", "functions", "dashboard", "spark", "catalog", "domains", "docs")
    for name in (*folders, "constraints.txt", "LICENSE"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        (elsewhere).mkdir(exist_ok=True)
        copy(ROOT / name, elsewhere / name)
    # Wheels are the same download; their packing has a test of its own.
    shutil.copytree(ROOT / "build" / ".cache", elsewhere / "build" / ".cache")
    for file in elsewhere.rglob("*.py"):
        file.chmod(0o600)
        os.utime(file, (0, 0))

    done = subprocess.run(
        [sys.executable, "-m", "scripts.build"], cwd=elsewhere, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr.decode()
    for name in CODE_ARTEFACTS:
        assert digest(elsewhere / "build" / name) == digest(built / name), name


def test_wheels_packed_again_give_the_same_archive(built: Path) -> None:
    archive = built / "spark" / "environment.tar.gz"
    with tarfile.open(archive) as opened:
        files = {
            member.name: opened.extractfile(member).read()  # type: ignore[union-attr]
            for member in opened.getmembers()
            if member.isfile() and not member.name.endswith(".pyc")
        }

    again = tar_gz_bytes(with_bytecode(files, HERE, "environment"))

    assert hashlib.sha256(again).hexdigest() == digest(archive)


@pytest.mark.parametrize("name", ["functions/promote.zip", "layers/lake.zip", "layers/vendor.zip"])
def test_every_module_for_lambda_is_compiled_with_the_path_that_it_will_have_there(
    built: Path, name: str
) -> None:
    root = "/var/task" if name.startswith("functions") else "/opt"
    with zipfile.ZipFile(built / name) as archive:
        files = {entry: archive.read(entry) for entry in archive.namelist()}
    sources = [entry for entry in files if entry.endswith(".py")]
    tag = sys.implementation.cache_tag

    for source in sources:
        folder, _, module = source.rpartition("/")
        compiled = files[f"{folder}/__pycache__/{module.removesuffix('.py')}.{tag}.pyc"]
        # Flags 1: checked by nobody at run time, and it holds the source's hash, not its date.
        assert int.from_bytes(compiled[4:8], "little") == 1, source
        assert marshal.loads(compiled[16:]).co_filename == f"{root}/{source}"  # noqa: S302
    assert not [entry for entry, data in files.items() if str(ROOT).encode() in data]


@pytest.mark.parametrize("verb", ["create_tables", "promote", "start_job"])
def test_a_function_imports_from_its_zip_and_layers_alone(
    built: Path, tmp_path: Path, verb: str
) -> None:
    task = unpacked(built / "functions" / f"{verb}.zip", tmp_path / "task")
    layers = tmp_path / "opt"
    for layer in ("lake", "vendor"):
        unpacked(built / "layers" / f"{layer}.zip", layers)
    done = run_alone(f"import functions.{verb}.handler as h; h.handler", task, layers / "python")

    assert done.returncode == 0, done.stderr


def test_the_results_api_asks_duckdb_from_its_zip_and_layers_alone(
    built: Path, tmp_path: Path
) -> None:
    task = unpacked(built / "functions" / "results_api.zip", tmp_path / "task")
    layers = tmp_path / "opt"
    for layer in ("lake", "vendor", "results"):
        unpacked(built / "layers" / f"{layer}.zip", layers)
    code = (
        "import functions.results_api.handler as h, duckdb\n"
        "assert h.handler\n"
        "print(duckdb.sql('SELECT 6 * 7').fetchall())\n"
    )

    done = run_alone(code, task, layers / "python")

    assert done.stdout == "[(42,)]\n", done.stderr
    pages = task / "functions" / "results_api"
    assert {"index.html", "start.js"} < {file.name for file in (pages / "docs").iterdir()}
    assert (pages / "page" / "index.html").exists()
    unpacked_bytes = sum(
        file.stat().st_size for place in (task, layers) for file in place.rglob("*")
    )
    assert unpacked_bytes < 150_000_000, "Lambda takes 250 MB; half of it is for what comes"


def test_functions_bring_the_boto3_that_the_tests_run_with(built: Path, tmp_path: Path) -> None:
    # The runtime's own changes by itself; a layer comes before it on the path.
    layer = unpacked(built / "layers" / "vendor.zip", tmp_path / "opt") / "python"
    sources = "".join(file.read_text() for file in ROOT.glob("functions/**/*.py"))
    called = set(re.findall(r'boto3\.(?:client|resource)\(\s*"([a-z0-9-]+)"', sources))
    for several in re.findall(r"boto3\.client\(\w+, [^)]*\) for \w+ in \(([^)]+)\)", sources):
        called |= set(re.findall(r'"([a-z0-9-]+)"', several))
    assert {"athena", "emr-serverless", "s3", "stepfunctions"} <= called
    code = (
        "import boto3, json\n"
        f"for service in {sorted(called)}:\n"
        "    boto3.client(service, region_name='eu-west-1')\n"
        "boto3.resource('dynamodb', region_name='eu-west-1')\n"
        "print(boto3.__version__, boto3.__file__)\n"
    )

    done = run_alone(code, tmp_path, layer)

    assert done.stderr == ""
    version, place = done.stdout.split()
    assert (version, Path(place).parent.parent) == (boto3.__version__, layer)
    pinned = (ROOT / "constraints.txt").read_text()
    assert f"\nboto3=={version}\n" in pinned


def test_a_function_without_its_vendor_layer_fails_so_that_the_test_above_means_something(
    built: Path, tmp_path: Path
) -> None:
    task = unpacked(built / "functions" / "promote.zip", tmp_path / "task")
    layer = unpacked(built / "layers" / "lake.zip", tmp_path / "opt") / "python"
    done = run_alone("import functions.promote.handler", task, layer)

    assert "No module named 'boto3'" in done.stderr


def test_every_module_for_spark_imports_from_the_zip_and_the_archive_alone(
    built: Path, tmp_path: Path
) -> None:
    environment = unpacked(built / "spark" / "environment.tar.gz", tmp_path / "environment")
    spark = of_site_packages(SPARK, tmp_path / "spark")
    code = (
        "import importlib, pkgutil, boto3, lake, jobs\n"
        "for package in (lake, jobs):\n"
        "    for module in pkgutil.iter_modules(package.__path__):\n"
        "        importlib.import_module(f'{package.__name__}.{module.name}')\n"
        "boto3.client('s3', region_name='eu-west-1')\n"
        "from lake.catalog import Catalog; print(len(Catalog.bundled().tables))\n"
    )

    done = run_alone(code, built / "spark" / "lake.zip", environment, spark)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == len(json.loads((built / "catalog.json").read_text())["tables"])


def test_nothing_is_written_when_nothing_changed(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file: file.stat().st_mtime_ns for file in built.rglob("*") if file.is_file()}

    assert build.main(["--out", str(built)]) == 0

    assert "nothing to do" in capsys.readouterr().out
    assert before == {file: file.stat().st_mtime_ns for file in built.rglob("*") if file.is_file()}


def test_a_file_that_went_missing_is_built_again(built: Path) -> None:
    file = built / "functions" / "promote.zip"
    before = digest(file)
    file.unlink()

    assert build.main(["--out", str(built)]) == 0

    assert digest(file) == before


def test_a_catalogue_outside_the_checkout_is_built_in_without_touching_the_checkout(
    built: Path, tmp_path: Path
) -> None:
    declared = own_declarations(tmp_path)
    declare(declared, "toy/sources/sensors.yaml", TOY)
    own = digest(ROOT / "layers" / "lake" / "lake" / "catalog.json")

    assert build.main(["--declarations", str(declared), "--out", str(tmp_path / "out")]) == 0

    for name, entry in (("layers", "python/lake/catalog.json"), ("spark", "lake/catalog.json")):
        with zipfile.ZipFile(tmp_path / "out" / name / "lake.zip") as archive:
            assert "toy_silver.readings" in json.loads(archive.read(entry))["tables"]
    assert digest(ROOT / "layers" / "lake" / "lake" / "catalog.json") == own
    assert digest(tmp_path / "out" / "layers" / "vendor.zip") == digest(built / "layers/vendor.zip")


def test_the_one_file_of_the_recipe_compiles_as_it_is_printed(tmp_path: Path) -> None:
    recipe = (ROOT / "docs" / "adding-a-source.md").read_text()
    declaration = recipe.partition("```yaml\n")[2].partition("```")[0]
    declared = own_declarations(tmp_path)
    declare(declared, "city/sources/fountains.yaml", declaration)

    assert build.main(["--declarations", str(declared), "--out", str(tmp_path / "out")]) == 0

    compiled = json.loads((tmp_path / "out" / "catalog.json").read_text())
    assert compiled["sources"]["city/fountains"]["feeds"] == ["city_silver.fountains"]


def test_a_wrong_catalogue_stops_the_build_with_the_compilers_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = own_declarations(tmp_path)
    declare(declared, "emt/sources/arrivals.yaml", "abot: x\n")

    assert build.main(["--declarations", str(declared), "--out", str(tmp_path / "out")]) == 1

    said = capsys.readouterr().err
    assert "arrivals.yaml:1" in said
    assert not (tmp_path / "out" / "functions").exists()


def test_a_job_without_an_entry_script_stops_the_build() -> None:
    job = {"script": "no_such_job", "sources": ["toy/sensors"]}
    compiled = json.dumps({"jobs": {"no_such_job": job}}).encode()

    with pytest.raises(BuildError, match=r"toy/sensors: job no_such_job has no entry script"):
        build.check_jobs(compiled)


def test_wheels_for_aws_are_asked_for_by_its_platform_and_python() -> None:
    target = platforms.aws((3, 13), "arm64", "x86_64")

    functions, spark = target.functions.pip_arguments(), target.spark.pip_arguments()

    assert "manylinux2014_aarch64" in functions
    assert functions[-2:] == ["--python-version", "3.13"]
    assert "manylinux_2_28_x86_64" in spark
    assert spark[-2:] == ["--python-version", "3.11"]
    assert platforms.laptop().spark.pip_arguments() == []


def test_a_job_carries_the_descriptions_of_its_own_services_only() -> None:
    data = "botocore/data"

    kept = needed_by("job")
    assert kept(f"{data}/s3/2006-03-01/service-2.json.gz")
    assert kept(f"{data}/endpoints.json")
    assert kept("botocore/session.py")
    assert not kept(f"{data}/ec2/2016-11-15/service-2.json.gz")
