"""What the guards allow of the verdicts."""

from __future__ import annotations

import pytest

from reaper.core.facts import ABSENT, Undecidable
from reaper.core.guards import is_open
from reaper.core.judge import Verdict, VerdictKind
from reaper.core.outcome import Outcome
from reaper.core.permission import Setting
from reaper.core.plan import Judged
from reaper.core.plan import plan as make_plan
from reaper.core.policy.model import Guards, StopHours
from reaper.core.report import rfc3339
from tests.support.sessions import HOUR, MINUTE, NOW, ref, session

STOP = Verdict(VerdictKind.STOP, "idle", "unused")
KEY = ref().key
WEEKDAYS = frozenset(range(5))


def plan(judged, live, guards, now, **more):
    return make_plan(judged, Setting(guards=guards, live=live, now=now, **more))


def planned(count, live, guards=None, **more):
    judged = [Judged(session(f"s-{number}"), STOP) for number in range(count)]
    return plan(judged, {KEY: live}, guards or Guards(), NOW, **more)


def outcomes(findings):
    return [finding.outcome.value for finding in findings]


@pytest.mark.parametrize(
    ("stops", "live", "expected"),
    [
        (25, 100, "would_stop"),
        (26, 100, "withheld"),
        (5, 10, "would_stop"),
        (6, 10, "withheld"),
        (3, 5, "withheld"),
        (4, 4, "would_stop"),
    ],
)
def test_a_cap_that_is_exceeded_withholds_every_stop_of_its_scope(stops, live, expected):
    assert set(outcomes(planned(stops, live))) == {expected}


def test_a_cap_is_counted_by_service_account_and_region():
    here = [Judged(session(f"a-{number}"), STOP) for number in range(26)]
    there = [Judged(session(f"b-{number}", region="us-east-1"), STOP) for number in range(2)]
    found = plan([*here, *there], {KEY: 100, there[0].session.ref.key: 4}, Guards(), NOW)
    assert outcomes(found) == ["withheld"] * 26 + ["would_stop"] * 2


def test_a_withheld_stop_says_which_guard_and_how_much():
    detail = planned(6, 10)[0].detail
    assert "max_stop_share" in detail
    assert "6 of the 10 live sessions of glue 111122223333 eu-central-1" in detail


def test_only_what_the_plan_allows_is_marked_allowed():
    assert [finding.allowed for finding in planned(2, 10)] == [True, True]
    assert not any(finding.allowed for finding in planned(6, 10))


@pytest.mark.parametrize(
    ("age", "expected"),
    [(10 * MINUTE, "would_stop"), (10 * MINUTE - 1, "withheld"), (0.0, "withheld")],
)
def test_a_session_younger_than_min_age_is_not_stopped(age, expected):
    found = plan([Judged(session(age=age), STOP)], {KEY: 1}, Guards(), NOW)
    assert outcomes(found) == [expected]


@pytest.mark.parametrize("created", [ABSENT, Undecidable("garbled")])
def test_a_session_of_unknown_age_is_not_stopped(created):
    found = plan([Judged(session(created_at=created), STOP)], {KEY: 1}, Guards(), NOW)
    assert outcomes(found) == ["withheld"]


def test_a_session_too_young_does_not_count_towards_the_caps():
    young = [Judged(session(f"y-{number}", age=MINUTE), STOP) for number in range(5)]
    old = [Judged(session(f"o-{number}"), STOP) for number in range(5)]
    assert outcomes(plan([*young, *old], {KEY: 10}, Guards(), NOW)) == ["withheld"] * 5 + ["would_stop"] * 5


def test_a_policy_with_grace_only_warns_while_nothing_remembers_its_beginning():
    found = plan([Judged(session(), Verdict(VerdictKind.STOP, "idle", "", grace=900.0))], {KEY: 1}, Guards(), NOW)
    assert outcomes(found) == ["warned"]
    assert "15m" in found[0].detail


def test_a_session_outside_the_plan_that_is_applied_is_neither_stopped_nor_counted():
    only = frozenset({ref("s-0")})
    found = planned(6, 10, only=only)
    assert [finding.allowed for finding in found] == [True] + [False] * 5
    assert outcomes(found) == ["would_stop"] + ["withheld"] * 5
    assert found[1].detail == "not in the plan that is being applied"


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("protect", Outcome.PROTECTED), ("report", Outcome.REPORTED), ("undetermined", Outcome.UNDETERMINED)],
)
def test_every_other_verdict_is_told_as_what_it_is(kind, outcome):
    found = plan([Judged(session(), Verdict(VerdictKind(kind), "p", "because"))], {KEY: 1}, Guards(), NOW)
    assert (found[0].outcome, found[0].detail, found[0].allowed) == (outcome, "because", False)


def test_sessions_to_keep_are_no_findings():
    assert plan([Judged(session(), Verdict(VerdictKind.KEEP))], {KEY: 1}, Guards(), NOW) == ()


def berlin(days, start, end):
    return StopHours(days=frozenset(days), start=start * 60, end=end * 60, timezone="Europe/Berlin")


# 2027-03-28 is the Sunday on which Berlin springs from +01:00 to +02:00; 2027-10-31 the one on which it falls back.
@pytest.mark.parametrize(
    ("window", "moment", "expected"),
    [
        (berlin(WEEKDAYS, 8, 18), "2027-03-26T06:59:00Z", False),
        (berlin(WEEKDAYS, 8, 18), "2027-03-26T07:00:00Z", True),
        (berlin(WEEKDAYS, 8, 18), "2027-03-29T06:00:00Z", True),
        (berlin(WEEKDAYS, 8, 18), "2027-03-29T05:59:00Z", False),
        (berlin(WEEKDAYS, 8, 18), "2027-03-29T16:00:00Z", False),
        (berlin(WEEKDAYS, 8, 18), "2027-03-28T10:00:00Z", False),
        (berlin({4}, 22, 6), "2027-03-26T22:00:00Z", True),
        (berlin({4}, 22, 6), "2027-03-27T04:59:00Z", True),
        (berlin({4}, 22, 6), "2027-03-27T05:00:00Z", False),
        (berlin({4}, 22, 6), "2027-03-26T04:00:00Z", False),
        (berlin({6}, 0, 24), "2027-10-30T22:00:00Z", True),
        (berlin({6}, 0, 24), "2027-10-31T22:59:00Z", True),
        (berlin({6}, 0, 24), "2027-10-31T23:00:00Z", False),
    ],
)
def test_stop_hours_are_local_time_through_daylight_saving(window, moment, expected):
    from datetime import datetime  # noqa: PLC0415 - the only test that reads a date

    assert is_open(window, datetime.fromisoformat(moment).timestamp()) is expected


def test_outside_stop_hours_everything_is_withheld():
    assert rfc3339(NOW) == "2027-01-15T08:00:00Z"
    closed = Guards(stop_hours=(berlin(WEEKDAYS, 10, 18),))
    opened = Guards(stop_hours=(berlin(WEEKDAYS, 10, 18), berlin(WEEKDAYS, 8, 10)))
    assert outcomes(planned(1, 10, closed)) == ["withheld"]
    assert outcomes(planned(1, 10, opened)) == ["would_stop"]
    assert outcomes(plan([Judged(session(age=HOUR), STOP)], {KEY: 1}, opened, NOW)) == ["would_stop"]
