"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.core import durations
from tests.support.growth import cost

WRITTEN = {
    "0s": 0.0,
    "90s": 90.0,
    "30m": 1_800.0,
    "8h": 28_800.0,
    "2d": 172_800.0,
    "1w": 604_800.0,
    "1h30m": 5_400.0,
    "1w2d3h4m5s": 788_645.0,
    "1d30s": 86_430.0,
}


@pytest.mark.parametrize(("text", "seconds"), WRITTEN.items())
def test_a_duration_is_read_as_seconds(text, seconds):
    assert durations.parse(text) == seconds


REFUSED = {
    "30": "30 of what? write 30m or 30s",
    "1h30": "30 of what? write 1h30m or 1h30s",
    "30 minutes": "write 30m",
    "1.5h": "write 1h30m",
    "1h 30m": "write 1h30m",
    "30m1h": "write 1h30m",
    "1 hour and 5 min": "write 1h5m",
    "30M": "write 30m",
    "-5m": "a duration is zero or more",
    "": "write it like 90s, 30m, 8h, 2d, 1w or 1h30m",
    "2 months": "write it like 90s, 30m, 8h, 2d, 1w or 1h30m",
    "1.3333s": "write it like 90s, 30m, 8h, 2d, 1w or 1h30m",
    "\N{ARABIC-INDIC DIGIT THREE}m": "write it like 90s, 30m, 8h, 2d, 1w or 1h30m",
    "30m\n": "write 30m",
}


@pytest.mark.parametrize(("text", "hint"), REFUSED.items())
def test_what_is_no_duration_is_refused_with_what_to_write_instead(text, hint):
    with pytest.raises(durations.DurationError) as refused:
        durations.parse(text)
    assert refused.value.hint == hint


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.9, "0s"),
        (59.9, "59s"),
        (90, "1m30s"),
        (5_400, "1h30m"),
        (604_800, "7d"),
        (97_201, "1d3h1s"),
        (-60, "-1m"),
        (float("inf"), "forever"),
    ],
)
def test_seconds_are_written_for_people(seconds, text):
    assert durations.format(seconds) == text


@given(st.integers(min_value=0, max_value=10**12))
def test_what_is_written_reads_back_as_the_same_duration(seconds):
    assert durations.parse(durations.format(seconds)) == seconds


def test_a_text_that_is_no_duration_is_refused_in_time_that_grows_with_its_length():
    def refused(text: str) -> None:
        with pytest.raises(durations.DurationError):
            durations.parse(text)

    assert cost(refused, "1dayand" * 16 + "!") < 20 * cost(refused, "1dayand" * 4 + "!")
