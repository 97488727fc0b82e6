"""The lake's results in Python: `Client(url, key).to_pandas("emt_lines")`.

Needs what `pip install "./layers/lake[client]"` brings: requests, and pandas for `to_pandas`.

    lake = Client.from_deployment()          # of a checkout: the laptop's lake, or env="dev"
    lake.results()                           # what there is, and how fresh
    for row in lake.rows("emt_delays_by_hour", line=["27", "N1"], event_hour__ge="2025-08-30"):
        ...                                  # page by page, all of one snapshot

A filter is a column: a value or several (any of them), or `column__ge`, `__gt`, `__le`, `__lt`,
`__ne`. A refusal is an error with the API's own words, and what it would have taken.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

from lake.client import endpoints
from lake.client.asking import Parameters, pause_of, question, words
from lake.client.refusals import (
    PASSES,
    ApiError,
    NoAccess,
    NotFound,
    Refused,
    Unavailable,
    refusal,
    silent,
)
from lake.errors import LakeError

if TYPE_CHECKING:
    import pandas as pd
    import requests

__all__ = ["ApiError", "Client", "NoAccess", "NotFound", "Refused", "Unavailable"]

AGENT: Final = "lake-client/1"
TIMEOUT_S: Final = (5.0, 35.0)  # to be let in; for an answer, which comes within 30 s or never
TRIES: Final = 5
LONGEST_PAUSE_S: Final = 30.0
Row = dict[str, Any]


class Client:
    """One lake's API, by its address and a key; for one thread at a time."""

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        tries: int = TRIES,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url.rstrip("/")
        self._tries, self._sleep = tries, sleep
        self._requests = _needed("requests")
        self._largest: dict[str, int] = {}
        self.session: requests.Session = self._requests.Session()
        self.session.headers["User-Agent"] = AGENT
        if key:
            self.session.headers["x-api-key"] = key

    @classmethod
    def from_deployment(cls, env: str | None = None, key: str | None = None) -> Self:
        """The lake that is deployed from this checkout: the laptop's, or the one of `env`."""
        return cls(*endpoints.of_deployment(env, key))

    @classmethod
    def from_env(cls) -> Self:
        """The lake of LAKE_API_URL and LAKE_API_KEY; without them, that of the checkout."""
        return cls(*endpoints.of_environment())

    def results(self) -> list[Row]:
        """Every result: what it is, how many rows, how fresh."""
        found: list[Row] = self._json("/v1/results")["results"]
        return found

    def describe(self, name: str) -> Row:
        """A result with its columns, their meaning, and the snapshots that can be asked for."""
        found = self._json(f"/v1/results/{quote(name, safe='')}")
        self._largest[name] = int(found["page"])
        return found

    def status(self) -> Row:
        """The state of the lake: sources, loads, tables, pipelines, what a person should do."""
        return self._json("/v1/status")

    def rows(
        self,
        name: str,
        *,
        sort: str | Iterable[str] = (),
        fields: str | Iterable[str] = (),
        limit: int | None = None,
        page: int | None = None,
        snapshot: str | None = None,
        where: Mapping[str, Any] | None = None,
        **filters: Any,
    ) -> Iterator[Row]:
        """The rows of a result, at most `limit`, fetched `page` by page; all of one snapshot.

        `where` holds filters too, for a column that is called like one of these words.
        """
        filters = {**(where or {}), **filters}
        asked = question(sort=sort, fields=fields, snapshot=snapshot, filters=filters)
        path = f"/v1/results/{quote(name, safe='')}/rows"
        page = page or self._page(name)
        left, turn = limit, Parameters()
        while left is None or left > 0:
            size = ("limit", str(page if left is None else min(page, left)))
            found = self._json(path, [*asked, size, *turn])
            yield from found["rows"]
            if not found["next"]:
                return
            turn = [("cursor", found["next"])]
            left = None if left is None else left - len(found["rows"])

    def to_pandas(self, name: str, **asked: Any) -> pd.DataFrame:
        """The rows as a frame, each column of its declared type, also where there is no row."""
        pandas = _needed("pandas")
        declared = {column["name"]: column["type"] for column in self.describe(name)["columns"]}
        rows = list(self.rows(name, **asked))
        chosen = words(asked.get("fields", ())) or list(declared)
        columns = {
            column: _series(pandas, [row[column] for row in rows], declared[column])
            for column in chosen
        }
        frame: pd.DataFrame = pandas.DataFrame(columns)
        return frame

    def _page(self, name: str) -> int:
        """As many rows as the API gives at once, so that a walk is short."""
        if name not in self._largest:
            self.describe(name)
        return self._largest[name]

    def _json(self, path: str, asked: Parameters | None = None) -> Row:
        answer = self._get(path, asked or [])
        try:
            said = answer.json()
        except ValueError:
            said = None
        if answer.ok and isinstance(said, dict):
            return said
        raise refusal(self.url, answer.status_code, said)

    def _get(self, path: str, asked: Parameters) -> requests.Response:
        """Tries again what passes by itself, when the API says or a little later each time."""
        turn = 0
        while True:
            turn += 1
            try:
                answer: requests.Response = self.session.get(
                    self.url + path,
                    params=asked,
                    headers={"Accept": "application/json"},
                    timeout=TIMEOUT_S,
                )
            except (self._requests.ConnectionError, self._requests.Timeout) as error:
                if turn >= self._tries:
                    raise silent(self.url) from error
                pause = 0.0
            else:
                if answer.status_code not in PASSES or turn >= self._tries:
                    return answer
                pause = pause_of(answer.headers.get("Retry-After"), datetime.now(UTC))
            self._sleep(min(max(pause, 0.25 * 2**turn), LONGEST_PAUSE_S))


def _series(pandas: ModuleType, values: list[Any], kind: str) -> Any:
    """Types that know a missing value: JSON's null is no NaN, and an id is no float."""
    match kind:
        case "timestamp":
            return pandas.to_datetime(pandas.Series(values, dtype="object"), utc=True)
        case "date":
            return pandas.to_datetime(pandas.Series(values, dtype="object"))
        case _:
            numbers = {"int": "Int64", "long": "Int64", "double": "float64", "boolean": "boolean"}
            return pandas.Series(values, dtype=numbers.get(kind, "object"))


def _needed(package: str) -> ModuleType:
    try:
        return import_module(package)
    except ImportError as error:
        told = f'lake.client needs {package}: pip install "./layers/lake[client]" in a checkout'
        raise LakeError(told) from error
