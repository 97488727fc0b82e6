"""What a container may write: pure rules first, then the guard in a process of its own."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.containers_files import Files, refusal
from local.containers_image import CannotStart, Image, image_of, read_dockerfile

DOCKERFILE = """
# VOLUME ["/not/this"]
FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 \\
    HEALTH_FILE=/tmp/health.json
RUN useradd poller
VOLUME ["/tmp"]
USER 10001
ENTRYPOINT ["python", "-m", "services.weather_poller"]
"""
IMAGE = read_dockerfile("poller", DOCKERFILE)
BARE = Image("poller", ("python",), {}, frozenset(), "10001")
TMP = [{"sourceVolume": "tmp", "containerPath": "/tmp"}]


def writable(image: Image, **described: Any) -> set[str]:
    files = Files.of(described, image, Path("/home/of/it"))
    return {place.path for place in files.places if place.writable}


def test_a_dockerfile_says_user_volumes_environment_and_entry_point() -> None:
    assert IMAGE.entrypoint == ("python", "-m", "services.weather_poller")
    assert IMAGE.environment == {"PYTHONUNBUFFERED": "1", "HEALTH_FILE": "/tmp/health.json"}
    assert IMAGE.volumes == {"/tmp"}
    assert IMAGE.user == "10001"


def test_an_image_without_an_entry_point_cannot_start() -> None:
    with pytest.raises(CannotStart, match="names no ENTRYPOINT"):
        read_dockerfile("poller", "FROM python\n")


def test_only_services_of_this_checkout_are_images() -> None:
    assert image_of("registry/lake-weather-poller:7").program == "weather_poller"
    with pytest.raises(CannotStart, match="CannotPullContainerError"):
        image_of("registry/somebody-elses:1")


@pytest.mark.parametrize(
    ("image", "described", "places"),
    [
        # The image's own /tmp, which anybody may write to, is taken over by the volume.
        (IMAGE, {"readonlyRootFilesystem": True, "mountPoints": TMP}, {"/tmp"}),
        # Without a VOLUME the volume is empty: root's, with mode 0755.
        (BARE, {"readonlyRootFilesystem": True, "mountPoints": TMP}, set()),
        (BARE, {"readonlyRootFilesystem": True, "mountPoints": TMP, "user": "0:0"}, {"/tmp"}),
        (IMAGE, {"readonlyRootFilesystem": True, "mountPoints": TMP, "user": "root"}, {"/tmp"}),
        # A VOLUME elsewhere belongs to root unless somebody has changed that in the image.
        (
            read_dockerfile("poller", DOCKERFILE.replace('"/tmp"', '"/data"')),
            {
                "readonlyRootFilesystem": True,
                "mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}],
            },
            set(),
        ),
        (
            IMAGE,
            {"readonlyRootFilesystem": True, "mountPoints": [{**TMP[0], "readOnly": True}]},
            set(),
        ),
        # A root that is not read-only has the image's own folders for everybody.
        (BARE, {}, {"/tmp", "/var/tmp"}),
        (IMAGE, {"readonlyRootFilesystem": True}, set()),
    ],
)
def test_the_user_writes_where_ecs_lets_it(
    image: Image, described: dict[str, Any], places: set[str]
) -> None:
    assert writable(image, **described) == places


def test_a_path_of_the_container_is_named_by_the_folder_that_stands_for_it() -> None:
    files = Files.of({"mountPoints": TMP}, IMAGE, Path("/laptop/task"))

    assert files.here("/tmp/health.json") == "/laptop/task/root/tmp/health.json"
    assert files.here("/tmp") == "/laptop/task/root/tmp"
    assert files.here("/tmpfile") == "/tmpfile"
    assert files.here("https://weather/tmp") == "https://weather/tmp"


@pytest.mark.parametrize(
    ("path", "read_only_root", "number"),
    [
        ("/laptop/tmp/health.json", True, None),
        ("/dev/null", True, None),
        ("/laptop/tmpfile", True, errno.EROFS),
        ("/etc/passwd", True, errno.EROFS),
        ("/etc/passwd", False, errno.EACCES),
        ("/laptop/roots/file", True, errno.EACCES),
    ],
)
def test_what_a_write_meets(path: str, read_only_root: bool, number: int | None) -> None:
    mounted = ["/laptop/tmp", "/laptop/roots"]
    assert refusal(path, ["/laptop/tmp"], mounted, read_only_root=read_only_root) == number


PROGRAM = """
import json, os, pathlib, sys
here, elsewhere = map(pathlib.Path, sys.argv[1:])
(here / "mine").write_text("")
(here / "mine").rename(here / "still mine")
refused = {}
for name, change in {
    "write": lambda: (elsewhere / "new").write_text(""),
    "append": lambda: (elsewhere / "old").open("a"),
    "open": lambda: os.open(elsewhere / "new", os.O_CREAT | os.O_WRONLY),
    "move out": lambda: (here / "still mine").rename(elsewhere / "moved"),
    "mkdir": lambda: (elsewhere / "folder").mkdir(),
    "remove": lambda: (elsewhere / "old").unlink(),
    "dodge": lambda: (here / ".." / elsewhere.name / "new").write_text(""),
}.items():
    try:
        change()
    except OSError as error:
        refused[name] = error.errno
print(json.dumps([refused, (elsewhere / "old").read_text()]))
"""


def test_a_program_under_guard_changes_nothing_outside_its_places(tmp_path: Path) -> None:
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    for folder in (here, elsewhere):
        folder.mkdir()
    (elsewhere / "old").write_text("as it was")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    guard = {"writable": [str(here)], "mounted": [str(here)], "read_only_root": True}

    done = subprocess.run(
        [
            *(sys.executable, "-m", "local.containers_root", json.dumps(guard)),
            *("python", str(program), str(here), str(elsewhere)),
        ],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    kinds = ("write", "append", "open", "move out", "mkdir", "remove", "dodge")
    assert json.loads(done.stdout) == [dict.fromkeys(kinds, errno.EROFS), "as it was"]
    assert sorted(elsewhere.iterdir()) == [elsewhere / "old"]
