"""`make image`: what stands in the container names it, an engine builds it once, ECR keeps it.

No engine is here: programs that write down how they were called stand in its place on the PATH.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import NoCredentialsError
from moto import mock_aws

from scripts import deploy
from scripts.deployment.image import SERVICE, content_tag
from tests.scripts.deploying import answering

REPOSITORY = "tfm-dgv-mbdde-dev-weather-poller"
HOST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
# In the order of their names, as the hash takes them.
PARTS = (
    *("Dockerfile", "__init__.py", "__main__.py", "answers.py", "edges.py", "health.py"),
    *("poller.py", "requirements.txt", "settings.py"),
)
# Writes down its words, what it reads, and what a build would see; fails where it is told to.
RECORDER = """\
#!{python}
import json, os, sys
from pathlib import Path
words = sys.argv[1:]
seen = {{"program": Path(sys.argv[0]).name, "words": words}}
if words[0] == "login":
    seen["stdin"] = sys.stdin.read()
if words[0] == "build":
    context = Path(words[-1])
    seen["files"] = sorted(str(f.relative_to(context)) for f in context.rglob("*") if f.is_file())
    print("step 1 of 1")
with open(os.environ["RECORD"], "a") as record:
    record.write(json.dumps(seen) + "\\n")
failing = os.environ.get("FAILING", "").split(",")
if words[0] in failing or f"{{seen['program']}} {{words[0]}}" in failing:
    print(os.environ.get("WORDS", "it went wrong"), file=sys.stderr)
    sys.exit(1)
"""


class Bench:
    """A PATH of recording engines, and a lake whose registry is moto's."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.record, self.bin = folder / "record.jsonl", folder / "bin"
        self.bin.mkdir()
        self._patch = patch
        patch.setenv("PATH", str(self.bin))
        patch.setenv("RECORD", str(self.record))
        patch.setattr(deploy, "ROOT", folder)
        self.ecr: Any = boto3.client("ecr", region_name="eu-west-1")
        self.ecr.create_repository(repositoryName=REPOSITORY, imageTagMutability="IMMUTABLE")
        image = {"repository": f"{HOST}/{REPOSITORY}", "architecture": "arm64"}
        deployments = folder / "deployments"
        deployments.mkdir()
        values = {"region": "eu-west-1", "weather_poller_image": image}
        (deployments / "dev.json").write_text(json.dumps(values))

    def install(self, *engines: str) -> None:
        for engine in engines:
            program = self.bin / engine
            program.write_text(RECORDER.format(python=sys.executable))
            program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def fail(self, what: str, words: str = "it went wrong") -> None:
        self._patch.setenv("FAILING", what)
        self._patch.setenv("WORDS", words)

    @property
    def calls(self) -> list[dict[str, Any]]:
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield Bench(tmp_path, monkeypatch)


def hand_made_tag() -> str:
    """The tag, reckoned here once more from the files."""
    total = hashlib.sha256()
    for name in PARTS:
        total.update(name.encode() + b"\0" + hashlib.sha256((SERVICE / name).read_bytes()).digest())
    return total.hexdigest()[:16]


def test_the_image_is_built_for_arm_and_pushed_under_a_tag_that_its_content_gives(
    bench: Bench,
) -> None:
    bench.install("docker")

    assert deploy.main(["image", "--env", "dev"]) == 0

    info, build, login, push, logout = bench.calls
    name = f"{HOST}/{REPOSITORY}:{hand_made_tag()}-arm64"
    assert info["words"] == ["info"]
    assert build["words"][:-1] == ["build", "--platform", "linux/arm64", "--tag", name]
    assert login["words"] == ["login", "--username", "AWS", "--password-stdin", HOST]
    assert push["words"] == ["push", name]
    assert logout["words"] == ["logout", HOST]


def test_the_password_goes_by_stdin_and_on_no_command_line(bench: Bench) -> None:
    bench.install("docker")
    token = bench.ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    password = base64.b64decode(token).decode().removeprefix("AWS:")

    assert deploy.main(["image", "--env", "dev"]) == 0

    (login,) = (call for call in bench.calls if call["words"][0] == "login")
    assert login["stdin"] == password
    assert not any(password in word for call in bench.calls for word in call["words"])


def test_only_what_the_tag_was_made_of_goes_into_the_image(bench: Bench) -> None:
    bench.install("docker")

    assert deploy.main(["image", "--env", "dev"]) == 0

    (build,) = (call for call in bench.calls if call["words"][0] == "build")
    assert build["files"] == ["Dockerfile", *(f"services/weather_poller/{name}" for name in PARTS)]


def test_an_image_that_is_there_is_not_built_again_and_needs_no_engine(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": {}, "layers": []})
    tag = f"{hand_made_tag()}-arm64"
    bench.ecr.put_image(repositoryName=REPOSITORY, imageManifest=manifest, imageTag=tag)

    assert deploy.main(["image", "--env", "dev"]) == 0

    assert bench.calls == []
    assert "is in the registry already" in capsys.readouterr().out


def test_one_changed_line_gives_another_tag(tmp_path: Path) -> None:
    for file in SERVICE.glob("*.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "Dockerfile").write_bytes((SERVICE / "Dockerfile").read_bytes())
    assert content_tag(tmp_path) == content_tag()
    (tmp_path / "notes.txt").write_text("not in the image")
    assert content_tag(tmp_path) == content_tag()

    (tmp_path / "health.py").write_bytes((SERVICE / "health.py").read_bytes() + b"\n")

    assert content_tag(tmp_path) != content_tag()


@pytest.mark.parametrize("engine", ["podman", "finch"])
def test_podman_and_finch_do_as_well(bench: Bench, engine: str) -> None:
    bench.install(engine)

    assert deploy.main(["image", "--env", "dev"]) == 0

    assert {call["program"] for call in bench.calls} == {engine}
    verbs = [call["words"][0] for call in bench.calls]
    assert verbs == ["info", "build", "login", "push", "logout"]


def test_an_engine_that_answers_is_taken_before_one_that_does_not(bench: Bench) -> None:
    bench.install("docker", "podman")
    bench.fail("docker info")

    assert deploy.main(["image", "--env", "dev"]) == 0

    assert [call["program"] for call in bench.calls] == ["docker"] + 5 * ["podman"]


def test_without_an_engine_one_sentence_says_what_to_do(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy.main(["image", "--env", "dev"]) == 1

    assert capsys.readouterr().err == (
        "deploy: an image needs Docker, Podman or Finch, and none is on the PATH: install one of "
        "them, or run `make image` on a machine that has one.\n"
    )


def test_an_engine_that_is_not_started_is_named(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.install("docker")
    bench.fail("info")

    assert deploy.main(["image", "--env", "dev"]) == 1

    assert "docker is installed but its engine does not answer: start" in capsys.readouterr().err
    assert [call["words"] for call in bench.calls] == [["info"]]


def test_the_password_is_forgotten_also_when_the_push_fails(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.install("docker")
    bench.fail("push", "denied: no")

    assert deploy.main(["image", "--env", "dev"]) == 1

    assert [call["words"][0] for call in bench.calls][-2:] == ["push", "logout"]
    assert "deploy: `docker push` failed: denied: no" in capsys.readouterr().err


def test_a_lake_that_was_never_applied_has_no_registry(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    assert deploy.main(["image", "--env", "prod"]) == 1

    assert "prod has no registry yet: `make deploy ENV=prod`" in capsys.readouterr().err


def test_without_credentials_the_registry_is_not_even_asked_for(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.install("docker")

    with answering({"GetCallerIdentity": NoCredentialsError()}):
        assert deploy.main(["image", "--env", "dev"]) == 1

    assert "there are no AWS credentials here: set AWS_PROFILE" in capsys.readouterr().err
    assert bench.calls == []


def test_the_laptop_needs_no_image(capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy.main(["image"]) == 1

    assert "it needs no image" in capsys.readouterr().err


def test_a_deploy_runs_the_image_of_its_checkout_unless_another_is_named() -> None:
    assert deploy.inputs(None, {})["TF_VAR_weather_poller_tag"] == hand_made_tag()
    older = {"TF_VAR_weather_poller_tag": "0123456789abcdef"}
    assert deploy.inputs(None, older)["TF_VAR_weather_poller_tag"] == "0123456789abcdef"
    assert deploy.inputs(None, {"HOME": os.curdir})["HOME"] == os.curdir
