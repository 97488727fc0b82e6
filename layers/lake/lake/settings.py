"""Settings of a function, read from the environment once and typed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Self, get_type_hints

from lake.errors import SettingsError


@dataclass(frozen=True)
class Settings:
    """Base of each function's settings: a field `ledger_table` is the variable LEDGER_TABLE."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """The only reader of the environment; names every missing variable at once."""
        environ = os.environ if environ is None else environ
        kinds = get_type_hints(cls)
        missing = [
            field.name.upper()
            for field in fields(cls)
            if field.default is MISSING and not environ.get(field.name.upper())
        ]
        if missing:
            raise SettingsError(f"missing in the environment: {', '.join(missing)}")
        return cls(
            **{
                field.name: kinds[field.name](environ[field.name.upper()])
                for field in fields(cls)
                if environ.get(field.name.upper())
            }
        )
