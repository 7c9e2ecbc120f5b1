"""A sweep that runs out of time: what it leaves over is named, and carried on with without judging twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from reaper.core.guards import Stops
from reaper.core.policy.model import Guards
from reaper.core.report import Mode, Unfinished
from reaper.core.session import Phase
from reaper.sweep.instructions import Sweep
from reaper.sweep.parts import Earlier, carry_on
from reaper.sweep.ports import ProviderError, Trouble
from reaper.sweep.run import run
from tests.support.ledgers import MemoryLedger
from tests.support.providers import FakeProvider, Scripted
from tests.support.sessions import MINUTE, NOW, book, policy, ref, session, text

IDLE = text("phase", "idle")
COSTLY = frozenset({"phase", "idle_since", "tags"})
LOOSE = Guards(max_stops=100, max_stop_share=1.0)
WORKGROUPS = [(("workgroup", name),) for name in ("a", "b", "c")]


class Clock:
    """Says that there is time for ``calls`` more pieces of work."""

    def __init__(self, calls):
        self.calls = calls

    def __call__(self):
        self.calls -= 1
        return self.calls >= 0


def world():
    return FakeProvider(
        [
            Scripted(session(f"{scope[0][1]}-{number}", scope=scope), COSTLY)
            for scope in WORKGROUPS
            for number in range(3)
        ]
    )


def sweep(  # noqa: PLR0913 - what a part of a sweep depends on
    provider, calls=10_000, *, mode=Mode.REPORT, guards=LOOSE, earlier=None, ledger=None, now=NOW, grace=None, **more
):
    return run(
        Sweep(
            run_id=f"r-{now}",
            mode=mode,
            book=book(policy("stop", IDLE, name="idle", grace=grace), guards=guards),
            providers=[provider],
            counter=provider.calls,
            clock=lambda: now,
            in_time=Clock(calls),
            earlier=earlier,
            ledger=ledger,
            threads=1,
            **more,
        )
    )


def parts(calls):
    """All parts of one sweep over one world, each with time for ``calls`` pieces of work."""
    provider, earlier, reports = world(), None, []
    for _ in range(50):
        report = sweep(provider, calls, earlier=earlier)
        reports.append(report)
        if not report.unfinished:
            return provider, reports
        earlier = carry_on(report, earlier)
    pytest.fail("it never came to an end")


@pytest.mark.parametrize("calls", [2, 3, 5, 8, 12])
def test_every_session_is_judged_exactly_once_however_often_it_is_interrupted(calls):
    _, reports = parts(calls)
    judged = Counter(finding.ref.id for report in reports for finding in report.findings)
    assert judged == Counter({f"{name}-{number}": 1 for name in "abc" for number in range(3)})
    assert len(reports) > 1


@pytest.mark.parametrize("calls", [2, 3, 5, 8, 12])
def test_the_last_part_knows_how_many_sessions_there_were_in_all(calls):
    _, reports = parts(calls)
    assert (reports[-1].seen, reports[-1].live) == (9, 9)


def test_what_was_not_begun_is_named():
    report = sweep(world(), 2)
    assert report.findings == ()
    assert [scope for _, scope in report.unfinished.listings] == WORKGROUPS[1:]
    assert [one.id for one in report.unfinished.sessions] == ["a-0", "a-1", "a-2"]
    assert report.needs_a_person()


def test_without_time_nothing_is_asked_at_all():
    provider = world()
    report = sweep(provider, 0)
    assert provider.calls.counts() == {}
    assert report.unfinished == Unfinished(listings=((provider.key, ()),))


def test_a_session_that_ended_meanwhile_is_no_finding():
    provider = world()
    first = sweep(provider, 2)
    for script in provider.sessions:
        script.vanishes = script.truth.ref.id == "a-0"
    second = sweep(provider, earlier=carry_on(first, None))
    assert "a-0" not in {finding.ref.id for finding in second.findings}
    assert len(second.findings) == 8


def test_caps_count_what_the_parts_before_have_stopped():
    provider = world()
    first = sweep(provider, 5, mode=Mode.ENFORCE, guards=Guards(max_stops=5, max_stop_share=1.0))
    earlier = replace(carry_on(first, None), stops={provider.key: Stops(4)})
    rest = sweep(provider, mode=Mode.ENFORCE, guards=Guards(max_stops=5, max_stop_share=1.0), earlier=earlier)
    assert {finding.outcome.value for finding in rest.findings} == {"withheld"}


def test_a_stop_there_is_no_time_for_is_withheld():
    provider = FakeProvider([Scripted(session())])
    report = sweep(provider, 2, mode=Mode.ENFORCE)
    assert [finding.outcome.value for finding in report.findings] == ["withheld"]
    assert "ran out of time" in report.findings[0].detail
    assert provider.stops == []


def test_an_interrupted_sweep_resets_no_grace_and_is_believed_about_its_population():
    provider, ledger, grace = world(), MemoryLedger(), 15 * MINUTE

    def all_parts(now):
        earlier, outcomes = None, {}
        for _ in range(20):
            report = sweep(provider, 5, earlier=earlier, ledger=ledger, now=now, grace=grace)
            outcomes |= {finding.ref.id: finding.outcome.value for finding in report.findings}
            assert report.tripped == ()
            if not report.unfinished:
                return outcomes
            earlier, now = carry_on(report, earlier), now + MINUTE
        return pytest.fail("it never came to an end")

    assert set(all_parts(NOW).values()) == {"warned"}
    assert set(all_parts(NOW + 40 * MINUTE).values()) == {"would_stop"}


def test_resuming_looks_at_nothing_that_was_done():
    provider = world()
    earlier = Earlier(
        began_at=NOW,
        unfinished=Unfinished(listings=((provider.key, WORKGROUPS[2]),), sessions=(ref("a-1", scope=WORKGROUPS[0]),)),
    )
    report = sweep(provider, earlier=earlier)
    assert sorted(finding.ref.id for finding in report.findings) == ["a-1", "c-0", "c-1", "c-2"]
    assert provider.calls.counts()["glue:List"] == 1


def test_a_stop_is_not_confirmed_because_another_part_saw_that_its_session_runs_on():
    provider, ledger = FakeProvider([Scripted(session("s-0", scope=WORKGROUPS[0]))]), MemoryLedger()
    sweep(provider, ledger=ledger, mode=Mode.ENFORCE)
    provider.sessions.append(Scripted(session("s-1", scope=WORKGROUPS[1], phase=Phase.BUSY)))

    first = sweep(provider, 2, ledger=ledger, mode=Mode.ENFORCE, now=NOW + 3 * MINUTE)
    rest = sweep(provider, ledger=ledger, mode=Mode.ENFORCE, now=NOW + 4 * MINUTE, earlier=carry_on(first, None))

    assert [scope for _, scope in first.unfinished.listings] == [WORKGROUPS[1]]
    assert {finding.ref.id: finding.outcome.value for finding in rest.findings} == {"s-0": "stopped"}


def test_nor_because_another_part_saw_it_in_use():
    provider, ledger = FakeProvider([Scripted(session("s-0", scope=WORKGROUPS[0]))]), MemoryLedger()
    sweep(provider, ledger=ledger, mode=Mode.ENFORCE)
    provider.sessions[:] = [
        Scripted(session("s-0", scope=WORKGROUPS[0], phase=Phase.BUSY)),
        Scripted(session("s-1", scope=WORKGROUPS[1], phase=Phase.BUSY)),
    ]

    first = sweep(provider, 2, ledger=ledger, mode=Mode.ENFORCE, now=NOW + 3 * MINUTE)
    rest = sweep(provider, ledger=ledger, mode=Mode.ENFORCE, now=NOW + 4 * MINUTE, earlier=carry_on(first, None))

    assert [scope for _, scope in first.unfinished.listings] == [WORKGROUPS[1]]
    assert (first.findings, rest.findings) == ((), ())


def test_a_scope_that_a_part_before_could_not_see_all_of_is_recorded_as_blind():
    provider, ledger = world(), MemoryLedger()
    earlier = Earlier(
        began_at=NOW,
        unfinished=Unfinished(listings=((provider.key, WORKGROUPS[2]),)),
        live={provider.key: 2},
        blind=frozenset({provider.key}),
    )

    report = sweep(provider, earlier=earlier, ledger=ledger)

    scope = ledger.scopes([provider.key])[provider.key]
    assert (scope.swept_at, scope.populations) == (NOW, ())
    assert carry_on(report, earlier).blind == {provider.key}


def test_a_stop_is_confirmed_by_the_part_that_reads_its_scope_from_the_beginning():
    provider, ledger = FakeProvider([Scripted(session("s-0", scope=WORKGROUPS[0]))]), MemoryLedger()
    sweep(provider, ledger=ledger, mode=Mode.ENFORCE)
    provider.sessions.clear()

    first = sweep(provider, 0, ledger=ledger, mode=Mode.ENFORCE, now=NOW + 3 * MINUTE)
    rest = sweep(provider, ledger=ledger, mode=Mode.ENFORCE, now=NOW + 4 * MINUTE, earlier=carry_on(first, None))

    assert first.findings == ()
    assert {finding.ref.id: finding.outcome.value for finding in rest.findings} == {"s-0": "confirmed"}


def test_the_stops_of_a_scope_that_is_not_all_seen_wait_for_the_rest_and_are_made_then():
    provider = world()
    first = sweep(provider, 9, mode=Mode.ENFORCE)
    assert first.findings == ()
    assert len(first.unfinished.stops) == 5
    assert provider.stops == []
    rest = sweep(provider, mode=Mode.ENFORCE, earlier=carry_on(first, None))
    assert Counter(finding.outcome.value for finding in rest.findings) == Counter(stopped=9)
    assert len(provider.stops) == 9


def test_one_that_waited_and_cannot_be_read_then_is_blind_and_hides_none_of_the_others():
    provider = world()
    first = sweep(provider, 9, mode=Mode.ENFORCE)
    waiting = first.unfinished.stops[0]
    provider._script(waiting).reread_error = ProviderError(Trouble.DENIED, "GetSession was denied")

    rest = sweep(provider, mode=Mode.ENFORCE, earlier=carry_on(first, None))

    assert [(blind.scope[-1], blind.error) for blind in rest.blind] == [
        (("session", waiting.id), "GetSession was denied")
    ]
    assert Counter(finding.outcome.value for finding in rest.findings) == Counter(stopped=8)


def test_a_cap_counts_all_stops_of_a_scope_however_many_parts_it_took():
    provider, guards = world(), Guards(max_stops=8, max_stop_share=1.0)
    first = sweep(provider, 9, mode=Mode.ENFORCE, guards=guards)
    rest = sweep(provider, mode=Mode.ENFORCE, guards=guards, earlier=carry_on(first, None))
    assert Counter(finding.outcome.value for finding in rest.findings) == Counter(withheld=9)
    assert provider.stops == []


def test_stops_that_waited_and_found_no_time_are_counted_by_the_caps_and_come_in_the_next_part():
    provider, guards = world(), Guards(max_stops=9, max_stop_share=1.0)
    first = sweep(provider, 9, mode=Mode.ENFORCE, guards=guards)
    second = sweep(provider, 7, mode=Mode.ENFORCE, guards=guards, earlier=carry_on(first, None))
    last = sweep(provider, mode=Mode.ENFORCE, guards=guards, earlier=carry_on(second, carry_on(first, None)))
    told = Counter(finding.ref.id for report in (first, second, last) for finding in report.findings)
    assert set(told.values()) == {1}
    assert len(told) == 9


def test_stops_that_waited_and_found_no_time_are_over_the_cap_with_those_that_found_it():
    provider, guards = world(), Guards(max_stops=8, max_stop_share=1.0)
    first = sweep(provider, 9, mode=Mode.ENFORCE, guards=guards)
    second = sweep(
        provider, 6, mode=Mode.ENFORCE, guards=guards, earlier=carry_on(first, None), stops_in_time=lambda: True
    )
    assert (len(second.findings), len(second.unfinished.stops)) == (6, 3)
    assert provider.stops == []
