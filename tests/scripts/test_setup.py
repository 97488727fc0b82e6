"""Set-up finds what it needs or says what to install, and mends what was left half done."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import setup
from scripts.provision.jars import JARS, Jar, check_jars, jars_ready, resolver_failure
from scripts.provision.java import java_home, java_version
from scripts.provision.pip import SetupError, pip_failure
from scripts.provision.prepare import (
    PARTS,
    TERRAFORM_AT_LEAST,
    check_terraform,
    prepare,
)
from scripts.provision.trust import PASSWORD, certificates, java_store, machine_bundle
from scripts.provision.venvs import Venv

ROOT = Path(__file__).parents[2]
LOG = Path("setup.log")


def program(folder: Path, name: str, script: str) -> Path:
    """A small program on a PATH of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_the_starting_script_can_be_read_by_an_old_python() -> None:
    ast.parse((ROOT / "scripts" / "setup.py").read_text(), feature_version=(3, 8))


def test_a_python_that_is_only_a_dead_shim_or_too_old_is_passed_over(tmp_path: Path) -> None:
    program(tmp_path, "python3.11", "exit 127")
    program(tmp_path, "python3.12", "echo 3 12")
    program(tmp_path, "python3", "echo 3 9")

    assert setup.find_python(str(tmp_path)) == str(tmp_path / "python3.12")


def test_without_a_python_that_fits_one_sentence_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path, "python3", "echo 3 14")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "version_info", (3, 9, 6, "final", 0))

    assert setup.main([]) == 1

    said = capsys.readouterr().err
    assert "needs Python 3.11, 3.12 or 3.13" in said
    assert said.count("\n") == 1


def test_a_missing_an_old_and_a_mute_terraform_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(
        SetupError, match=r"needs Terraform and found none: install Terraform 1\.11"
    ):
        check_terraform(str(tmp_path))

    program(tmp_path, "terraform", """echo '{"terraform_version": "1.10.5"}'""")
    with pytest.raises(SetupError, match=r"This is Terraform 1\.10\.5: install Terraform 1\.11"):
        check_terraform(str(tmp_path))

    program(tmp_path, "terraform", "exit 1")
    with pytest.raises(SetupError, match="gives no answer"):
        check_terraform(str(tmp_path))

    program(tmp_path, "terraform", """echo '{"terraform_version": "1.11.0-beta1"}'""")
    check_terraform(str(tmp_path))


def test_every_module_asks_for_the_terraform_that_set_up_asks_for() -> None:
    files = [*(ROOT / "terraform").glob("modules/*/versions.tf"), ROOT / "terraform/providers.tf"]
    asked = {
        re.findall(r'required_version = ">= ([0-9.]+)"', file.read_text())[0] for file in files
    }
    assert asked == {".".join(map(str, TERRAFORM_AT_LEAST))} == {"1.11"}


def test_an_unknown_part_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert prepare(ROOT, ["clowd"]) == 2

    assert capsys.readouterr().err == f"setup knows {', '.join(PARTS)}, not clowd\n"


def test_a_set_up_checkout_needs_under_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    assert prepare(ROOT, ["dev", "cloud", "jars"]) == 0

    said = capsys.readouterr().out
    assert said.startswith("setup: ready (0.")
    assert said.count("\n") == 1


def toy(root: Path) -> Venv:
    requirements = root / "requirements.txt"
    requirements.write_text("# nothing\n")
    return Venv(root, ".venv-toy", requirements)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Venv:
    """A finished environment without packages; tests put back what they change."""
    venv = toy(tmp_path_factory.mktemp("made"))
    venv.make(lambda _: None)
    return venv


@pytest.fixture
def venv(tmp_path: Path) -> Venv:
    return toy(tmp_path)


def test_an_environment_is_ready_once_made_and_until_its_requirements_change(made: Venv) -> None:
    assert made.is_ready()
    assert subprocess.run([made.python, "-m", "pip", "--version"], check=True, capture_output=True)

    before = made.requirements.read_text()
    made.requirements.write_text("# something\n")
    assert not made.is_ready()
    made.requirements.write_text(before)


def test_what_an_interrupted_run_left_is_thrown_away(venv: Venv) -> None:
    half_unpacked = venv.path / "lib" / "half_unpacked.py"
    half_unpacked.parent.mkdir(parents=True)
    half_unpacked.touch()
    venv.python.parent.mkdir()
    venv.python.symlink_to(sys.executable)
    assert not venv.is_ready()

    venv.make(lambda _: None)

    assert venv.is_ready()
    assert not half_unpacked.exists()


def test_an_environment_whose_interpreter_is_gone_is_not_ready(made: Venv) -> None:
    interpreter = made.python.readlink()
    made.python.unlink()
    made.python.symlink_to(made.root / "uninstalled" / "python3.11")

    assert not made.is_ready()

    made.python.unlink()
    made.python.symlink_to(interpreter)
    assert made.is_ready()


def test_a_moved_checkout_is_not_taken_for_ready(made: Venv, tmp_path: Path) -> None:
    shutil.copytree(made.path, tmp_path / made.name, symlinks=True)

    assert not Venv(tmp_path, made.name, made.requirements).is_ready()


def test_a_requirement_that_cannot_be_had_is_said_and_leaves_no_stamp(venv: Venv) -> None:
    venv.requirements.write_text("./no-such-folder\n")

    with pytest.raises(SetupError, match=r"pip failed: ERROR: .*no-such-folder"):
        venv.make(lambda _: None)

    assert not venv.is_ready()


def test_the_usual_failures_of_pip_are_told_as_what_to_do() -> None:
    closed = "WARNING: Retrying: Temporary failure in name resolution\nERROR: No matching\n"
    full = "ERROR: Could not install: [Errno 28] No space left on device\n"

    assert "connect to the network" in pip_failure(closed, LOG)
    assert "disk is full" in pip_failure(full, LOG)
    assert pip_failure("noise\nERROR: odd\n", LOG) == "pip failed: ERROR: odd Log: setup.log"


def test_jars_are_ready_only_after_a_whole_run_and_unchanged(tmp_path: Path) -> None:
    jar = Jar("org.example", "toy", "1.0", "ab" * 32)
    file = tmp_path / jar.file_name
    file.write_bytes(b"1234")
    assert not jars_ready(tmp_path, (jar,))

    (tmp_path / "complete.json").write_text(json.dumps({jar.file_name: [jar.sha256, 4]}))
    assert jars_ready(tmp_path, (jar,))

    file.write_bytes(b"123")
    assert not jars_ready(tmp_path, (jar,))


def test_a_jar_that_is_not_the_tested_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"iceberg-spark-runtime.*sha256 no file"):
        check_jars(tmp_path)

    (tmp_path / JARS[0].file_name).write_bytes(b"forged")
    with pytest.raises(SetupError, match=r"is not what was tested"):
        check_jars(tmp_path)


def test_the_failures_of_the_resolver_are_told_as_what_to_do() -> None:
    untrusted = "SSLHandshakeException: PKIX path building failed\nUNRESOLVED DEPENDENCIES"

    assert "DEFAULT_ARTIFACT_REPOSITORY" in resolver_failure(":: UNRESOLVED DEPENDENCIES", LOG)
    assert "SSL_CERT_FILE" in resolver_failure(untrusted, LOG)
    assert "odd" in resolver_failure("odd\n", LOG)


def test_java_comes_with_the_environment_unless_java_home_is_set(tmp_path: Path) -> None:
    python = Path(sys.executable)
    bare = program(tmp_path, "python-without-java", "exit 1")
    with pytest.raises(SetupError, match="install Java 17, set JAVA_HOME"):
        java_home(bare, {})
    bundled = java_home(python, {})
    assert java_version(bundled) == 17

    assert java_home(python, {"JAVA_HOME": str(bundled)}) == bundled

    program(tmp_path / "bin", "java", """echo 'openjdk version "21.0.2" 2024-01-16' >&2""")
    with pytest.raises(SetupError, match=r"holds Java 21, and Spark 3.5 needs 11 or 17"):
        java_home(python, {"JAVA_HOME": str(tmp_path)})
    with pytest.raises(SetupError, match="no Java that starts"):
        java_home(python, {"JAVA_HOME": str(tmp_path / "nowhere")})


def test_java_reads_the_store_made_of_the_machines_certificates(tmp_path: Path) -> None:
    # certifi's bundle is on every machine that runs the tests.
    import certifi

    bundle = machine_bundle({"SSL_CERT_FILE": certifi.where()})
    assert bundle == Path(certifi.where())
    trusted = certificates(bundle.read_text())[:3]
    store = tmp_path / "trusted.jks"
    store.write_bytes(java_store(trusted))

    keytool = java_home(Path(sys.executable), {}) / "bin" / "keytool"
    words = ["-list", "-rfc", "-keystore", str(store), "-storepass", PASSWORD]
    listed = subprocess.run([keytool, *words], capture_output=True, text=True, check=True)

    assert certificates(listed.stdout) == trusted
    assert trusted[0] == ssl.PEM_cert_to_DER_cert(ssl.DER_cert_to_PEM_cert(trusted[0]))


def test_make_help_lists_every_target_with_its_purpose() -> None:
    environment = {**os.environ, "MAKEFLAGS": ""}
    said = subprocess.run(
        ["make", "help"], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout

    for target in (
        *("help", "setup", "build", "check", "format", "test", "test-unit", "test-spark"),
        *("test-laptop", "demo", "up", "down", "plan", "deploy", "destroy", "bench", "clean"),
    ):
        assert f"  make {target} " in said
