"""What a stop avoided, and what is never claimed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.core.avoided import avoided_cost

HOUR = 3600.0


def test_a_stop_avoids_what_is_left_of_the_sessions_own_idle_timeout() -> None:
    """Idle since 10:00, stopped at 12:00, would have ended at 22:00: ten hours at 4.40."""
    assert avoided_cost(4.4, 10 * HOUR, 12 * HOUR, 12 * HOUR, "glue") == (
        pytest.approx(44.0),
        "its own idle timeout of 12h",
    )


def test_nothing_is_claimed_of_a_glue_session_past_48_hours_of_idleness() -> None:
    """A timeout of a week: 48 h less the hour that it was idle."""
    assert avoided_cost(1.0, 0.0, 7 * 24 * HOUR, HOUR, "glue") == (
        pytest.approx(47.0),
        "its own idle timeout of 7d, of which 2d are counted",
    )


def test_nothing_is_claimed_of_an_athena_session_past_8_hours_of_idleness() -> None:
    assert avoided_cost(0.35, 0.0, 24 * HOUR, 2 * HOUR, "athena") == (
        pytest.approx(2.1),
        "its own idle timeout of 1d, of which 8h are counted",
    )


def test_a_session_that_was_due_to_end_already_avoids_nothing() -> None:
    assert avoided_cost(4.4, 0.0, HOUR, 3 * HOUR, "glue") == (0.0, "its own idle timeout of 1h")


@pytest.mark.parametrize(
    ("rate", "since", "timeout"),
    [
        (None, 0.0, HOUR),
        (1.0, None, HOUR),
        (1.0, 0.0, None),
        (1.0, 0.0, 0.0),
        (1.0, 0.0, -1.0),
        (-1.0, 0.0, HOUR),
        (float("nan"), 0.0, HOUR),
        (1.0, float("inf"), HOUR),
    ],
)
def test_what_is_not_known_is_not_claimed(rate: float | None, since: float | None, timeout: float | None) -> None:
    assert avoided_cost(rate, since, timeout, 1.0, "glue") is None


@given(
    rate=st.floats(0, 1e6),
    since=st.floats(-1e10, 1e10),
    timeout=st.floats(1, 1e9),
    stopped=st.floats(-1e10, 1e10),
    service=st.sampled_from(["glue", "athena", "deadline", "another"]),
)
def test_it_is_never_negative_nor_more_than_the_whole_timeout(
    rate: float, since: float, timeout: float, stopped: float, service: str
) -> None:
    claim = avoided_cost(rate, since, timeout, stopped, service)
    assert claim is not None
    longest = {"glue": 48 * HOUR, "athena": 8 * HOUR}.get(service, timeout)
    assert 0 <= claim[0] <= rate * min(timeout, longest) / HOUR * (1 + 1e-9)
