from __future__ import annotations

from dataclasses import replace

import pytest

from reaper.catalog.services import specs
from reaper.catalog.spec import FactSource
from reaper.core.facts import NOT_ASKED, Unread
from reaper.core.outcome import Outcome
from reaper.core.report import Mode
from reaper.handlers.time_limit import NO_TIME, TimeLimited
from reaper.sweep.instructions import Sweep
from reaper.sweep.ports import ProviderError
from reaper.sweep.run import run
from tests.support.providers import SOURCES, FakeProvider, Scripted
from tests.support.sessions import NOW, book, policy, session

GLUE = specs()["glue"]
FAKE = replace(GLUE, sources=tuple(FactSource(name, f"glue:{name}", told) for name, told in SOURCES.items()))


class Time:
    """Enough of it until ``left`` questions were asked."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self) -> bool:
        self.left -= 1
        return self.left >= 0


def swept(provider, in_time):
    limited = TimeLimited(provider, FAKE, in_time)
    sweep = Sweep(
        run_id="run-1",
        mode=Mode.ENFORCE,
        book=book(policy()),
        providers=[limited],
        counter=provider.calls,
        clock=lambda: NOW,
        threads=1,
    )
    return run(sweep)


def idle(count):
    return FakeProvider([Scripted(session(f"s-{number}")) for number in range(count)])


def test_with_time_enough_nothing_is_different():
    provider = idle(3)

    report = swept(provider, lambda: True)

    assert [finding.outcome for finding in report.findings] == [Outcome.STOPPED] * 3
    assert report.blind == ()


def test_without_any_time_everything_is_blind_and_nothing_is_stopped():
    provider = idle(3)

    report = swept(provider, lambda: False)

    assert [blind.error for blind in report.blind] == [NO_TIME]
    assert provider.stops == []
    assert provider.calls.counts() == {}


@pytest.mark.parametrize("left", range(1, 20))
def test_whenever_time_runs_out_what_was_not_done_is_said_to_be_so(left):
    provider = idle(3)

    report = swept(provider, Time(left))

    stopped = [finding for finding in report.findings if finding.outcome is Outcome.STOPPED]
    left = [finding for finding in report.findings if finding.outcome in {Outcome.FAILED, Outcome.UNREAD}]
    assert [finding.ref for finding in stopped] == provider.stops
    assert all(NO_TIME in finding.detail for finding in left)
    assert len(stopped) + len(left) == 3 or report.blind


def test_a_fact_there_is_no_time_to_ask_for_is_undecidable():
    hidden = session("s-1")
    hidden = replace(hidden, facts=replace(hidden.facts, tags=NOT_ASKED))
    source = GLUE.source_of(frozenset({"tags"}))
    assert source is not None

    facts = TimeLimited(idle(1), GLUE, lambda: False).observe(hidden, source)

    assert facts.tags == Unread(NO_TIME, "glue:GetTags", "out of time")
    assert facts.phase == hidden.facts.phase


def test_out_of_time_no_stop_gets_through():
    provider = idle(1)

    with pytest.raises(ProviderError, match="ran out of time"):
        TimeLimited(provider, GLUE, lambda: False).stop(provider.sessions[0].truth.ref)

    assert provider.stops == []
