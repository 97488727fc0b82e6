"""YAML with positions: every complaint names the file, the line and the key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lake.errors import CatalogError
from lake.names import nearest


@dataclass(frozen=True)
class Place:
    """Where a value was written."""

    file: str
    line: int

    def refuse(self, what: str) -> CatalogError:
        """A complaint about what stands here."""
        return CatalogError(f"{self.file}:{self.line}: {what}")


@dataclass(frozen=True)
class Entry:
    """One value of a declaration and where it stands."""

    value: Any  # a scalar, a list of entries or a dict of entries
    place: Place

    def plain(self) -> Any:
        """The value without its places."""
        if isinstance(self.value, dict):
            return {name: entry.plain() for name, entry in self.value.items()}
        if isinstance(self.value, list):
            return [entry.plain() for entry in self.value]
        return self.value


def read(path: Path, shown_as: str) -> Entry:
    """One YAML file; a key that is written twice is refused, a scalar keeps YAML's own types."""
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CatalogError(f"{shown_as}:{line}: no valid YAML: {error.problem}") from error
    if node is None:
        raise CatalogError(f"{shown_as}:1: the file is empty")
    return _entry(node, shown_as)


@dataclass(frozen=True)
class File:
    """One declaration: whose it is, and what it is called."""

    domain: str
    path: Path
    shown_as: str

    @property
    def name(self) -> str:
        """The file's name, which is the name of what it declares."""
        return self.path.stem

    def read(self) -> Entry:
        """What it says."""
        return read(self.path, self.shown_as)


def files(root: Path, kind: str) -> Iterator[File]:
    """The declarations of one kind: every domain's, and what the engine itself declares."""
    domains = [(path.parent.name, path) for path in sorted(root.glob("domains/*/catalog"))]
    engine = [(path.name, path) for path in sorted(root.glob("catalog/*"))]
    for domain, folder in (*domains, *engine):
        for path in sorted(folder.glob(f"{kind}/*.yaml")):
            yield File(domain, path, path.relative_to(root).as_posix())


def _entry(node: yaml.Node, file: str) -> Entry:
    place = Place(file, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        pairs: dict[str, Entry] = {}
        for key, value in node.value:
            if key.value in pairs:
                raise Place(file, key.start_mark.line + 1).refuse(f"'{key.value}' stands twice")
            entry = _entry(value, file)
            pairs[key.value] = Entry(entry.value, Place(file, key.start_mark.line + 1))
        return Entry(pairs, place)
    if isinstance(node, yaml.SequenceNode):
        return Entry([_entry(item, file) for item in node.value], place)
    try:
        return Entry(yaml.SafeLoader("").construct_object(node), place)
    except (yaml.MarkedYAMLError, ValueError) as error:  # a tag of nobody's, the 30th of February
        why = error.problem if isinstance(error, yaml.MarkedYAMLError) else error
        raise place.refuse(f"no valid YAML: {why}") from error


Shape = Callable[[Entry, str], None]


def text(entry: Entry, name: str) -> None:
    """Some words."""
    if not isinstance(entry.value, str) or not entry.value.strip():
        raise entry.place.refuse(f"'{name}' must be a text")


def flag(entry: Entry, name: str) -> None:
    """true or false."""
    if not isinstance(entry.value, bool):
        raise entry.place.refuse(f"'{name}' must be true or false")


def number(entry: Entry, name: str) -> None:
    """A number."""
    if isinstance(entry.value, bool) or not isinstance(entry.value, int | float):
        raise entry.place.refuse(f"'{name}' must be a number")


def one_of(*choices: str) -> Shape:
    """One of a few words."""

    def shape(entry: Entry, name: str) -> None:
        if entry.value not in choices:
            hint = nearest(str(entry.value), choices)
            known = ", ".join(choices)
            raise entry.place.refuse(f"'{name}' is '{entry.value}'{hint}: one of {known}")

    return shape


def list_of(item: Shape, length: int | None = None) -> Shape:
    """A list of one kind of thing."""

    def shape(entry: Entry, name: str) -> None:
        if not isinstance(entry.value, list):
            raise entry.place.refuse(f"'{name}' must be a list")
        if length is not None and len(entry.value) != length:
            raise entry.place.refuse(f"'{name}' must hold {length} values")
        for part in entry.value:
            item(part, name)

    return shape


def map_of(item: Shape) -> Shape:
    """Names that the author chooses, each with one kind of thing."""

    def shape(entry: Entry, name: str) -> None:
        if not isinstance(entry.value, dict):
            raise entry.place.refuse(f"'{name}' must be a mapping")
        for key, part in entry.value.items():
            item(part, key)

    return shape


def record(fields: Mapping[str, Shape], required: Iterable[str] = ()) -> Shape:
    """Names that we chose: an unknown one is refused with the nearest that we know."""

    def shape(entry: Entry, name: str) -> None:
        if not isinstance(entry.value, dict):
            raise entry.place.refuse(f"'{name}' must be a mapping")
        for key, part in entry.value.items():
            if key not in fields:
                hint = nearest(key, fields) or f": known are {', '.join(fields)}"
                raise part.place.refuse(f"unknown key '{key}' in '{name}'{hint}")
            fields[key](part, key)
        for key in required:
            if key not in entry.value:
                raise entry.place.refuse(f"'{name}' lacks the key '{key}'")

    return shape
