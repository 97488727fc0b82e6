"""Where a lake's API answers, and with which key: by the environment, or by the deployment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lake.errors import LakeError

LAPTOP: Final = "laptop"
Address = tuple[str, str | None]


def of_environment(environ: Mapping[str, str] = os.environ) -> Address:
    """LAKE_API_URL with LAKE_API_KEY; without an address, what is deployed from this checkout."""
    url = environ.get("LAKE_API_URL")
    return (url, environ.get("LAKE_API_KEY")) if url else of_deployment(None, None, environ)


def of_deployment(
    env: str | None, key: str | None = None, environ: Mapping[str, str] = os.environ
) -> Address:
    """The address in the deployment file; on the laptop the key lies beside it."""
    env = env or environ.get("LAKE_ENV") or LAPTOP
    return of_file(_deployment_file(env, environ), env, key, environ)


def of_file(
    file: Path, env: str, key: str | None = None, environ: Mapping[str, str] = os.environ
) -> Address:
    """What a deployment file names; LAKE_API_KEY is a key that somebody was given."""
    try:
        values: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        how = "lake up" if env == LAPTOP else f"make deploy ENV={env}"
        raise LakeError(f"no lake is deployed as '{env}' ({file} is not there): {how}") from None
    except (OSError, ValueError) as error:
        raise LakeError(f"{file} cannot be read: {error}") from error
    url = values.get("results_url")
    if not url:
        raise LakeError(f"{file} names no results_url: it is older than the API, apply again")
    return str(url), key or environ.get("LAKE_API_KEY") or _kept_key(file, env)


def _deployment_file(env: str, environ: Mapping[str, str]) -> Path:
    if chosen := environ.get("LAKE_DEPLOYMENT"):
        return Path(chosen)
    place = Path(".laptop/deployment.json") if env == LAPTOP else Path(f"deployments/{env}.json")
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / place).is_file():
            return folder / place
    return here / place


def _kept_key(file: Path, env: str) -> str | None:
    """The key that the laptop's deploy made once."""
    kept = file.parent / "api-key"
    if env != LAPTOP or not kept.is_file():
        return None
    return kept.read_text(encoding="utf-8").strip() or None
