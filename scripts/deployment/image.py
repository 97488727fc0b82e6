"""The weather poller's image: named by what goes into it, built once, pushed to the registry."""

from __future__ import annotations

import base64
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.console import Console
from scripts.deployment.engines import find_engine
from scripts.deployment.runs import DeployError
from scripts.provision.venvs import digest

SERVICE = Path(__file__).resolve().parents[2] / "services" / "weather_poller"
# What the Dockerfile copies; whatever else lies in the folder stays out of the image and its name.
PARTS = ("Dockerfile", "requirements.txt", "*.py")
PLATFORMS = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}
TAG_LETTERS = 16


def parts_of(service: Path = SERVICE) -> list[Path]:
    """The files that the image is made of."""
    return sorted(file for pattern in PARTS for file in service.glob(pattern))


def content_tag(service: Path = SERVICE) -> str:
    """The image's tag without its processor: other content has another one."""
    return digest(parts_of(service))[:TAG_LETTERS]


@dataclass(frozen=True)
class Image:
    """One image in one registry."""

    repository: str
    architecture: str
    content: str

    @classmethod
    def of(cls, outputs: Mapping[str, Any], service: Path = SERVICE) -> Image:
        """The image that this checkout has for a deployed lake."""
        place = outputs["weather_poller_image"]
        return cls(place["repository"], place["architecture"], content_tag(service))

    @property
    def tag(self) -> str:
        """The tag, as terraform/services.tf puts it together."""
        return f"{self.content}-{self.architecture}"

    @property
    def name(self) -> str:
        """What engines and ECS call it."""
        return f"{self.repository}:{self.tag}"

    @property
    def registry(self) -> str:
        """The host that holds it."""
        return self.repository.partition("/")[0]


def publish(image: Image, ecr: Any, console: Console, service: Path = SERVICE) -> bool:
    """Builds and pushes an image unless the registry has it; True when it was pushed."""
    if is_there(ecr, image.name):
        console.say(f"  image: {image.name} is in the registry already")
        return False
    engine = find_engine()
    with tempfile.TemporaryDirectory() as folder:
        context = stage(Path(folder), service)
        with console.step("image", f"{engine.name} builds", f"built by {engine.name}") as step:
            engine.build(image.name, context, PLATFORMS[image.architecture], step.note)
    with console.step("image", "pushing", f"pushed as {image.name}"):
        engine.login(image.registry, password_of(ecr))
        try:
            engine.push(image.name)
        finally:
            engine.logout(image.registry)
    return True


def is_there(ecr: Any, name: str) -> bool:
    """True when the registry has an image, False when it has not or is not there itself."""
    from botocore.exceptions import ClientError

    repository, _, tag = name.partition("/")[2].rpartition(":")
    try:
        ecr.describe_images(repositoryName=repository, imageIds=[{"imageTag": tag}])
    except ClientError as error:
        if error.response["Error"]["Code"] in {
            "ImageNotFoundException",
            "RepositoryNotFoundException",
        }:
            return False
        raise
    return True


def password_of(ecr: Any) -> str:
    """The registry's password of the next twelve hours."""
    (grant,) = ecr.get_authorization_token()["authorizationData"]
    user, _, password = base64.b64decode(grant["authorizationToken"]).decode().partition(":")
    if user != "AWS" or not password:
        raise DeployError("the registry gave a password that is none: try again.")
    return password


def stage(folder: Path, service: Path) -> Path:
    """A folder with what the image is made of and nothing else, as the Dockerfile wants it."""
    place = folder / "services" / service.name
    place.mkdir(parents=True)
    for part in parts_of(service):
        shutil.copyfile(part, place / part.name)
    shutil.copyfile(service / "Dockerfile", folder / "Dockerfile")
    return folder
