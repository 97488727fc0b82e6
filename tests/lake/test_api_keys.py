"""Keys of the results API as the table holds them: names, moments, limits, and their end."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from lake.api_keys import ApiKey, hash_of, new_key

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of FIPS 180-2
KEY = ApiKey(ABC, "Ana", "2025-08-29T10:00:00+00:00", rate=2.5, burst=7, expires=1_756_461_600)


def test_a_key_is_a_lakes_and_new_each_time() -> None:
    keys = {new_key() for _ in range(9)}

    assert len(keys) == 9
    assert all(re.fullmatch(r"lake_[A-Za-z0-9_-]{32}", key) for key in keys)  # 192 bits


def test_the_table_knows_a_key_by_its_hash() -> None:
    made = ApiKey.of("abc", "Ana")

    assert (hash_of("abc"), made.hash, made.name) == (ABC, ABC, "Ana")
    assert (made.rate, made.burst, made.expires) == (50, 100, None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", made.created_at)


def test_bytes_that_are_no_text_have_a_hash_too() -> None:
    assert hash_of("\udcff") == hash_of(b"\xff".decode("utf-8", "surrogateescape"))


def test_an_item_has_the_words_that_everybody_reads() -> None:
    item = {
        "hash": {"S": ABC},
        "name": {"S": "Ana"},
        "created_at": {"S": "2025-08-29T10:00:00+00:00"},
        "rate": {"N": "2.5"},
        "burst": {"N": "7"},
        "expires": {"N": "1756461600"},
    }

    assert KEY.item() == item
    assert ApiKey.from_item(item) == KEY
    assert "expires" not in replace(KEY, expires=None).item()
    assert ApiKey.from_item(replace(KEY, expires=None).item()).expires is None


def test_an_item_that_somebody_wrote_by_hand_has_the_usual_limits() -> None:
    assert ApiKey.from_item({"hash": {"S": ABC}}) == ApiKey(ABC, "", "", 50.0, 100, None)
    assert ApiKey.from_item({"hash": {"S": ABC}, "burst": {"N": "7.0"}}).burst == 7
    assert ApiKey.from_item({"hash": {"S": ABC}, "expires": {"N": "9.5"}}).expires == 9


@pytest.mark.parametrize(("expires", "ended"), [(None, False), (9, True), (10, True), (11, False)])
def test_a_key_ends_at_its_moment(expires: int | None, ended: bool) -> None:
    assert replace(KEY, expires=expires).ended(10) is ended
