"""Which files a container may write: a read-only root and volumes, as ECS mounts them.

An empty volume belongs to root and lets nobody else write. Where the image declares a VOLUME at the
very path, the volume takes over what the image has there: a /tmp that everybody may write to.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.containers_image import Image

# Every base image has these with the sticky bit, for anybody to write to.
_FOR_EVERYBODY = ("/tmp", "/var/tmp")  # noqa: S108 - a path in the container


@dataclass(frozen=True)
class Place:
    """A folder of the container, the folder that stands for it here, and whether it is writable."""

    path: str
    folder: Path
    writable: bool


@dataclass(frozen=True)
class Files:
    """What of the file system a container's program may change."""

    places: tuple[Place, ...]
    read_only_root: bool

    @classmethod
    def of(cls, described: Mapping[str, Any], image: Image, home: Path) -> Files:
        """The files of one container of a task definition."""
        user = str(described.get("user") or image.user).partition(":")[0]
        read_only = bool(described.get("readonlyRootFilesystem"))
        places = {} if read_only else dict.fromkeys(_FOR_EVERYBODY, True)
        for mount in described.get("mountPoints") or []:
            path = str(mount["containerPath"]).rstrip("/")
            kept_from_image = path in image.volumes and path in _FOR_EVERYBODY
            may = user in ("root", "0") or kept_from_image
            places[path] = may and not mount.get("readOnly")
        return cls(
            tuple(
                Place(path, home / "root" / path.strip("/"), may) for path, may in places.items()
            ),
            read_only,
        )

    def here(self, value: str) -> str:
        """A path in the container as the path that stands for it here; other words as they are."""
        for place in self.places:
            if value == place.path or value.startswith(place.path + "/"):
                return str(place.folder) + value[len(place.path) :]
        return value

    def guard(self) -> dict[str, Any]:
        """What `local.containers_root` is told."""
        return {
            "writable": [str(place.folder) for place in self.places if place.writable],
            "mounted": [str(place.folder) for place in self.places],
            "read_only_root": self.read_only_root,
        }


def refusal(
    path: str, writable: Iterable[str], mounted: Iterable[str], *, read_only_root: bool
) -> int | None:
    """The number of the error that a write to a path (absolute, resolved) meets; None if none."""
    if any(_within(path, folder) for folder in (*writable, "/dev")):
        return None
    if read_only_root and not any(_within(path, folder) for folder in mounted):
        return errno.EROFS
    return errno.EACCES


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")
