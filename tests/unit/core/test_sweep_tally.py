"""Which sweeps there were, and what they could not see."""

from __future__ import annotations

from reaper.core.savings import Savings
from reaper.core.tally import savings_of
from tests.support.archived import HOUR, MONDAY, Json, finding, past, report

DENIED = {"service": "athena", "account": "1", "region": "eu-central-1", "scope": {"workgroup": "x"}, "error": "denied"}

GLUE = {"service": "glue", "account": "1", "region": "r", "scope": {}}
LEFT = {"scopes": [GLUE], "sessions": [], "stops": []}


def told(*reports: Json) -> Savings:
    return savings_of(past(*reports), MONDAY, MONDAY + 7 * 24 * HOUR)


def hour(number: float, *findings: Json, **more: object) -> Json:
    return report(MONDAY + number * HOUR, *findings, **more)  # type: ignore[arg-type] - passed through


def test_a_gap_longer_than_usual_is_sweeps_that_were_missed() -> None:
    """At 0, 1, 2, 3, 7 and 8: those of 4, 5 and 6 are missing."""
    sweeps = told(*(hour(at) for at in (0, 1, 2, 3, 7, 8))).sweeps
    assert (sweeps.done, sweeps.missed, sweeps.every) == (6, 3, HOUR)


def test_two_sweeps_say_nothing_of_how_often_they_come() -> None:
    sweeps = told(hour(0), hour(50)).sweeps
    assert (sweeps.done, sweeps.missed, sweeps.every) == (2, 0, None)


def test_the_parts_of_a_sweep_are_one_sweep() -> None:
    """Each part has a run id of its own; the later one wins for a session that both tell of."""
    made = told(
        hour(10, finding("a", "withheld", timeout=12 * HOUR), unfinished=LEFT, took=600),
        hour(10.2, finding("a", "stopped", timeout=12 * HOUR, idle=1.2 * HOUR)),
        hour(11),
    )
    assert (made.sweeps.done, made.sweeps.cut_short, made.stops) == (2, 0, 1)
    assert round(made.idle_cost, 6) == 2.4


def test_the_longest_idle_are_those_of_all_parts_of_the_latest_sweep() -> None:
    made = told(hour(10, finding("a"), unfinished=LEFT), hour(10.2, finding("b")))
    assert {one.session for one in made.longest_idle} == {"a", "b"}


def test_a_sweep_that_nobody_carried_on_was_cut_short() -> None:
    sweeps = told(hour(10, unfinished=LEFT), hour(11)).sweeps
    assert (sweeps.done, sweeps.cut_short) == (2, 1)


def test_a_sweep_that_lambda_tried_again_counts_once() -> None:
    made = told(hour(10, finding("a", "stopped", timeout=12 * HOUR), run="same"), hour(10.1, finding("b"), run="same"))
    assert (made.sweeps.done, made.stops) == (1, 1)


def test_a_sweep_without_usable_policies_was_refused() -> None:
    assert told(hour(1), hour(2, error="no policies")).sweeps.refused == 1


def test_a_blind_spot_lasts_until_a_sweep_sees_there_again() -> None:
    """Blind at 1, 2 and 3, seen at 5: four hours, in three of four sweeps."""
    blind = told(*(hour(at, blind=[DENIED]) for at in (1, 2, 3)), hour(5)).blind
    assert [(one.place, one.sweeps, one.seconds, one.still) for one in blind] == [
        ("athena 1 eu-central-1 workgroup x", 3, 4 * HOUR, False)
    ]


def test_a_blind_spot_of_the_latest_sweep_is_still_there() -> None:
    blind = told(hour(1), hour(2, blind=[DENIED])).blind
    assert [(one.sweeps, one.seconds, one.still, one.error) for one in blind] == [(1, 0.0, True, "denied")]
