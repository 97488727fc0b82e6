"""The laptop's own key of the results API: made once, kept beside the deployment file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lake.api_keys import ApiKey, hash_of, new_key
from lake_cli.api_keys import listed
from lake_cli.deployment import LAPTOP, Deployment

# A page asks for several results at once, a bench for more; nobody else has this key.
RATE, BURST = 200, 400


def key_file(state_dir: Path) -> Path:
    """Where the laptop's key lies; only its owner reads it."""
    return state_dir / "api-key"


def keep_a_key(values: Mapping[str, Any], state_dir: Path) -> None:
    """See to it that the laptop's key opens the API; a new one is made where there is none."""
    deployment, file = Deployment(LAPTOP, values), key_file(state_dir)
    key = file.read_text().strip() if file.exists() else new_key()
    if hash_of(key) not in {known.hash for known in listed(deployment)}:
        item = ApiKey.of(key, LAPTOP, RATE, BURST).item()
        deployment.client("dynamodb").put_item(TableName=values["api_keys_table"], Item=item)
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as kept:
            kept.write(f"{key}\n")


def forget_the_key(state_dir: Path) -> None:
    """The table is gone; so is the key."""
    key_file(state_dir).unlink(missing_ok=True)
