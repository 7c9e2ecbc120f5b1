"""What holds in every world, however strange. These are the promises people switch enforce mode on for."""

from __future__ import annotations

from collections import Counter

from hypothesis import assume, given
from hypothesis import strategies as st

from reaper.core.facts import Missing, Undecidable
from reaper.core.judge import Needs, Verdict, VerdictKind, compile_book, judge
from reaper.core.outcome import Outcome
from reaper.core.pin import KEEP_UNTIL, read_pin
from reaper.core.policy.compile import compile_condition
from reaper.core.policy.model import Guards, PolicyBook
from reaper.core.report import Mode
from reaper.core.session import Phase, Session
from reaper.core.truth import Open
from reaper.core.vocabulary import Lens
from reaper.sweep.instructions import Sweep
from reaper.sweep.ports import ProviderError, Trouble
from reaper.sweep.run import run
from tests.support.providers import FakeProvider, as_listed
from tests.support.sessions import NOW, ref
from tests.support.strategies import any_guards, any_lifted, conditions, facts, loose_guards, policies, worlds

graces = st.sampled_from([None, None, 900.0])
broken_scopes = st.sampled_from(
    [{}, {(("workgroup", "a"),): ProviderError(Trouble.DENIED, "denied"), (("workgroup", "z"),): ValueError("odd")}]
)


def sweep(world, book, mode, **more):
    return run(
        Sweep(
            run_id="r",
            mode=mode,
            book=book,
            providers=[world],
            counter=world.calls,
            clock=lambda: NOW,
            threads=1,
            **more,
        )
    )


def book_of(found, guards=None):
    return compile_book(PolicyBook(policies=tuple(found), guards=guards or Guards()))


@given(worlds(), policies(graces=graces), loose_guards, broken_scopes)
def test_no_busy_undecidable_or_protected_session_is_ever_stopped(scripts, found, guards, broken):
    world = FakeProvider(scripts, broken=broken)
    sweep(world, book_of(found, guards), Mode.ENFORCE)
    for stopped in world.stops:
        truth = world.truth_at_stop(stopped)
        assert truth.phase is Phase.IDLE
        assert not isinstance(truth.tags, Undecidable | Missing)
        pin = read_pin(truth.tags)
        assert pin is None or not pin.protects(NOW)


@given(worlds(), policies(lifted=any_lifted), loose_guards)
def test_a_protect_that_holds_or_cannot_be_ruled_out_protects(scripts, found, guards):
    book = book_of(found, guards)
    world = FakeProvider(scripts)
    sweep(world, book, Mode.ENFORCE)
    for stopped in world.stops:
        truth = Session(stopped, world.truth_at_stop(stopped))
        assert all(one.holds(truth, NOW) is False for one in book.protects)


@given(worlds(), policies(lifted=any_lifted), any_guards)
def test_nothing_is_stopped_that_no_stop_policy_wants(scripts, found, guards):
    book = book_of(found, guards)
    world = FakeProvider(scripts)
    sweep(world, book, Mode.ENFORCE)
    for stopped in world.stops:
        verdict = judge(book, Session(stopped, world.truth_at_stop(stopped)), NOW)
        assert isinstance(verdict, Verdict)
        assert verdict.kind is VerdictKind.STOP
    assert max(Counter(world.stops).values(), default=0) <= 1, "a session was told to stop twice"


@given(worlds(), policies(lifted=any_lifted, graces=graces), any_guards, broken_scopes)
def test_report_mode_stops_nothing_in_any_world(scripts, found, guards, broken):
    world = FakeProvider(scripts, broken=broken)
    report = sweep(world, book_of(found, guards), Mode.REPORT)
    assert world.stops == []
    assert set(world.calls.counts()) <= {"glue:List", "glue:Statements", "glue:Tags", "glue:Config"}
    assert not {finding.outcome for finding in report.findings} & {Outcome.STOPPED, Outcome.SPARED, Outcome.FAILED}


@given(worlds(), policies(lifted=any_lifted, graces=graces), any_guards)
def test_plan_and_run_agree_on_every_session(scripts, found, guards):
    for script in scripts:
        script.later, script.vanishes, script.reread_error = None, False, None
    book = book_of(found, guards)
    planned = sweep(FakeProvider(scripts), book, Mode.REPORT)
    done = sweep(FakeProvider(scripts), book, Mode.ENFORCE)
    acted = {Outcome.STOPPED, Outcome.ALREADY_GONE}
    after = [(one.ref, Outcome.WOULD_STOP if one.outcome in acted else one.outcome) for one in done.findings]
    assert after == [(one.ref, one.outcome) for one in planned.findings]


@given(worlds(), policies(lifted=any_lifted), any_guards)
def test_the_caps_hold_in_every_world(scripts, found, guards):
    world = FakeProvider(scripts)
    report = sweep(world, book_of(found, guards), Mode.ENFORCE)
    assert len(world.stops) <= guards.max_stops
    if report.live >= guards.min_population:
        assert len(world.stops) <= guards.max_stop_share * report.live


@given(facts(), policies(lifted=any_lifted))
def test_asking_later_never_changes_the_verdict(known, found):
    """What is judged on partial facts is what would have been judged on all of them."""
    assume(known.phase is not Phase.ENDED)  # list calls always tell that a session has ended
    book = book_of(found)
    whole = Session(ref(), known)
    full = judge(book, whole, NOW)
    assert isinstance(full, Verdict)
    for hidden in (frozenset({"phase", "idle_since"}), frozenset({"tags"}), frozenset({"idle_timeout", "tags"})):
        partial = judge(book, Session(whole.ref, as_listed(known, hidden)), NOW)
        if isinstance(partial, Needs):
            assert partial.fields
            assert partial.fields <= hidden
        elif not isinstance(known.idle_since, Undecidable):
            assert partial.kind is full.kind


@given(facts(), conditions)
def test_knowing_more_never_turns_a_certain_answer_around(known, condition):
    check = compile_condition(condition, Lens())
    doubtful = Undecidable("could not look")
    for name in ("phase", "idle_since", "tags", "idle_timeout", "created_at", "kind"):
        before = check(Session(ref(), known.with_(**{name: doubtful})), NOW)
        after = check(Session(ref(), known), NOW)
        if not isinstance(before, Open) and not isinstance(getattr(known, name), Missing):
            assert before == after, f"a doubt about {name} was settled without looking"


def test_the_tag_that_pins_a_session_is_public():
    assert KEEP_UNTIL == "session-reaper/keep-until"
