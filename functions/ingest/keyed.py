"""APIs that are asked with a key, or with none: in the query or in a header."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from functions.ingest.errors import NotLetIn
from functions.ingest.secrets import Secret, part
from functions.ingest.transport import Forbidden, Transport

QUERY: Final = "query"
HEADER: Final = "header"


@dataclass
class Keyed:
    """All calls to an API that knows us by a key."""

    transport: Transport
    url: str
    auth: str
    parameter: str
    secret: Callable[[bool], Secret] | None

    def get(self, path: str, query: Mapping[str, str], check: Callable[[Any], None]) -> Any:
        """The JSON of an answer; a refused key is fetched once more, it may have been rotated."""
        key = self._key(fresh=False)
        try:
            return self._get(path, query, key, check)
        except Forbidden as refused:
            current = self._key(fresh=True)
            if current == key:
                raise self._not_let_in(refused) from None
        try:
            return self._get(path, query, current, check)
        except Forbidden as refused:
            raise self._not_let_in(refused) from None

    def _get(
        self, path: str, query: Mapping[str, str], key: str, check: Callable[[Any], None]
    ) -> Any:
        params, headers = dict(query), dict[str, str]()
        if key:
            self.transport.secrets.add(key)
            (params if self.auth == QUERY else headers)[self.parameter] = key
        url = f"{self.url}{path}"
        return self.transport.json("GET", url, params=params, headers=headers, check=check)

    def _key(self, *, fresh: bool) -> str:
        return part(self.secret(fresh), "key", self.transport.name) if self.secret else ""

    def _not_let_in(self, refused: Forbidden) -> NotLetIn:
        return NotLetIn(
            f"{self.transport.name} does not let us in: HTTP {refused.status}{refused.words}"
        )
