"""Every condition of a stop withholds by itself, whatever else holds or does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.core.facts import Undecidable
from reaper.core.guards import evidence_untrusted, tags_untrusted
from reaper.core.judge import Verdict, VerdictKind
from reaper.core.memory import CLAIM_LASTS, Claim, Hurry, Memory, Promise, Snooze
from reaper.core.outcome import Outcome
from reaper.core.permission import Case, Condition, Recalled, Setting, withheld
from reaper.core.policy.model import Guards, Lifted, Stage, StopHours
from reaper.core.session import Phase
from tests.support.sessions import HOUR, MINUTE, NOW, ref, session

KEY = ref().key
GRACE = 15 * MINUTE
NEVER = StopHours(days=frozenset({5}), start=0, end=60, timezone="UTC")  # NOW is a Friday

PROMISE = Promise(
    policy="idle",
    stage=Stage.ENFORCE,
    enforced=True,
    by="r-0",
    at=NOW - HOUR,
    grace=GRACE,
    due_at=NOW - HOUR + GRACE,
    told_at=NOW - HOUR,
)
MEMORY = Memory(
    ref=ref(),
    first_matched=NOW - HOUR,
    last_matched=NOW,
    policy="idle",
    held_since=NOW - HOUR,
    outcome=Outcome.WARNED,
    outcome_since=NOW - HOUR,
    promise=PROMISE,
    claim=Claim(run_id="r-1", at=NOW - 1, policy="idle"),
)
RECHECK = Case(
    session=session(),
    verdict=Verdict(VerdictKind.STOP, "idle", "nobody uses it", GRACE),
    setting=Setting(
        guards=Guards(), live={KEY: 1}, now=NOW, enforced=True, recalled=Recalled(memories={ref(): MEMORY})
    ),
    judged=session(),
    claimed_by="r-1",
)


def remembering(case: Case, **changes: object) -> Case:
    recalled = case.setting.recalled
    assert recalled is not None
    memories = {one: replace(memory, **changes) for one, memory in recalled.memories.items()}  # type: ignore[arg-type]
    return setting(case, recalled=replace(recalled, memories=memories))


def recalling(case: Case, **changes: object) -> Case:
    assert case.setting.recalled is not None
    return setting(case, recalled=replace(case.setting.recalled, **changes))  # type: ignore[arg-type]


def setting(case: Case, **changes: object) -> Case:
    return replace(case, setting=replace(case.setting, **changes))  # type: ignore[arg-type]


def facts(case: Case, **changes: object) -> Case:
    return replace(case, session=replace(case.session, facts=replace(case.session.facts, **changes)))  # type: ignore[arg-type]


BREAK = {
    Condition.VERDICT: lambda case: replace(case, verdict=replace(case.verdict, kind=VerdictKind.PROTECT)),
    Condition.REGRETS: lambda case: recalling(case, fallen={"idle": "regretted"}),
    Condition.STAGE: lambda case: replace(case, verdict=replace(case.verdict, stage=Stage.OBSERVE)),
    Condition.SNOOZE: lambda case: remembering(case, snooze=Snooze(until=NOW + 1, by="ana", at=NOW - 1)),
    Condition.ACCEPTED: lambda case: remembering(case, stopped_at=NOW - 60, stopped_by="idle"),
    Condition.WARNING_STAGE: lambda case: replace(case, verdict=replace(case.verdict, stage=Stage.WARN)),
    Condition.LEDGER: lambda case: recalling(case, trouble="the table is gone"),
    Condition.REMEMBERED: lambda case: recalling(case, memories={}),
    Condition.PROMISE: lambda case: remembering(case, promise=replace(PROMISE, told_at=NOW - GRACE + 1)),
    Condition.PLAN: lambda case: setting(case, only=frozenset({ref("another")})),
    Condition.WHOLE: lambda case: setting(case, unseen=frozenset({KEY})),
    Condition.TAGS: lambda case: setting(case, tag_trouble={KEY: "tags"}),
    Condition.EVIDENCE: lambda case: setting(case, evidence_trouble={KEY: "evidence"}),
    Condition.CLAIM: lambda case: remembering(case, claim=Claim(run_id="r-2", at=NOW - 1, policy="idle")),
    Condition.POPULATION: lambda case: recalling(case, tripped={KEY: "too few"}),
    Condition.MIN_AGE: lambda case: facts(case, created_at=NOW - 60.0),
    Condition.STOP_HOURS: lambda case: setting(case, guards=replace(case.setting.guards, stop_hours=(NEVER,))),
    Condition.SERVICE: lambda case: setting(facts(case, phase=Phase.UNHEALTHY), idle_only=frozenset({KEY})),
    Condition.UNUSED: lambda case: facts(case, idle_since=NOW - 30.0),
}
"""A change to a case in which a stop is allowed, for each condition, after which that one does not hold."""
HIDES = {
    # Without a memory, what it would have said is unknown; that it is missing withholds the stop.
    Condition.REMEMBERED: {Condition.SNOOZE, Condition.ACCEPTED, Condition.PROMISE, Condition.CLAIM},
    # One stage at a time.
    Condition.STAGE: {Condition.WARNING_STAGE},
    Condition.WARNING_STAGE: {Condition.STAGE},
}


def test_a_stop_of_which_everything_holds_is_allowed():
    assert withheld(RECHECK) == ()


def test_no_condition_was_forgotten_here():
    assert set(BREAK) == set(Condition)


@given(st.sets(st.sampled_from(list(Condition)), min_size=1))
def test_whatever_conditions_do_not_hold_each_of_them_withholds_and_none_is_skipped(broken):
    case = RECHECK
    # What is missing from memory goes last, so that the others have something to change.
    for condition in sorted(broken, key=lambda one: (one is Condition.REMEMBERED, one)):
        case = BREAK[condition](case)

    against = {one.condition for one in withheld(case)}

    hidden = set().union(*(HIDES.get(one, set()) for one in broken))
    assert broken - hidden <= against
    assert against


@pytest.mark.parametrize("condition", [one for one in Condition if one not in {Condition.CLAIM, Condition.UNUSED}])
def test_the_plan_asks_the_same_conditions_as_the_look_before_the_stop(condition):
    planned = remembering(replace(RECHECK, judged=None, claimed_by=None), claim=None)
    assert withheld(planned) == ()

    assert condition in {one.condition for one in withheld(BREAK[condition](planned))}


def test_a_wish_to_stop_waives_the_promise_and_nothing_else():
    hurried = remembering(RECHECK, promise=None, hurry=Hurry(at=NOW - 60, by="ana"))
    assert withheld(hurried) == ()

    for condition in set(Condition) - {Condition.PROMISE, Condition.REMEMBERED, Condition.UNUSED}:
        assert condition in {one.condition for one in withheld(BREAK[condition](hurried))}


class TestClaims:
    def of(self, **claim: object) -> list[Condition]:
        made = Claim(**{"run_id": "r-1", "at": NOW - 1, "policy": "idle", **claim})  # type: ignore[arg-type]
        return [one.condition for one in withheld(remembering(RECHECK, claim=made))]

    def test_ones_own_holds_for_its_time(self):
        assert self.of(at=NOW - CLAIM_LASTS + 1) == []
        assert self.of(at=NOW - CLAIM_LASTS) == [Condition.CLAIM]

    def test_anothers_and_none_at_all_withhold(self):
        assert self.of(run_id="r-2") == [Condition.CLAIM]
        assert [one.condition for one in withheld(remembering(RECHECK, claim=None))] == [Condition.CLAIM]

    def test_at_the_plan_anothers_withholds_until_it_is_too_old(self):
        planned = replace(RECHECK, judged=None, claimed_by=None)
        assert [one.condition for one in withheld(planned)] == [Condition.CLAIM]
        old = Claim(run_id="r-2", at=NOW - CLAIM_LASTS, policy="idle")
        assert withheld(remembering(planned, claim=old)) == ()


@pytest.mark.parametrize(
    ("confirmed_at", "accepted"), [(None, True), (NOW - 61, True), (NOW - 60, False), (NOW - 59, False)]
)
def test_a_stop_is_waited_for_until_it_is_confirmed_not_until_one_before_it_was(confirmed_at, accepted):
    case = remembering(RECHECK, stopped_at=NOW - 60, stopped_by="idle", confirmed_at=confirmed_at)
    assert (Condition.ACCEPTED in {one.condition for one in withheld(case)}) is accepted


class TestPromises:
    def withholds(self, case: Case = RECHECK, **promise: object) -> bool:
        changed = replace(PROMISE, **promise)  # type: ignore[arg-type]
        assert case.memory is not None
        memory = case.memory.warned(changed)
        warned = remembering(case, promise=memory.promise, not_before=memory.not_before)
        return Condition.PROMISE in {one.condition for one in withheld(warned)}

    def test_one_that_was_kept_allows(self):
        assert not self.withholds()

    @pytest.mark.parametrize(
        "otherwise",
        [
            {"told_at": None},
            {"policy": "another"},
            {"stage": Stage.WARN},
            {"stage": Stage.OBSERVE},
            {"enforced": False},
            {"due_at": NOW + 1},
            {"told_at": NOW - GRACE + 1},
        ],
    )
    def test_one_that_was_not_told_or_said_another_thing_does_not(self, otherwise):
        assert self.withholds(**otherwise)

    def test_one_made_by_a_sweep_that_only_reports_counts_for_such_sweeps(self):
        reporting = setting(RECHECK, enforced=False)
        assert not self.withholds(reporting, enforced=False)

    def test_it_binds_a_shorter_grace_and_another_policy_without_one(self):
        shorter = replace(RECHECK, verdict=replace(RECHECK.verdict, grace=60.0))
        other = replace(RECHECK, verdict=Verdict(VerdictKind.STOP, "other", "", None))
        for case in (shorter, other):
            assert self.withholds(case, due_at=NOW + 1)
            assert not self.withholds(case, due_at=NOW)

    def test_a_longer_grace_counts_from_when_people_were_told(self):
        longer = replace(RECHECK, verdict=replace(RECHECK.verdict, grace=2 * HOUR))
        assert self.withholds(longer)
        assert not self.withholds(longer, told_at=NOW - 2 * HOUR)

    def test_one_under_a_stage_that_never_stops_binds_nobody_to_a_moment(self):
        at_once = replace(RECHECK, verdict=replace(RECHECK.verdict, grace=None))
        assert not self.withholds(at_once, stage=Stage.WARN, due_at=NOW + HOUR)


class TestHurry:
    @pytest.mark.parametrize(("at", "waives"), [(NOW - HOUR, True), (NOW - 3 * HOUR - 1, False)])
    def test_a_wish_to_stop_at_once_waives_the_grace_until_the_session_is_used(self, at, waives):
        used = facts(RECHECK, idle_since=NOW - 3 * HOUR)
        wished = remembering(used, promise=None, hurry=Hurry(at=at, by="ana"))
        assert (Condition.PROMISE not in {one.condition for one in withheld(wished)}) is waives


@pytest.mark.parametrize("untrusted", [evidence_untrusted, tags_untrusted])
@pytest.mark.parametrize(("failed", "asked", "trips"), [(0, 10, False), (1, 1, False), (2, 10, False), (3, 10, True)])
def test_look_ups_are_not_trusted_once_more_than_a_fifth_failed_and_more_than_one(untrusted, failed, asked, trips):
    assert (untrusted(failed, asked, KEY, Guards()) is not None) is trips


class TestUse:
    def unused(self, lifted: frozenset[Lifted] = frozenset(), **changed: object) -> bool:
        case = setting(RECHECK, lifted={"idle": lifted})
        return Condition.UNUSED not in {one.condition for one in withheld(facts(case, **changed))}

    def test_evidence_that_cannot_be_known_any_more_is_a_use(self):
        assert self.unused()
        assert not self.unused(idle_since=Undecidable("denied"))
        assert not self.unused(phase=Phase.BUSY)
        assert not self.unused(idle_since=NOW - 9 * HOUR + 1)

    def test_what_a_policy_lifts_is_none_and_only_that(self):
        doubt = Undecidable("no evidence")
        assert self.unused(frozenset({Lifted.UNDECIDABLE}), idle_since=doubt)
        assert not self.unused(frozenset({Lifted.STARTING, Lifted.UNHEALTHY}), idle_since=doubt)
        assert not self.unused(frozenset({Lifted.UNDECIDABLE}), idle_since=NOW - 60)
        assert not self.unused(frozenset({Lifted.UNHEALTHY, Lifted.STARTING, Lifted.UNDECIDABLE}), phase=Phase.BUSY)
        assert self.unused(frozenset({Lifted.BUSY}), phase=Phase.BUSY)
        assert self.unused(frozenset({Lifted.BUSY}), idle_since=NOW - 60)
