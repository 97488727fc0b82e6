"""Clients are found by the names that declarations give them: `domains/<domain>/clients/`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from functions.ingest.found import Client
from lake.catalog import Source
from lake.errors import LakeError
from lake.names import nearest


def client_of(source: Source) -> Client:
    """The `ask` of the client with which a source is polled."""
    if source.poll is None or source.poll.client is None:
        raise LakeError(f"{source.id} is not polled: its declaration names no client to ask with")
    name, place = source.poll.client, f"domains.{source.domain}.clients"
    known = _names(place)
    if name not in known:
        raise LakeError(f"{source.id}: no client is called '{name}'{nearest(name, known)}")
    client: Client = import_module(f"{place}.{name}").ask
    return client


def _names(place: str) -> list[str]:
    try:
        package = import_module(place)
    except ModuleNotFoundError:
        return []
    return [module.name for module in iter_modules(package.__path__)]
