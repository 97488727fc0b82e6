"""What happens at one poll: ask, land one whole workbook, write down how it went.

The workbook lands before the state says so: a run that is killed between the two is asked again,
and what lands twice is told apart by the ledger or by the keys of its rows. A failure moves no
mark, and stays to be seen until a later run succeeds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from functions.ingest.clients import client_of
from functions.ingest.clock import Clock
from functions.ingest.emt import Emt, Token
from functions.ingest.errors import PollFailed
from functions.ingest.found import Found, NothingNew, Question, StopLine
from functions.ingest.keyed import Keyed
from functions.ingest.landing import Landing
from functions.ingest.secrets import Secret, Secrets
from functions.ingest.transport import Transport
from lake.catalog import Api, Catalog, Source
from lake.errors import LakeError
from lake.names import nearest
from lake.polls import FAILED, LANDED, PARTIAL, UNCHANGED, Polls, PollState
from lake.records import iso

# A list that is shorter than this share of the last one is taken for half a list.
SHRUNK: Final = 0.5
# How long a failure rests before the sweep asks again.
REST: Final = timedelta(minutes=10)


@dataclass
class Polling:
    """Everything that polling a source needs."""

    catalog: Catalog
    polls: Polls
    landing: Landing
    secrets: Secrets
    upstreams: Mapping[str, str] = field(default_factory=dict)
    # A warm function logs in once an hour, not once a poll.
    tokens: dict[str, Token] = field(default_factory=dict)

    def poll(self, source_id: str, clock: Clock) -> PollState:
        """Ask once; whatever the API does, the state says how it went."""
        source = self.catalog.source(source_id)
        known = self.polls.state(source.id)
        began = iso(clock.now())
        mark = known.mark if known else ""
        try:
            found = ask(source, self, clock, mark)
            if isinstance(found, Found):
                _refuse_half_a_list(found, known)
        except PollFailed as failed:
            state = PollState(source.id, FAILED, began, reason=failed.reason)
        else:
            state = self._landed(source, found, known, began)
        if state.status in (FAILED, UNCHANGED) and known:
            # What landed last stays said.
            state = replace(state, **{name: getattr(known, name) for name in _OF_THE_LANDED})
        state = state.after(known)
        self.polls.keep(state)
        return state

    def again(self, clock: Clock) -> list[PollState]:
        """Ask once more whoever failed a while ago: a weekly source must not wait a week."""
        asked = []
        for source in self.catalog.sources.values():
            if source.poll is None or source.poll.client is None:
                continue
            state = self.polls.state(source.id)
            if state and state.failing and state.at < iso(clock.now() - REST):
                asked.append(self.poll(source.id, clock))
        return asked

    def _landed(
        self, source: Source, found: Found | NothingNew, known: PollState | None, began: str
    ) -> PollState:
        if isinstance(found, NothingNew):
            return PollState(source.id, UNCHANGED, began, reason=found.reason)
        digest = sha256(found.content).hexdigest()
        if known and known.sha256 == digest and not found.missing:
            return PollState(source.id, UNCHANGED, began, reason="the same bytes as the last time")
        at = datetime.fromisoformat(began)
        key, version = self.landing.land(source, found.file_name, found.content, at)
        reason = found.note
        if found.missing:
            # The names of a few say more than the names of all.
            shown = ", ".join(found.missing[:5]) + (", ..." if len(found.missing) > 5 else "")
            reason = f"{len(found.missing)} did not answer ({shown}): {found.why_missing}"
        return PollState(
            source.id,
            PARTIAL if found.missing else LANDED,
            began,
            reason=reason,
            mark=found.mark,
            sha256=digest,
            file_name=found.file_name,
            raw_key=key,
            raw_version=version,
            rows=found.rows,
        )


_OF_THE_LANDED: Final = ("mark", "sha256", "file_name", "raw_key", "raw_version", "rows")


def ask(
    source: Source,
    place: Polling | ByHand,
    clock: Clock,
    mark: str = "",
    **inputs: Any,
) -> Found | NothingNew:
    """Let a source's declared client ask its declared API."""
    client, poll = client_of(source), source.poll
    assert poll is not None  # noqa: S101 (whose client was found)
    api = place.catalog.apis[poll.api]
    transport = Transport(
        name=api.name,
        retries=api.retries,
        timeout_s=api.timeout_seconds,
        clock=clock,
        keep_bad=lambda content, reason: place.landing.keep_bad(source, content, reason),
    )
    inputs.setdefault("stops", stops_of(place.catalog, poll.query.get("stops")))
    query = {name: value for name, value in poll.query.items() if name != "stops"}
    try:
        asker = _asker(api, transport, place)
        question = Question(asker, query, clock.now, mark, **inputs)
        return client(question)
    finally:
        transport.session.close()


@dataclass
class ByHand:
    """What asking needs when a person asks."""

    catalog: Catalog
    landing: Any
    secrets: Secrets
    upstreams: Mapping[str, str] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)


def _asker(api: Api, transport: Transport, place: Polling | ByHand) -> Emt | Keyed:
    url = place.upstreams.get(api.name, api.url).rstrip("/")
    name = api.secret
    secret: Callable[[bool], Secret] | None = None
    if name is not None:
        secret = lambda fresh: place.secrets.get(name, fresh=fresh)  # noqa: E731
    if api.auth != "emt":
        return Keyed(transport, url, api.auth, api.parameter or "", secret)
    if secret is None:
        raise LakeError(f"{api.id} logs in and has no secret: its declaration must name one")
    return Emt(transport, url, secret, place.tokens.setdefault(url, Token()))


def stops_of(catalog: Catalog, data: str | None) -> Sequence[StopLine]:
    """The stops that a catalogue's data file names, in its order."""
    if data is None:
        return ()
    if data not in catalog.data:
        raise LakeError(f"no data is called '{data}'{nearest(data, catalog.data)}")
    return tuple(
        StopLine(str(stop), str(entry["line"]))
        for entry in catalog.data[data]["stops"]
        for stop in entry["stops"]
    )


def _refuse_half_a_list(found: Found, known: PollState | None) -> None:
    if not found.is_a_list:
        return
    if found.rows == 0:
        raise PollFailed("shrunk", "the list is empty: nothing lands")
    if known and found.rows < SHRUNK * known.rows:
        raise PollFailed(
            "shrunk",
            f"the list has {found.rows:,} rows, the last one had {known.rows:,}: nothing lands;"
            " if that is the truth, upload it by hand once",
        )
