"""Reports of many sweeps, added up: what idleness cost, what stops avoided, and of whom."""

from __future__ import annotations

import copy
import math
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reaper.core.savings import Basis, Dimension, Measure, Savings
from reaper.core.tally import savings_of
from tests.support.archived import HOUR, MONDAY, Json, finding, past, report

WEEK = 7 * 24 * HOUR


def told(*reports: Json, until: float = MONDAY + WEEK) -> Savings:
    return savings_of(past(*reports), MONDAY, until)


def hour(number: float, *findings: Json, **more: object) -> Json:
    return report(MONDAY + number * HOUR, *findings, **more)  # type: ignore[arg-type] - passed through


def test_a_running_idle_cost_is_not_added_up_from_report_to_report() -> None:
    """Idle from 09:00 on, seen at 10, 11 and 12: three hours at 2 USD, and not 1 + 2 + 3 hours."""
    made = told(*(hour(at, finding("a", idle=(at - 9) * HOUR)) for at in (10, 11, 12)))
    assert made.idle_cost == pytest.approx(6.0)


def test_idleness_that_begins_anew_is_added_to_what_there_was() -> None:
    """Two hours, then used, then half an hour."""
    made = told(hour(10, finding("a", idle=2 * HOUR)), hour(12, finding("a", idle=0.5 * HOUR)))
    assert made.idle_cost == pytest.approx(2.5 * 2.0)


def test_idleness_counts_for_the_days_it_was_on() -> None:
    """Seen on Tuesday at 02:00, idle for six hours: four of them on Monday."""
    made = told(hour(26, finding("a", idle=6 * HOUR)))
    assert {cell.day: cell.idle_cost for cell in made.cells} == {date(2027, 3, 1): 8.0, date(2027, 3, 2): 4.0}


def test_a_day_begins_when_it_does_where_the_reader_is() -> None:
    """Midnight in Berlin is 23:00 UTC: of six hours until 02:00 UTC, three are on Monday."""
    made = savings_of(past(hour(26, finding("a", idle=6 * HOUR))), MONDAY, MONDAY + WEEK, ZoneInfo("Europe/Berlin"))
    assert {cell.day: cell.idle_cost for cell in made.cells} == {date(2027, 3, 1): 6.0, date(2027, 3, 2): 6.0}
    assert made.timezone == "Europe/Berlin"


def test_what_was_before_the_period_is_not_in_it() -> None:
    """Idle for ten hours, seen one hour into the period."""
    assert told(hour(1, finding("a", idle=10 * HOUR))).idle_cost == pytest.approx(2.0)


def test_a_price_that_changes_counts_from_then_on() -> None:
    """One hour at 2 USD, one at 3."""
    made = told(hour(10, finding("a", idle=HOUR)), hour(11, finding("a", idle=2 * HOUR, rate=3.0)))
    assert made.idle_cost == pytest.approx(5.0)


def test_what_is_kept_on_purpose_is_told_apart() -> None:
    made = told(hour(10, finding("a", "protected")), hour(10, finding("b", "reported"), run="other"))
    assert (made.idle_cost, made.protected_cost) == (pytest.approx(2.0), pytest.approx(2.0))


def test_sessions_without_a_price_are_counted_and_cost_nothing() -> None:
    made = told(hour(10, finding("a", rate=None)), hour(11, finding("a", rate=None)))
    assert (made.idle_cost, made.unpriced) == (0.0, 1)
    assert made.longest_idle[0].idle_cost is None


def test_costs_are_the_same_by_team_by_service_and_by_policy() -> None:
    made = told(
        hour(10, finding("a"), finding("b", team="web", policy="other"), finding("c", service="athena", team=None)),
    )
    assert made.totals(Dimension.TEAM, Measure.IDLE) == {"data": 2.0, "no team": 2.0, "web": 2.0}
    assert made.totals(Dimension.SERVICE, Measure.IDLE) == {"glue": 4.0, "athena": 2.0}
    assert made.totals(Dimension.POLICY, Measure.IDLE) == {"glue-idle": 4.0, "other": 2.0}


def test_a_stop_avoids_what_the_sweep_itself_estimated() -> None:
    stop = finding("a", "stopped", timeout=12 * HOUR, avoided_cost=21.5)
    made = told(hour(10, stop))
    assert (made.avoided_cost, made.stops) == (21.5, 1)
    assert [(one.basis, one.stops) for one in made.claims] == [(Basis.TIMEOUT, 1)]


def test_without_the_sweeps_estimate_the_idle_timeout_tells_it() -> None:
    """Idle for one hour at 2 USD of a timeout of twelve; the sweep took six minutes: 10.9 h are left."""
    made = told(hour(10, finding("a", "stopped", timeout=12 * HOUR), took=360))
    assert made.avoided_cost == pytest.approx(21.8)


def test_a_stop_that_did_not_end_the_session_avoids_nothing() -> None:
    made = told(
        hour(10, finding("a", "stopped", timeout=12 * HOUR)),
        hour(11, finding("a", "not_stopping", idle=2 * HOUR)),
    )
    assert (made.avoided_cost, made.stops, made.not_stopped) == (0.0, 0, 1)
    assert made.idle_cost == pytest.approx(4.0)


def test_a_session_stopped_twice_before_it_ended_counts_once() -> None:
    """The second stop, two hours into the timeout of twelve."""
    made = told(
        hour(10, finding("a", "stopped", timeout=12 * HOUR)),
        hour(11, finding("a", "stopped", timeout=12 * HOUR, idle=2 * HOUR, age=11 * HOUR)),
    )
    assert (made.stops, made.avoided_cost) == (1, pytest.approx(20.0))


def test_another_session_under_the_same_id_counts_for_itself() -> None:
    made = told(
        hour(10, finding("a", "stopped", timeout=12 * HOUR)),
        hour(20, finding("a", "stopped", timeout=12 * HOUR, age=2 * HOUR)),
    )
    assert (made.stops, made.avoided_cost) == (2, pytest.approx(44.0))


def ended(*idle_hours: float) -> Json:
    """Sessions last seen at 10:00 of the first day."""
    return hour(10, *(finding(f"x{number}", idle=idle * HOUR) for number, idle in enumerate(idle_hours)))


def test_without_a_timeout_of_its_own_it_is_the_median_of_those_that_ended_by_themselves() -> None:
    """Of 3, 4, 5, 6 and 9 hours that is five, and one had passed: four hours at 2 USD."""
    made = told(ended(3, 4, 5, 6, 9), hour(30, finding("a", "stopped")), hour(40))
    assert made.avoided_cost == pytest.approx(8.0)
    assert [(one.basis, one.stops) for one in made.claims] == [(Basis.OBSERVED, 1)]
    assert [(one.service, one.sessions, one.median) for one in made.observed] == [("glue", 5, 5 * HOUR)]


def test_a_stop_after_the_median_avoids_nothing_rather_than_less() -> None:
    made = told(ended(3, 4, 5, 6, 9), hour(30, finding("a", "stopped", idle=7 * HOUR)), hour(40))
    assert made.avoided_cost == 0.0


def test_four_that_ended_by_themselves_are_too_few_to_claim_anything() -> None:
    made = told(ended(3, 4, 5, 9), hour(30, finding("a", "stopped")), hour(40))
    assert (made.avoided_cost, made.observed) == (0.0, ())
    assert [(one.basis, one.stops) for one in made.claims] == [(Basis.NOTHING, 1)]


def test_sessions_seen_within_a_day_have_not_ended_yet() -> None:
    assert told(ended(3, 4, 5, 6, 9), hour(33)).observed == ()


def test_a_passed_timeout_is_not_made_good_by_the_median() -> None:
    made = told(ended(3, 4, 5, 6, 9), hour(30, finding("a", "stopped", timeout=0.5 * HOUR)), hour(40))
    assert made.avoided_cost == 0.0


def test_the_longest_idle_are_those_of_the_latest_sweep() -> None:
    made = told(
        hour(10, finding("gone", idle=50 * HOUR), finding("a", idle=HOUR)),
        hour(11, finding("a", idle=2 * HOUR), finding("b", idle=9 * HOUR), finding("c", "stopped", idle=20 * HOUR)),
    )
    assert [one.session for one in made.longest_idle] == ["b", "a"]


def test_false_stops_are_what_the_count_of_the_last_days_grew_by() -> None:
    """One there was before; two come; then days pass and it shrinks; then one comes."""
    counts = [(1, 5), (3, 6), (0, 2), (1, 3)]
    made = told(*(hour(n, regrets={"p": {"regrets": r, "stops": s}}) for n, (r, s) in enumerate(counts)))
    assert [(one.policy, one.seen, one.recent, one.recent_stops) for one in made.false_stops] == [("p", 3, 1, 3)]


def test_a_snooze_is_listed_once_however_often_it_is_reported() -> None:
    first = {"until": "2027-03-01T18:00:00Z", "by": "ana@example.com", "at": "2027-03-01T09:30:00Z", "times": 1}
    second = {**first, "at": "2027-03-01T18:30:00Z", "times": 2}
    made = told(
        hour(10, finding("a", "snoozed", snooze=first)),
        hour(11, finding("a", "snoozed", snooze=first)),
        hour(19, finding("a", "snoozed", snooze=second)),
    )
    assert [(one.by, one.times) for one in made.snoozes] == [("ana@example.com", 2), ("ana@example.com", 1)]


def test_owners_are_those_the_latest_report_counts() -> None:
    made = told(hour(1, owners={"resolved": 1, "unresolved": 5}), hour(2, owners={"resolved": 3, "unresolved": 2}))
    assert made.owners == (3, 2)


def test_reports_of_another_time_are_left_out() -> None:
    made = told(hour(-1, finding("a")), hour(8 * 24, finding("a")))
    assert (made.idle_cost, made.sweeps.done) == (0.0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ref": None},
        {"ref": {"service": "glue"}},
        {"outcome": 5},
        {"facts": {"idle_for": 1e300, "hourly_cost": 2.0}},
    ],
)
def test_a_finding_that_makes_no_sense_is_counted_and_spoils_nothing(wrong: Json) -> None:
    made = told(hour(10, {**finding("a"), **wrong}, finding("b")))
    assert (made.idle_cost, made.garbled) == (pytest.approx(2.0), 1)


@pytest.mark.parametrize("value", [True, "1", None, -1.0, math.nan, math.inf, {"undecidable": "denied"}, 10**400])
def test_a_price_that_is_no_number_costs_nothing(value: object) -> None:
    wrong = copy.deepcopy(finding("a"))
    wrong["facts"]["hourly_cost"] = value
    assert told(hour(10, wrong)).idle_cost == 0.0


observations = st.lists(
    st.tuples(
        st.integers(0, 167),
        st.sampled_from("abc"),
        st.floats(0, 100 * HOUR),
        st.sampled_from(["reported", "stopped", "snoozed", "not_stopping", "spared", "protected"]),
        st.sampled_from(["data", "web", None]),
        st.sampled_from(["p", "q", None]),
        st.sampled_from([None, HOUR, 20 * HOUR]),
    ),
    max_size=30,
)


@settings(max_examples=60)
@given(observations)
def test_costs_are_bounded_and_add_up_the_same_every_way(seen: list[tuple]) -> None:  # type: ignore[type-arg]
    made = told(
        *(
            hour(at, finding(id_, outcome, idle=idle, team=team, policy=policy, timeout=timeout), run=str(number))
            for number, (at, id_, idle, outcome, team, policy, timeout) in enumerate(
                sorted(seen, key=lambda one: one[0])
            )
        )
    )
    wall = 2.0 * WEEK / HOUR
    assert 0 <= made.idle_cost <= len({one[1] for one in seen}) * wall + 1e-6
    assert all(cell.avoided_cost >= 0 and cell.idle_cost >= 0 for cell in made.cells)
    for measure, overall in ((Measure.IDLE, made.idle_cost), (Measure.AVOIDED, made.avoided_cost)):
        for dimension in Dimension:
            assert math.fsum(made.totals(dimension, measure).values()) == pytest.approx(overall)
    assert math.fsum(one.avoided_cost for one in made.claims) == pytest.approx(made.avoided_cost)
