"""Iceberg's jars for local Spark, fetched by Spark's own resolver into .laptop/jars."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.provision.java import java_home
from scripts.provision.pip import SetupError, pip_environment, run_logged
from scripts.provision.trust import certificates, java_options, java_store, machine_bundle


@dataclass(frozen=True)
class Jar:
    """A jar by its Maven coordinates and the hash that the whole project was tested with."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def coordinates(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"


# The pair of EMR release emr-7.13.0: Spark 3.5.6 with Iceberg 1.10.0.
JARS = (
    Jar(
        group="org.apache.iceberg",
        artifact="iceberg-spark-runtime-3.5_2.12",
        version="1.10.0",
        sha256="70f9471870b2d456167d703c829f098a446b86bb1379eee338c0efa03a341026",
    ),
    Jar(
        group="org.apache.iceberg",
        artifact="iceberg-aws-bundle",
        version="1.10.0",
        sha256="172370cfc32a5f1ae5399b210e86fc04a366dc29a112d97ac8ffc74df7525596",
    ),
)
STAMP = "complete.json"
UNTRUSTED = "PKIX path building failed"


def jars_ready(folder: Path, jars: tuple[Jar, ...] = JARS) -> bool:
    """True when a finished run left these jars and none of them changed its size since."""
    try:
        stamp = json.loads((folder / STAMP).read_text())
        sizes = {jar.file_name: (folder / jar.file_name).stat().st_size for jar in jars}
    except (OSError, ValueError):
        return False
    return bool(stamp == {jar.file_name: [jar.sha256, sizes[jar.file_name]] for jar in jars})


def check_jars(source: Path, jars: tuple[Jar, ...] = JARS) -> None:
    """Every jar is there and is the one that was tested."""
    for jar in jars:
        file = source / jar.file_name
        found = hashlib.sha256(file.read_bytes()).hexdigest() if file.exists() else "no file"
        if found != jar.sha256:
            raise SetupError(
                f"{jar.coordinates} is not what was tested (sha256 {found}, wanted {jar.sha256}): "
                "remove .laptop/jars and any copy in ~/.m2/repository, then run `make setup` again."
            )


def fetch_jars(folder: Path, python: Path, log: Path, note: Callable[[str], None]) -> None:
    """Resolves the jars beside the folder, checks them, and only then moves them in."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if _already_there(folder):
        _stamp(folder)
        return
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="jars-") as temporary:
        workplace = Path(temporary)
        note("resolving Iceberg 1.10.0 (112 MB)")
        _resolve(workplace, python, log, note)
        for jar in JARS:
            retrieved = workplace / "ivy" / "jars" / f"{jar.group}_{jar.file_name}"
            if retrieved.exists():
                retrieved.rename(workplace / jar.file_name)
        check_jars(workplace)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for jar in JARS:
            (workplace / jar.file_name).rename(folder / jar.file_name)
    _stamp(folder)


def _already_there(folder: Path) -> bool:
    """Jars put there by hand (no network) count when their hashes are right."""
    if not all((folder / jar.file_name).exists() for jar in JARS):
        return False
    check_jars(folder)
    return True


def _stamp(folder: Path) -> None:
    entries = {j.file_name: [j.sha256, (folder / j.file_name).stat().st_size] for j in JARS}
    (folder / STAMP).write_text(json.dumps(entries, indent=1))


def _resolve(workplace: Path, python: Path, log: Path, note: Callable[[str], None]) -> None:
    """Runs an empty Spark program that asks for the jars; again with the machine's certificates."""
    nothing = workplace / "nothing.py"
    nothing.write_text("")
    command = [
        str(python.parent / "spark-submit"),
        "--master",
        "local[1]",
        "--conf",
        f"spark.jars.ivy={workplace / 'ivy'}",
        "--packages",
        ",".join(jar.coordinates for jar in JARS),
        str(nothing),
    ]
    environment = _spark_environment(python)
    code, tail = run_logged(command, environment, log, lambda line: _tell(line, note))
    bundle = machine_bundle()
    if code and UNTRUSTED in tail and bundle is not None:
        store = workplace / "trusted.jks"
        store.write_bytes(java_store(certificates(bundle.read_text())))
        options = environment.get("SPARK_SUBMIT_OPTS", "")
        environment["SPARK_SUBMIT_OPTS"] = f"{options} {java_options(store)}".strip()
        code, tail = run_logged(command, environment, log, lambda line: _tell(line, note))
    if code:
        raise SetupError(resolver_failure(tail, log))


def _spark_environment(python: Path) -> dict[str, str]:
    environment = pip_environment() | {
        "JAVA_HOME": str(java_home(python)),
        "PYSPARK_PYTHON": str(python),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    environment.pop("SPARK_HOME", None)
    return environment


def resolver_failure(tail: str, log: Path) -> str:
    """What a failed resolution means for a person."""
    names = ", ".join(jar.file_name for jar in JARS)
    if UNTRUSTED in tail:
        return (
            "Java does not trust the Maven repository: name your network's certificates "
            f"(SSL_CERT_FILE=file.pem), then run `make setup` again. Log: {log}"
        )
    if "UNRESOLVED DEPENDENCIES" in tail or "unresolved dependency" in tail:
        return (
            "Spark cannot reach a Maven repository for Iceberg's jars: connect to the network, set "
            "DEFAULT_ARTIFACT_REPOSITORY to a mirror, or put the files in .laptop/jars "
            f"({names}), then run `make setup` again. Log: {log}"
        )
    last = [line.strip() for line in tail.splitlines() if line.strip()][-2:]
    return f"Spark could not fetch Iceberg's jars: {' '.join(last)} Log: {log}"


def _tell(line: str, note: Callable[[str], None]) -> None:
    if line.startswith("downloading") or "[SUCCESSFUL" in line:
        note("downloading Iceberg 1.10.0 (112 MB)")
