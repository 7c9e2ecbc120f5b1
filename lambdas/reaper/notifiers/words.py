"""What a report is in words, whatever people read it in: outcomes, counts, costs, times, what happens next, whom to ask.

All of it is our own words, so that no medium has to escape them. Words of strangers (names, owners, details, places) are
given apart; where one stands within a phrase, the medium says how it is written (``quote``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from reaper.core import durations
from reaper.core.outcome import RANK, Outcome, is_answerable
from reaper.core.report import Mode
from reaper.wire.common import Place, Ref, known_number, known_text
from reaper.wire.report import Blind, Finding, Report

Clock = Callable[[datetime], str]
"""How a medium writes an instant."""
Quote = Callable[[str], str]
"""How a medium writes words of strangers."""

ADVICE_BLIND: Final = "Mend what could not be read: until then nothing there is judged or stopped."
PLATFORM: Final = "platform"
"""The medium of whoever reads the whole report."""
_TAG: Final = "tag it session-reaper/keep-until with a date, such as {day}"
_A_CENT: Final = 0.01
_HOUR: Final = 3600


def is_for_owner(report: Report) -> bool:
    """Whether it speaks to people of their own sessions."""
    return report.audience is not None and report.audience.medium != PLATFORM


def is_for_the_rest(report: Report) -> bool:
    """Whether its reader hears of what nobody else owns."""
    return report.audience is not None and report.audience.default


# What there is.


def ordered(report: Report) -> list[Finding]:
    """What matters most to the reader first, news before the rest: to an owner, what can still be kept.

    An outcome that this release does not know comes before all others.
    """
    owner = is_for_owner(report)

    def rank(finding: Finding) -> tuple[bool, bool, int, float]:
        last = owner and finding.outcome != Outcome.WARNED
        due = finding.due.timestamp() if finding.due else float("inf")
        return not finding.news, last, RANK.get(finding.outcome, -1), due

    return sorted(report.findings, key=rank)


def groups(findings: Iterable[Finding], quote: Quote) -> list[tuple[str, list[Finding]]]:
    """``findings`` by whose they are and by service, in the order given; each group with its title."""
    by_owner: dict[str, dict[str, list[Finding]]] = {}
    for finding in findings:
        by_owner.setdefault(whose(finding, quote), {}).setdefault(finding.ref.service, []).append(finding)
    return [
        (f"{owner}: {quote(service)}", members)
        for owner, services in by_owner.items()
        for service, members in services.items()
    ]


def counts(totals: Mapping[str, int], unread: int = 0) -> list[str]:
    """``1 could not be read``, ``5 stopped``: the most important first."""
    known = [f"{totals[one]} {one.row.counted}" for one in Outcome if totals.get(one, 0) > 0]
    strange = sum(count for outcome, count in totals.items() if outcome not in RANK and count > 0)
    return [
        *([f"{unread} could not be read"] if unread else []),
        *([f"{strange} with an outcome of a newer release"] if strange else []),
        *known,
    ]


def news(report: Report) -> tuple[Counter[str], int]:
    """How many findings of each outcome are new, and how many were told before."""
    old = Counter(one.outcome for one in report.findings if not one.news)
    new = Counter(report.totals)
    new.subtract(old)
    return new, old.total()


def money(report: Report) -> Iterator[str]:
    """What idleness has cost, and what stops avoided."""
    if report.idle_cost > 0:
        yield f"Their idleness has cost about {report.idle_cost:.2f} USD so far (an estimate)."
    if report.avoided_cost:
        yield f"Stopping avoids about {report.avoided_cost:.2f} USD (an estimate)."


def advice(report: Report) -> list[str]:
    """For the platform: what to do about what was found; nothing for owners."""
    if is_for_owner(report):
        return []
    outcomes = {finding.outcome for finding in report.findings} or set(report.totals)
    needless = Outcome.WOULD_STOP if report.mode is Mode.ENFORCE else None
    told = [one.row.advice for one in Outcome if one in outcomes and one.row.advice and one is not needless]
    return [*([ADVICE_BLIND] if unread(report) else []), *told]


def unread(report: Report) -> int:
    """How many scopes could not be read, before the report was cut to fit a message."""
    return max(report.blind_total or 0, len(report.blind))


# One session.


def said(outcome: str, mode: Mode, count: int = 1) -> str:
    """``is about to be stopped``, ``were stopped``: what has become of so many sessions."""
    if outcome == Outcome.WARNED and mode is Mode.REPORT:
        return "would be stopped before long"
    known = Outcome.read(outcome)
    if known is None:
        return f"{'has' if count == 1 else 'have'} an outcome of a newer release"
    return known.row.one if count == 1 else known.row.many


def said_of(finding: Finding, mode: Mode) -> str:
    """What has become of one session; a warning that no stop follows is none of a stop."""
    if finding.outcome == Outcome.WARNED and not finding.due:
        return "is warned of"
    return said(finding.outcome, mode)


def next_step(finding: Finding, mode: Mode, clock: Clock) -> str:
    """What happens to a session next, and when; nothing where there is nothing to say."""
    match Outcome.read(finding.outcome):
        case Outcome.WARNED:
            return _after_warning(finding, mode, clock)
        case Outcome.SNOOZED:
            return _after_snooze(finding, mode, clock)
        case Outcome.WOULD_STOP if mode is Mode.REPORT:
            return "Nothing: in report mode nothing is stopped."
        case Outcome.WOULD_STOP:
            return "Nothing: its policy only says what it would stop."
        case None:
            return "This release does not know what became of it: read the log."
        case known:
            return known.row.next


def _after_warning(finding: Finding, mode: Mode, clock: Clock) -> str:
    if not finding.due:
        return "Nothing yet: this is a warning, and no stop is planned."
    when = f"at the first sweep after {clock(finding.due)}"
    if mode is Mode.REPORT:
        return f"Nothing: in report mode nothing is stopped. In enforce mode it would be stopped {when}."
    return f"It is stopped {when}, unless it is used before."


def _after_snooze(finding: Finding, mode: Mode, clock: Clock) -> str:
    if finding.snooze is None:
        return "It is kept for a while, as somebody asked."
    then = "" if mode is Mode.REPORT else " Then it is stopped, unless it is used before."
    return f"It is kept until {clock(finding.snooze.until)} (snooze {finding.snooze.times}).{then}"


def idleness(finding: Finding, clock: Clock) -> str:
    """``for 2h, since 09:00``: how long it has been idle; empty where that is not known."""
    lasted = known_number(finding.facts.idle_for)
    told = [f"for {rough(lasted)}"] if lasted else []
    if finding.idle_since:
        told.append(f"since {clock(finding.idle_since)}")
    return ", ".join(told)


def costs(finding: Finding) -> str:
    """What it costs an hour and has cost idle; empty where that is not known."""
    hourly, idle = known_number(finding.facts.hourly_cost), known_number(finding.facts.idle_cost)
    told = [] if hourly is None else [f"{hourly:.2f} USD an hour"]
    told += [f"about {idle:.2f} USD while idle"] if idle is not None and idle >= _A_CENT else []
    return ", ".join(told)


def saved(finding: Finding) -> str:
    """What its stop avoids; empty where that is not known."""
    return "" if finding.avoided_cost is None else f"about {finding.avoided_cost:.2f} USD by the stop, an estimate"


def rough(seconds: float) -> str:
    """A duration, to the minute where it is of hours."""
    return durations.format(seconds - seconds % 60 if seconds >= _HOUR else seconds)


def can_be_kept(finding: Finding) -> bool:
    """Whether a person can still put its stop off."""
    return finding.verdict == "stop" and is_answerable(finding.outcome)


def how_to_tag(day: str) -> str:
    """How to keep a session without a link, until ``day`` (``2026-03-08``) say."""
    return _TAG.format(day=day)


def snoozes_left(finding: Finding) -> str:
    """`` (3 snoozes left, each of up to 8h)``, or nothing where that is not known."""
    limit = finding.snooze_limit
    if limit is None:
        return ""
    each, many = ("each ", "s") if limit.left > 1 else ("", "")
    return f" ({limit.left} snooze{many} left, {each}of up to {durations.format(limit.max)})"


# Words of strangers.


def names(finding: Finding) -> tuple[str, str]:
    """The session's name and id; the name is empty where it has none of its own."""
    name, id_ = known_text(finding.facts.name), finding.ref.id
    return (name if name != id_ else ""), id_


def whose(finding: Finding, quote: Quote) -> str:
    """``Team data``, else ``Owner ana``."""
    if finding.team:
        return f"Team {quote(finding.team)}"
    owner = known_text(finding.facts.owner)
    return f"Owner {quote(owner)}" if owner else "Owner unknown"


def place(where: Ref | Place, quote: Quote) -> str:
    """``123456789012 eu-central-1, workgroup science``."""
    scope = where.scope.items() if isinstance(where, Ref | Blind) else ()
    parts = [f"{quote(part)} {quote(value)}" for part, value in scope]
    return ", ".join([f"{quote(where.account)} {quote(where.region)}", *parts])
