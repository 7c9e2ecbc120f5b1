"""Stops what the plan allows, each after one more look.

For every allowed stop: read the session afresh, judge it with the same function as before on the facts as they are now,
and only if the verdict is still a stop, ask the service to stop it. A session that woke up, or got protected, is spared.
Nothing that goes wrong with one keeps another from being handled, and nothing that cannot be known is stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from reaper.core.guards import outside_hours, too_young
from reaper.core.judge import CompiledBook, VerdictKind
from reaper.core.plan import Finding, Outcome
from reaper.core.session import Phase, ScopeKey, Session, SessionRef
from reaper.sweep.ports import Progress, Provider, ProviderError, StopResult
from reaper.sweep.survey import decide
from reaper.sweep.walk import silent

Kept = Callable[[SessionRef], tuple[Outcome, str] | None]
"""What keeps a session from its stop, if anything does: what becomes of it instead, and why."""

STOP_THREADS = 4
"""Few on purpose: a stop shares its service's request quota with the people who work there."""

_WHY = {
    VerdictKind.KEEP: "no policy wants it stopped any more",
    VerdictKind.PROTECT: "it is protected now",
    VerdictKind.REPORT: "a policy only reports it now",
    VerdictKind.UNDETERMINED: "whether it is idle cannot be known now",
    VerdictKind.STOP: "another policy wants it stopped, after a grace",
}

_GONE = {Phase.ENDED, Phase.STOPPING}


def act(  # noqa: PLR0913 - three of the seven have a default and are named
    findings: Sequence[Finding],
    providers: Mapping[ScopeKey, Provider],
    book: CompiledBook,
    clock: Callable[[], float],
    *,
    progress: Progress = silent,
    in_time: Callable[[], bool] = lambda: True,
    kept: Kept = lambda _ref: None,
) -> tuple[Finding, ...]:
    """``findings`` with every allowed stop replaced by what became of it. ``clock`` gives epoch seconds.

    Once ``in_time`` says no, no further stop is begun. ``kept`` is asked last of all: what it gives becomes of the session
    instead of a stop.
    """

    def handle(finding: Finding) -> Finding:
        if not finding.allowed:
            return finding
        if not in_time():
            return _became(
                finding, Outcome.WITHHELD, "the sweep ran out of time before it came to this stop; the next one does it"
            )
        progress(f"{finding.ref}: checking once more")
        done = _stop_one(finding, providers[finding.ref.key], book, clock, kept)
        progress(f"{finding.ref}: {done.outcome.value.replace('_', ' ')}")
        return done

    with ThreadPoolExecutor(STOP_THREADS, thread_name_prefix="act") as pool:
        return tuple(pool.map(handle, findings))


def _stop_one(
    finding: Finding, provider: Provider, book: CompiledBook, clock: Callable[[], float], kept: Kept
) -> Finding:
    try:
        fresh = provider.reread(finding.ref)
        if fresh is None:
            return _became(finding, Outcome.ALREADY_GONE, "it is not there any more")
        if fresh.facts.phase in _GONE:
            gone = f"it had ended or was ending by itself (state {fresh.facts.state})"
            return _became(replace(finding, session=fresh), Outcome.ALREADY_GONE, gone)
        return _judge_and_stop(finding, fresh, provider, book, clock, kept)
    except ProviderError as error:
        return _became(finding, Outcome.FAILED, str(error))
    except Exception as error:  # noqa: BLE001 - a fault with one stop must neither hide it nor keep the others from theirs
        return _became(finding, Outcome.FAILED, f"stopping it failed: {error!r}")


def _judge_and_stop(  # noqa: PLR0913, PLR0917 - the one place where everything comes together
    finding: Finding, fresh: Session, provider: Provider, book: CompiledBook, clock: Callable[[], float], kept: Kept
) -> Finding:
    """The re-check and, if it holds, the only stop call there is."""
    fresh, verdict = decide(provider, fresh, book, clock())
    checked = replace(finding, session=fresh)
    # A grace that has passed is this policy's own; another policy's has not even begun.
    if not (verdict.immediate or (verdict.kind is VerdictKind.STOP and verdict.policy == finding.verdict.policy)):
        why = verdict.detail or _WHY[verdict.kind]
        return _became(checked, Outcome.SPARED, f"{_state(fresh)} when checked again right before the stop: {why}")
    if finding.verdict.grace is not None and _used_since(finding.session, fresh, book, verdict.policy):
        return _became(checked, Outcome.SPARED, "it was used after it had been judged, so its grace begins anew")
    now = clock()
    withheld = too_young(fresh, book.book.guards, now) or outside_hours(book.book.guards, now)
    if withheld is not None:
        return _became(checked, Outcome.WITHHELD, withheld)
    if (instead := kept(fresh.ref)) is not None:
        return _became(checked, *instead)
    if provider.stop(fresh.ref) is StopResult.ALREADY_GONE:
        return _became(checked, Outcome.ALREADY_GONE, "it had ended or was ending by itself when told to stop")
    return _became(replace(checked, verdict=verdict), Outcome.STOPPED, verdict.detail)


def _used_since(judged: Session, fresh: Session, book: CompiledBook, policy: str | None) -> bool:
    """True when the evidence of use is newer than what was judged, and ``policy`` does not apply whatever the use."""
    before, now = judged.facts.idle_since, fresh.facts.idle_since
    return not book.applies_in_use(policy) and isinstance(before, float) and isinstance(now, float) and now > before


def _state(session: Session) -> str:
    phase = session.facts.phase
    return phase.value if isinstance(phase, Phase) else session.facts.state


def _became(finding: Finding, outcome: Outcome, detail: str) -> Finding:
    return replace(finding, outcome=outcome, detail=detail, allowed=False)
