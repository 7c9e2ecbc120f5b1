"""What a whole sweep does to a scripted world."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reaper.core.facts import ABSENT, IN_USE, Undecidable
from reaper.core.outcome import Outcome
from reaper.core.policy.model import Guards
from reaper.core.report import Mode
from reaper.core.session import Phase
from reaper.sweep.instructions import Sweep
from reaper.sweep.ports import ProviderError, StopResult, Trouble
from reaper.sweep.run import run
from tests.support.providers import FakeProvider, Scripted
from tests.support.sessions import HOUR, NOW, book, policy, protect_env, ref, session, text

COSTLY = frozenset({"phase", "idle_since", "tags"})
DENIED = ProviderError(Trouble.DENIED, "glue:ListSessions was denied")


def sweep(provider, *policies, mode=Mode.ENFORCE, guards=None, **more):
    return run(
        Sweep(
            run_id="r-1",
            mode=mode,
            book=book(*(policies or (policy(),)), guards=guards),
            providers=[provider],
            counter=provider.calls,
            clock=lambda: NOW,
            threads=4,
            **more,
        )
    )


def outcomes(report):
    return {finding.ref.id: finding.outcome.value for finding in report.findings}


def test_an_idle_session_is_stopped_once_after_one_more_look():
    world = FakeProvider([Scripted(session("idle"), COSTLY)])
    assert outcomes(sweep(world)) == {"idle": "stopped"}
    assert [stopped.id for stopped in world.stops] == ["idle"]
    assert world.calls.counts() == {"glue:List": 1, "glue:Statements": 2, "glue:Tags": 2, "glue:Get": 1, "glue:Stop": 1}


def test_report_mode_differs_by_the_stops_alone():
    world = FakeProvider([Scripted(session("idle"), COSTLY)])
    assert outcomes(sweep(world, mode=Mode.REPORT)) == {"idle": "would_stop"}
    assert world.calls.counts() == {"glue:List": 1, "glue:Statements": 1, "glue:Tags": 1}


@pytest.mark.parametrize(
    ("later", "expected", "words"),
    [
        ({"phase": Phase.BUSY, "idle_since": IN_USE}, "spared", "busy"),
        ({"idle_since": NOW - 60.0}, "spared", "no policy wants it stopped"),
        ({"tags": {"session-reaper/keep-until": "2027-02-01"}}, "spared", "kept until 2027-02-01"),
        ({"tags": Undecidable("GetTags was throttled")}, "spared", "GetTags was throttled"),
        ({"phase": Undecidable("denied"), "idle_since": Undecidable("denied")}, "spared", "denied"),
        ({"phase": Phase.STOPPING, "idle_since": ABSENT}, "already_gone", "ending by itself"),
        ({"phase": Phase.ENDED, "idle_since": ABSENT}, "already_gone", "ending by itself"),
    ],
)
def test_a_session_that_changed_since_it_was_judged_is_not_stopped(later, expected, words):
    before = session("s-1")
    world = FakeProvider([Scripted(before, frozenset(), later=replace(before.facts, **later))])
    report = sweep(world)
    assert outcomes(report) == {"s-1": expected}
    assert words in report.findings[0].detail
    assert world.stops == []


@pytest.mark.parametrize(
    ("script", "expected", "stops"),
    [
        ({"vanishes": True}, "already_gone", 0),
        ({"reread_error": ProviderError(Trouble.THROTTLED, "throttled")}, "unread", 0),
        ({"stop_error": ProviderError(Trouble.DENIED, "glue:StopSession was denied")}, "failed", 1),
        ({"stop_result": StopResult.ALREADY_GONE}, "already_gone", 1),
    ],
)
def test_a_stop_that_does_not_happen_is_named_and_the_next_one_goes_on(script, expected, stops):
    world = FakeProvider([Scripted(session("a-odd"), **script), Scripted(session("b-idle"))])
    assert outcomes(sweep(world)) == {"a-odd": expected, "b-idle": "stopped"}
    assert len(world.stops) == stops + 1


def test_one_blind_scope_hides_nothing_of_the_others_and_is_not_empty():
    denied = (("workgroup", "secret"),)
    world = FakeProvider([Scripted(session("idle", scope=(("workgroup", "open"),)))], broken={denied: DENIED})
    report = sweep(world)
    assert outcomes(report) == {"idle": "stopped"}
    assert [(blind.scope, blind.error) for blind in report.blind] == [(denied, "glue:ListSessions was denied")]
    assert report.needs_a_person()


def test_what_a_scope_yielded_before_it_failed_is_kept():
    scope = (("workgroup", "half"),)
    world = FakeProvider([Scripted(session("first", scope=scope))], broken={scope: DENIED})
    report = sweep(world, mode=Mode.REPORT)
    assert outcomes(report) == {"first": "would_stop"}
    assert len(report.blind) == 1


def test_a_fault_in_a_provider_is_blind_and_not_a_crash():
    scope = (("workgroup", "odd"),)
    report = sweep(FakeProvider([], broken={scope: ZeroDivisionError("odd")}))
    assert [blind.error for blind in report.blind] == ["reading it failed: ZeroDivisionError('odd')"]


def test_a_session_listed_twice_is_told_and_counted_once():
    one = Scripted(session("twice"))
    report = sweep(FakeProvider([one, one]))
    assert (report.seen, outcomes(report)) == (1, {"twice": "stopped"})


def test_ended_sessions_are_seen_and_not_live():
    ended = session("old", phase=Phase.ENDED, idle_since=ABSENT)
    report = sweep(FakeProvider([Scripted(ended), Scripted(session("new"))]))
    assert (report.seen, report.live) == (2, 1)


def test_a_protected_session_is_listed_only_where_a_stop_would_have_been():
    busy = session("busy", phase=Phase.BUSY, idle_since=IN_USE, tags={"env": "prod"})
    idle = session("idle", tags={"env": "prod"})
    report = sweep(FakeProvider([Scripted(busy), Scripted(idle)]), policy(), protect_env("prod"))
    assert outcomes(report) == {"idle": "protected"}


def test_a_plan_stops_just_what_it_names_and_says_what_became_of_each():
    world = FakeProvider(
        [Scripted(session("planned")), Scripted(session("unplanned")), Scripted(session("woke", idle=60.0))]
    )
    report = sweep(world, only=frozenset({ref("planned"), ref("woke"), ref("gone")}))
    assert outcomes(report) == {
        "planned": "stopped",
        "unplanned": "withheld",
        "woke": "spared",
        "gone": "already_gone",
    }
    assert [stopped.id for stopped in world.stops] == ["planned"]


def test_a_planned_session_in_the_dark_is_not_called_gone():
    report = sweep(FakeProvider([], broken={(("workgroup", "x"),): DENIED}), only=frozenset({ref("planned")}))
    assert outcomes(report) == {"planned": "undetermined"}


def test_a_guard_that_trips_between_plan_and_stop_still_holds():
    grown_young = replace(session().facts, created_at=NOW - 60.0, idle_since=NOW - 9 * HOUR)
    world = FakeProvider([Scripted(session(), later=grown_young)])
    report = sweep(world, policy("stop", text("phase", "idle")))
    assert [finding.outcome for finding in report.findings] == [Outcome.WITHHELD]
    assert world.stops == []


def test_caps_hold_in_enforce_mode():
    world = FakeProvider([Scripted(session(f"s-{number}")) for number in range(6)])
    report = sweep(world, guards=Guards(max_stops=5, max_stop_share=1.0))
    assert set(outcomes(report).values()) == {"withheld"}
    assert world.stops == []
    assert [one.key for one in report.tripped] == [world.key]
    assert "raise guards.max_stops" in report.tripped[0].why
