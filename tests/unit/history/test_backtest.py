"""Policies replayed over recordings that are written out by hand: minutes after the first sweep, and when each was used."""

from __future__ import annotations

import math

import pytest

from reaper.core.backtest import Afterwards, RecordedSweep, backtest, judge_recorded
from reaper.core.facts import ABSENT, IN_USE, NOT_ASKED, Undecidable
from reaper.core.judge import VerdictKind
from reaper.core.pin import KEEP_UNTIL
from reaper.core.policy.model import (
    AllOf,
    AnyOf,
    Compare,
    FactRef,
    Guards,
    Lifted,
    Not,
    Operator,
    PolicyBook,
    Stage,
    TagTest,
)
from reaper.core.session import Phase
from reaper.core.thresholds import at_threshold, varied
from tests.support.sessions import HOUR, MINUTE, NOW, book, policy, session, text

HALF_AN_HOUR = Compare("idle_for", Operator.AT_LEAST, 30 * MINUTE)
BUSY = math.inf
PRICED = {"price_key": "glue_dpu_hour", "billed_units": 5.0}
"""2.20 USD an hour, at 0.44 a DPU."""


def seen(minute, *sessions):
    return RecordedSweep(run_id=f"run-{minute}", at=NOW + minute * MINUTE, sessions=sessions)


def used(minute, id="s-1", *, created=-600, **facts):  # noqa: A002 - a session's own word
    """A session last used at that minute; ``BUSY`` is right now."""
    busy = minute == BUSY
    told = {
        "phase": Phase.BUSY if busy else Phase.IDLE,
        "idle_since": IN_USE if busy else NOW + minute * MINUTE,
        "created_at": NOW + created * MINUTE,
    }
    return session(id, **{**told, **facts})


def replay(sweeps, *policies, guards=None, **options):
    found = policies or (policy("stop", HALF_AN_HOUR, name="idle"),)
    return backtest(PolicyBook(policies=found, guards=guards or Guards()), sweeps, **options)


def stops(variant):
    """Id, minute of the stop, and what came after, of each."""
    return [(stop.session.ref.id, (stop.at - NOW) / MINUTE, stop.afterwards.value) for stop in variant.stops]


IDLE_TWO_HOURS_THEN_USED = [
    *(seen(minute, used(0)) for minute in (0, 30, 60, 90, 120)),
    seen(150, used(BUSY)),
    *(seen(minute, used(160)) for minute in (180, 210, 240)),
]


def test_a_session_used_after_two_idle_hours_is_a_false_stop_below_and_none_above():
    result = replay(IDLE_TWO_HOURS_THEN_USED, thresholds=(1 * HOUR, 2 * HOUR, 4 * HOUR))

    assert [(one.threshold, stops(one)) for one in result.variants] == [
        (None, [("s-1", 30, "used_again")]),
        (HOUR, [("s-1", 60, "used_again")]),
        (2 * HOUR, [("s-1", 120, "used_again")]),
        (4 * HOUR, []),
    ]
    assert [stop.used_at for stop in result.variants[1].stops] == [NOW + 150 * MINUTE]
    assert (result.sweeps, result.sessions, result.began, result.ended) == (9, 1, NOW, NOW + 4 * HOUR)


def test_a_use_between_two_sweeps_shows_in_the_evidence_after_it():
    result = replay([seen(30, used(0)), seen(60, used(45)), seen(90, used(45))])

    assert stops(result.variants[0]) == [("s-1", 30, "used_again")]


@pytest.mark.parametrize(
    ("later", "afterwards"),
    [
        ([], Afterwards.UNSEEN),
        ([seen(60)], Afterwards.UNSEEN),
        ([seen(60, used(0, phase=Phase.ENDED))], Afterwards.UNSEEN),
        ([seen(60, used(0))], Afterwards.UNUSED),
        ([seen(60, used(30))], Afterwards.UNUSED),
        ([seen(60, used(31))], Afterwards.USED),
        ([seen(60, used(0, idle_since=NOT_ASKED))], Afterwards.UNTOLD),
        ([seen(60, used(0, idle_since=Undecidable("denied"), phase=Undecidable("denied")))], Afterwards.UNTOLD),
        ([seen(60, used(0, idle_since=ABSENT, phase=Phase.STOPPING))], Afterwards.UNTOLD),
        ([seen(60, used(0, idle_since=NOT_ASKED)), seen(90, used(0))], Afterwards.UNUSED),
        ([seen(60, used(0)), seen(90, used(BUSY)), seen(120, used(100))], Afterwards.USED),
    ],
)
def test_what_became_of_a_stopped_session_is_told_only_as_far_as_it_was_recorded(later, afterwards):
    [stop] = replay([seen(30, used(0)), *later]).variants[0].stops

    assert stop.afterwards is afterwards


def test_a_stop_saves_its_idle_price_for_as_long_as_it_was_still_seen():
    [stop] = replay([seen(30, used(0, **PRICED)), seen(60, used(0)), seen(120, used(0))]).variants[0].stops

    assert stop.saved == pytest.approx(3.30)  # an hour and a half at 2.20
    assert stop.last_seen == NOW + 2 * HOUR


def test_a_stop_of_unknown_price_saves_nobody_knows_what():
    [stop] = replay([seen(30, used(0)), seen(60, used(0))]).variants[0].stops

    assert stop.saved is None


def test_a_session_recreated_under_the_same_id_is_another_one():
    result = replay([seen(30, used(0)), seen(60, used(BUSY, created=50)), seen(90, used(60, created=50))])

    assert stops(result.variants[0]) == [("s-1", 30, "not_seen_again"), ("s-1", 90, "not_seen_again")]


class TestGrace:
    GRACE = policy("stop", HALF_AN_HOUR, name="idle", grace=15 * MINUTE)

    def stopped_at(self, *sweeps, **options):
        return [minute for _, minute, _ in stops(replay(sweeps, self.GRACE, **options).variants[0])]

    def test_it_stops_once_the_policy_has_held_through_it(self):
        assert self.stopped_at(*(seen(minute, used(0)) for minute in (0, 10, 20, 30, 40, 50))) == [50]

    def test_a_sweep_too_few_is_no_stop(self):
        assert self.stopped_at(seen(30, used(0)), seen(40, used(0))) == []

    def test_it_is_never_over_in_the_sweep_that_begins_it_however_long_it_was_idle(self):
        assert self.stopped_at(seen(300, used(0))) == []

    def test_a_use_begins_it_anew(self):
        sweeps = [seen(30, used(0)), seen(40, used(BUSY)), seen(75, used(45)), seen(85, used(45)), seen(90, used(45))]
        assert self.stopped_at(*sweeps) == [90]

    def test_a_use_between_sweeps_begins_it_anew(self):
        assert self.stopped_at(seen(30, used(0)), seen(65, used(35)), seen(70, used(35)), seen(80, used(35))) == [80]

    def test_a_sweep_in_which_it_was_not_seen_begins_it_anew(self):
        other = used(BUSY, "s-2")
        sweeps = [seen(30, used(0), other), seen(40, other), seen(50, used(0), other), seen(65, used(0), other)]
        assert self.stopped_at(*sweeps) == [65]

    def test_a_sweep_of_another_region_does_not(self):
        elsewhere = seen(40, session("s-3", region="us-east-1", idle=0, created_at=NOW))
        assert self.stopped_at(seen(30, used(0)), elsewhere, seen(50, used(0))) == [50]

    def test_a_sweep_that_is_missing_shortens_nothing(self):
        assert self.stopped_at(seen(30, used(0)), seen(200, used(0))) == [200]


class TestGuards:
    def test_a_session_that_is_too_young_is_stopped_when_it_is_not(self):
        five_minutes = policy("stop", Compare("idle_for", Operator.AT_LEAST, 5 * MINUTE), name="idle")
        sweeps = [seen(minute, used(0, created=0)) for minute in (6, 9, 12)]
        assert stops(replay(sweeps, five_minutes).variants[0]) == [("s-1", 12, "not_seen_again")]

    def test_a_cap_withholds_all_and_that_is_counted(self):
        crowd = [used(0, f"s-{number}") for number in range(3)]
        [variant] = replay([seen(30, *crowd)], guards=Guards(max_stops=2)).variants
        assert (variant.stops, variant.withheld) == ((), 3)

    def test_what_would_have_been_stopped_no_longer_counts_as_live(self):
        """Three of six are half; once they are gone, two of the three that are left are more than half."""
        early, late = [used(0, f"a-{n}") for n in range(3)], [used(60, f"b-{n}") for n in range(2)]
        guards = Guards(max_stop_share=0.5, min_population=3)
        busy = used(BUSY, "c")
        [variant] = replay([seen(31, *early, *late, busy), seen(95, *early, *late, busy)], guards=guards).variants
        assert [stop.session.ref.id for stop in variant.stops] == ["a-0", "a-1", "a-2"]
        assert variant.withheld == 2


class TestWhatWasNotRecorded:
    UNASKED = used(0, idle_since=NOT_ASKED, phase=NOT_ASKED)

    def test_it_is_undecidable_and_counted_and_stops_nothing(self):
        [variant] = replay([seen(30, self.UNASKED)]).variants
        assert (variant.stops, variant.undetermined, variant.not_recorded) == ((), 1, 1)

    def test_a_session_counts_once_however_often_it_was_seen(self):
        [variant] = replay([seen(30, self.UNASKED), seen(60, self.UNASKED)]).variants
        assert variant.not_recorded == 1

    def test_a_session_that_was_stopped_after_all_does_not_count(self):
        [variant] = replay([seen(30, self.UNASKED), seen(60, used(0))]).variants
        assert (len(variant.stops), variant.undetermined, variant.not_recorded) == (1, 0, 0)

    def test_what_was_asked_and_could_not_be_known_is_undetermined_for_another_reason(self):
        denied = used(0, idle_since=Undecidable("denied"), phase=Undecidable("denied"))
        [variant] = replay([seen(30, denied)]).variants
        assert (variant.stops, variant.undetermined, variant.not_recorded) == ((), 1, 0)

    def test_tags_that_were_not_recorded_protect(self):
        [variant] = replay([seen(30, used(0, tags=NOT_ASKED))]).variants
        assert (variant.stops, variant.not_recorded) == ((), 1)

    def test_it_does_not_matter_where_another_fact_decides(self):
        picky = policy("stop", AllOf((text("service", "athena"), HALF_AN_HOUR)), name="idle")
        [variant] = replay([seen(30, self.UNASKED)], picky).variants
        assert variant.not_recorded == 0

    def test_a_phase_that_was_not_recorded_is_no_undecidable_phase_to_stop_by(self):
        daring = policy("stop", text("service", "glue"), even_when=frozenset({Lifted.UNDECIDABLE}))
        verdict, not_recorded = judge_recorded(book(daring), self.UNASKED, NOW)
        assert (verdict.kind, not_recorded) == (VerdictKind.UNDETERMINED, True)

        known_not_to_be_known = used(0, phase=Undecidable("Spark Connect"))
        verdict, not_recorded = judge_recorded(book(daring), known_not_to_be_known, NOW)
        assert (verdict.kind, not_recorded) == (VerdictKind.STOP, False)


def test_a_protected_or_pinned_session_is_not_stopped():
    protect = policy("protect", TagTest("env", ("prod",)), name="production")
    stop = policy("stop", HALF_AN_HOUR, name="idle")
    pinned = used(0, "pinned", tags={KEEP_UNTIL: "2027-01-15T08:45:00Z"})

    result = replay([seen(30, used(0, tags={"env": "prod"}), pinned), seen(50, pinned)], protect, stop)

    assert stops(result.variants[0]) == [("pinned", 50, "not_seen_again")]


def test_every_stage_is_tried_as_if_it_were_enforced():
    tried = policy("stop", HALF_AN_HOUR, name="idle", stage=Stage.OBSERVE)

    assert stops(replay([seen(30, used(0))], tried).variants[0]) == [("s-1", 30, "not_seen_again")]


def test_a_policy_that_stops_busy_sessions_makes_false_stops_of_them():
    old = policy("stop", Compare("age", Operator.GREATER, 8 * HOUR), name="old", even_when=frozenset({Lifted.BUSY}))

    assert stops(replay([seen(0, used(BUSY)), seen(5, used(BUSY))], old).variants[0]) == [("s-1", 0, "used_again")]


def test_rarer_sweeps_stop_later_and_still_see_every_use():
    sweeps = [*(seen(minute, used(0)) for minute in range(0, 65, 5)), seen(65, used(BUSY))]

    assert stops(replay(sweeps, every=HOUR).variants[0]) == [("s-1", 60, "used_again")]


def test_sweeps_that_were_a_little_late_or_early_still_count_as_apart():
    sweeps = [seen(minute, used(0)) for minute in (0.5, 15.4, 30.3)]

    assert stops(replay(sweeps, every=30 * MINUTE).variants[0]) == [("s-1", 30.3, "not_seen_again")]


def test_rarer_sweeps_are_counted_for_each_scope_by_itself():
    """Where accounts and regions take turns, each has its own rhythm."""
    there = session("s-9", region="us-east-1", created_at=NOW - HOUR, idle_since=NOW - HOUR)

    result = replay([seen(0, used(-60)), seen(10, there)], every=HOUR)

    assert stops(result.variants[0]) == [("s-1", 0, "not_seen_again"), ("s-9", 10, "not_seen_again")]


LONG = Compare("idle_for", Operator.GREATER, 8 * HOUR)
AN_HOUR = Compare("idle_for", Operator.GREATER, HOUR)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (LONG, AN_HOUR),
        (HALF_AN_HOUR, Compare("idle_for", Operator.AT_LEAST, HOUR)),
        (AllOf((text("phase", "idle"), LONG)), AllOf((text("phase", "idle"), AN_HOUR))),
        (AnyOf((LONG, text("kind", "SQL"))), AnyOf((AN_HOUR, text("kind", "SQL")))),
        (
            Not(Compare("idle_for", Operator.LESS, 8 * HOUR)),
            Not(Compare("idle_for", Operator.LESS, HOUR)),
        ),
        (Not(Not(LONG)), Not(Not(AN_HOUR))),
        *(
            (same, same)
            for same in (
                Compare("idle_for", Operator.LESS, 8 * HOUR),
                Not(LONG),
                Compare("idle_for", Operator.EQUAL, 0.0),
                Compare("idle_for", Operator.GREATER, FactRef("idle_timeout")),
                Compare("age", Operator.GREATER, 8 * HOUR),
            )
        ),
    ],
)
def test_a_threshold_replaces_what_idle_for_has_to_exceed_and_nothing_else(condition, expected):
    stop, report = policy("stop", condition), policy("report", condition)

    changed = at_threshold(PolicyBook(policies=(stop, report)), HOUR)

    assert changed.policies == (policy("stop", expected), report)
    assert varied(PolicyBook(policies=(stop, report))) == (() if condition == expected else ("stop-it",))


def test_a_policy_without_a_threshold_is_the_same_at_all_of_them():
    old = policy("stop", Compare("age", Operator.GREATER, 8 * HOUR), name="old")
    result = replay([seen(30, used(0))], old, policy("report", HALF_AN_HOUR), thresholds=(10 * HOUR,))

    assert [stops(one) for one in result.variants] == [[("s-1", 30, "not_seen_again")]] * 2
    assert (result.stopping, result.varied) == (("old",), ())


def test_nothing_recorded_is_nothing_found():
    result = replay([])

    assert (result.sweeps, result.sessions, result.began, result.variants[0].stops) == (0, 0, None, ())
