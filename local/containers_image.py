"""What the Dockerfile of a service of this checkout says of its image."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local.installed import REPOSITORY

_CONTINUED = re.compile(r"\\\s*\n")
_INSTRUCTION = re.compile(r"^([A-Z]+)\s+(.*)$")


class CannotStart(RuntimeError):
    """A task that can't run here; the text is what ECS says as its reason."""


@dataclass(frozen=True)
class Image:
    """An image as far as a container's start depends on it."""

    program: str
    entrypoint: tuple[str, ...]
    environment: Mapping[str, str]
    volumes: frozenset[str]
    user: str


def image_of(reference: str) -> Image:
    """The image that a reference (registry/repository:tag) names."""
    repository = reference.partition("@")[0].rpartition("/")[2].partition(":")[0]
    for dockerfile in sorted((REPOSITORY / "services").glob("*/Dockerfile")):
        name = dockerfile.parent.name
        if repository.endswith(name.replace("_", "-")):
            return read_dockerfile(name, dockerfile.read_text())
    raise CannotStart(f"CannotPullContainerError: no service of this checkout is {repository}")


def read_dockerfile(program: str, text: str) -> Image:
    """What a Dockerfile sets, as far as a start needs it."""
    entrypoint: list[str] = []
    environment: dict[str, str] = {}
    volumes: set[str] = set()
    user = "root"
    for instruction, rest in _instructions(text):
        match instruction:
            case "ENTRYPOINT":
                entrypoint = _listed(rest)
            case "ENV":
                environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            case "VOLUME":
                volumes |= set(_listed(rest))
            case "USER":
                user = rest
    if not entrypoint:
        raise CannotStart(f"the Dockerfile of {program} names no ENTRYPOINT")
    return Image(program, tuple(entrypoint), environment, frozenset(volumes), user)


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    for line in _CONTINUED.sub(" ", text).splitlines():
        if matched := _INSTRUCTION.match(line):
            yield matched[1], matched[2].strip()


def _listed(rest: str) -> list[str]:
    """The JSON form of an instruction, or its words."""
    if rest.startswith("["):
        return [str(word) for word in json.loads(rest)]
    return shlex.split(rest)
