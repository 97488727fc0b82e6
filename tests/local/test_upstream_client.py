"""A client of EMT from PyPI (emt-madrid) cannot tell the stand-in from the real service."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from emt_madrid import EMTAPIAuthenticator, EMTAPIBusStop  # type: ignore[import-untyped]

from local.upstream import SECRETS, urls
from local.upstream.server import serving
from local.upstream.service import Upstream
from tests.local.test_upstream import MOMENT

STOP = "735"


async def seen(base: str, password: str) -> tuple[str | None, dict[str, Any]]:
    """What the client makes of a login, and of a stop with its next buses."""
    address = f"{urls(base)['emt']}/"
    async with aiohttp.ClientSession() as session:
        login = EMTAPIAuthenticator(session, SECRETS["emt"]["email"], password)
        login._base_url = address
        token = await login.authenticate()
        stop = EMTAPIBusStop(session, token, STOP)
        stop._base_url = address
        await stop.update_stop_info()
        await stop.update_bus_arrivals()
        return token, stop.get_stop_info()


@pytest.fixture
def upstream() -> Upstream:
    made = Upstream(seed=7)
    made.clock.set(MOMENT, 0.0)
    return made


def test_it_logs_in_finds_the_stop_and_its_next_buses(upstream: Upstream) -> None:
    with serving(upstream) as base:
        token, stop = asyncio.run(seen(base, SECRETS["emt"]["password"]))

    assert token
    assert (stop["stop_id"], bool(stop["stop_name"])) == (STOP, True)
    assert len(stop["stop_coordinates"]) == 2
    for name, line in stop["lines"].items():
        assert line["destination"] or line["origin"], name
        assert [type(minutes) for minutes in line["arrivals"]] == [int, int]
        first, second = line["arrivals"]
        assert 0 <= first <= second <= 45
        assert line["max_freq"] >= line["min_freq"] > 0
        assert line["day_type"] in ("LA", "SA", "FE", "VI")
    assert {"1", "27"} & stop["lines"].keys()


def test_it_is_refused_with_a_wrong_password(upstream: Upstream) -> None:
    with serving(upstream) as base:
        token, stop = asyncio.run(seen(base, "wrong"))

    assert (token, stop["lines"]) == (None, {})
