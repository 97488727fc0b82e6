"""The few errors that have a name."""

from __future__ import annotations


class LakeError(Exception):
    """Anything the lake refuses to do; the text is a sentence for a person."""


class CatalogError(LakeError):
    """The declarations contradict themselves or name something that does not exist."""


class KeyRefused(LakeError):
    """An object key that belongs to no declared source."""


class FileRefused(LakeError):
    """A file that can never be loaded as it is: terminal, never retried."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason

    def __reduce__(self) -> tuple[type[FileRefused], tuple[str, str]]:
        # Spark brings errors home by pickle, and pickle would call __init__ with one argument.
        return FileRefused, (self.code, self.reason)


class AccountingError(LakeError):
    """The rows that were read are not the rows that were accounted for."""


class SettingsError(LakeError):
    """The environment lacks something; names every missing variable at once."""
