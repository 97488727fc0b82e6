"""Finding Terraform's AWS provider on this machine, for where its registry can't be reached."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

PROVIDER = Path("registry.terraform.io") / "hashicorp" / "aws"
# Where administrators put such folders; a mirror lies here or one folder below.
SYSTEM_PREFIXES = ("/opt", "/usr/share", "/usr/local/share", "/usr/local/lib", "/var/lib", "/srv")
PROCESSORS = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class MirrorError(Exception):
    """A mirror that was named is not one."""


def this_platform() -> str:
    """Terraform's word for this machine, for example linux_amd64."""
    processor = platform.machine().lower()
    return f"{platform.system().lower()}_{PROCESSORS.get(processor, processor)}"


def locked_version(lock_file: Path) -> str | None:
    """The provider's version that the lock file holds."""
    found = re.search(
        r'provider "registry\.terraform\.io/hashicorp/aws" \{\s*version\s*=\s*"([^"]+)"',
        lock_file.read_text() if lock_file.exists() else "",
    )
    return found.group(1) if found else None


def holds_provider(folder: Path, version: str | None, machine: str) -> bool:
    """True when a folder is a mirror (unpacked or packed) with the provider for this machine."""
    provider = folder / PROVIDER
    wanted = version or "*"
    packed = f"terraform-provider-aws_{wanted}_{machine}.zip"
    try:
        unpacked = any(
            any(found.glob("terraform-provider-aws*"))
            for found in provider.glob(f"{wanted}/{machine}")
        )
        return unpacked or any(provider.glob(packed))
    except OSError:
        return False


def find_mirror(
    version: str | None,
    root: Path,
    *,
    environment: Mapping[str, str] = os.environ,
    prefixes: tuple[str, ...] = SYSTEM_PREFIXES,
    machine: str | None = None,
) -> Path | None:
    """The first folder that holds the provider; TF_PLUGIN_DIR is believed, or said to be wrong."""
    machine = machine or this_platform()
    named = environment.get("TF_PLUGIN_DIR")
    if named:
        if not holds_provider(Path(named), version, machine):
            raise MirrorError(
                f"TF_PLUGIN_DIR ({named}) holds no {PROVIDER} {version or ''} for {machine}: "
                "put it there, or unset the variable."
            )
        return Path(named).resolve()
    for folder in (*implied(root, environment), *below(prefixes)):
        if holds_provider(folder, version, machine):
            return folder.resolve()
    return None


def implied(root: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """The folders that Terraform itself takes for mirrors when nothing is configured."""
    home = Path(environment.get("HOME") or "~").expanduser()
    yield root / "terraform.d" / "plugins"
    yield home / ".terraform.d" / "plugins"
    yield home / "Library" / "Application Support" / "io.terraform" / "plugins"
    yield Path("/Library/Application Support/io.terraform/plugins")
    data_home = environment.get("XDG_DATA_HOME") or home / ".local" / "share"
    data_dirs = environment.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    for folder in (data_home, *data_dirs.split(":")):
        yield Path(folder) / "terraform" / "plugins"


def below(prefixes: tuple[str, ...]) -> Iterator[Path]:
    """Each prefix and the folders directly in it."""
    for prefix in map(Path, prefixes):
        yield prefix
        try:
            yield from sorted(child for child in prefix.iterdir() if child.is_dir())
        except OSError:
            continue


def user_chose_installation(environment: Mapping[str, str]) -> bool:
    """True when the user's own Terraform settings say where providers come from."""
    home = Path(environment.get("HOME") or "~").expanduser()
    settings = environment.get("TF_CLI_CONFIG_FILE") or home / ".terraformrc"
    try:
        return "provider_installation" in Path(settings).read_text(errors="replace")
    except OSError:
        return False
