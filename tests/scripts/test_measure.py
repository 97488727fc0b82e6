"""What a benchmark says of a process is of that process alone."""

from __future__ import annotations

import pytest

from bench.measure import python

PAGE = 4096


def hold(megabytes: int) -> bytearray:
    held = bytearray(megabytes * 1_000_000)
    held[::PAGE] = b"x" * len(held[::PAGE])
    return held


def test_the_peak_of_a_process_is_its_own_and_not_of_whoever_measures() -> None:
    held = hold(300)

    small = python("print('done')")
    large = python(
        "held = bytearray(200_000_000); held[::4096] = b'x' * len(held[::4096]); print('done')"
    )

    assert small.output == large.output == "done\n"
    assert small.peak_mb < 100 < 200 < large.peak_mb < 300
    assert len(held) == 300_000_000


def test_a_process_that_fails_is_an_error_and_no_figure() -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        python("raise SystemExit(3)")
