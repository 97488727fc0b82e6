"""A checkout of the project: where a source's files go, written all or none, and compiled."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lake.errors import CatalogError
from lake_cli.exits import Exit, Stop
from lake_cli.new_source.names import SourceName

_SIGNS: Final = ("domains", "scripts/catalog_compiler")
Texts = Mapping[str, str]


@dataclass(frozen=True)
class Places:
    """The files of a source, from the checkout's root."""

    declaration: str
    samples: str
    test: str

    @classmethod
    def of(cls, source: SourceName) -> Places:
        """Where they go by the source's name."""
        return cls(
            declaration=f"domains/{source.domain}/catalog/sources/{source.name}.yaml",
            samples=f"tests/sources/samples/{source.slug}.csv",
            test=f"tests/sources/test_{source.slug}.py",
        )


@dataclass(frozen=True)
class Checkout:
    """A folder with the catalogue and what compiles it."""

    root: Path

    @classmethod
    def around(cls, folder: Path) -> Checkout:
        """The checkout that a folder lies in."""
        start = folder.resolve()
        for root in (start, *start.parents):
            if all((root / sign).is_dir() for sign in _SIGNS):
                return cls(root)
        raise Stop(
            f"'{folder}' lies in no checkout of the project",
            "go to where domains/ and scripts/ are, or name that folder with --into",
            Exit.USAGE,
        )

    def require_free(self, source: SourceName) -> None:
        """Nothing, or the refusal where a file of the source is there already."""
        places = Places.of(source)
        for path in (places.declaration, places.samples, places.test):
            if (self.root / path).exists():
                hint = "nothing was changed: choose another name, or edit what is there"
                raise Stop(f"{path} exists already", hint)

    def add(self, texts: Texts) -> None:
        """Writes new files and compiles the catalogue; what goes wrong leaves nothing of them."""
        made: list[Path] = []
        try:
            for path, text in texts.items():
                _make(self.root / path, text, made)
            self._compile()
        except BaseException:
            _unmake(made)
            raise

    def _compile(self) -> None:
        sys.path.insert(0, str(self.root))
        try:
            from scripts.catalog_compiler.compiler import compile_catalog
        except ImportError as error:
            hint = "call the checkout's own command, .venv/bin/lake (`make setup` makes it)"
            raise Stop(f"the catalogue cannot be compiled here: {error}", hint) from error
        finally:
            sys.path.remove(str(self.root))
        try:
            compile_catalog(self.root)
        except CatalogError as error:
            hint = "nothing was written"
            raise Stop(f"the catalogue does not compile with it: {error}", hint) from error


def _make(path: Path, text: str, made: list[Path]) -> None:
    """A new file and the folders that it lacks, each noted before it is there."""
    try:
        for folder in [folder for folder in reversed(path.parents) if not folder.exists()]:
            made.append(folder)
            folder.mkdir()
        made.append(path)
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError as error:
        made.pop()  # somebody else's, made in this very moment
        raise Stop(f"{error.filename} exists already", "nothing was changed") from error
    except OSError as error:
        raise Stop(f"{error.filename} cannot be written: {error.strerror}") from error


def _unmake(made: list[Path]) -> None:
    for path in reversed(made):
        if not path.is_dir():
            path.unlink(missing_ok=True)
            continue
        with suppress(OSError):  # somebody else has put something into it
            path.rmdir()
