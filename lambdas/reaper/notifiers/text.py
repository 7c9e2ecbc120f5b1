"""A report or digest as people read it: plain text for an email, and one line for its subject.

A digest of owners speaks to them of their sessions. Names and tags were written by strangers, and are rendered harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from reaper.core.outcome import RANK, Outcome
from reaper.core.report import Mode
from reaper.notifiers import words
from reaper.notifiers.entries import NAME, entry, name_of, short, trouble
from reaper.notifiers.plain import WIDTH, Clock, shown, wrapped
from reaper.wire.codec import encode
from reaper.wire.report import Finding, Report

SUBJECT_LENGTH: Final = 99
"""SNS takes UTF-8 without line breaks or control characters, "less than 100 characters long" (Publish, parameter Subject)."""
_A_SECTION: Final = 50
"""Entries of one owner and service, or of one section, that are told; the rest is counted."""
_NOTES: Final = 10


def subject(report: Report) -> str:
    """One line of at most 99 characters: what matters most. Letters of any language stay as they are."""
    owner = words.is_for_owner(report)
    if report.error:
        told = report.error
    elif owner:
        told = _sentence(report)
    else:
        told = ", ".join(_counts(report)) or _nothing(report)
    line = f"Session Reaper: {told}" if owner else f"Session Reaper, {report.mode} mode: {told}"
    plain = "".join(char if char.isprintable() else "?" for char in line)
    if _characters(plain) <= SUBJECT_LENGTH:
        return plain
    room = plain[: SUBJECT_LENGTH - 3]
    while _characters(room) > SUBJECT_LENGTH - 3:
        room = room[:-1]
    whole, comma, _ = room.rpartition(", ")
    return f"{whole}{comma}..." if len(whole) > SUBJECT_LENGTH // 2 else f"{room}..."


def _characters(text: str) -> int:
    """Characters as the strictest reader counts them: one outside the basic plane, such as an emoji, is two in UTF-16."""
    return len(text.encode("utf-16-le")) // 2


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """``findings``, those that matter most first; an outcome nobody knows yet comes before all others."""
    return sorted(findings, key=lambda one: RANK.get(one.outcome, -1))


def render(report: Report, *, room: int, where: str = "") -> str:
    """The whole report as text. Once its entries take ``room`` bytes as JSON, the rest is counted, not told.

    ``where`` says in words where all of it can be read.
    """
    clock = Clock(report.audience.timezone if report.audience else "UTC", report.started_at)
    budget = _Budget(room, f", see {shown(where)}" if where else "")
    blocks = [*_opening(report, clock), *_troubles(report, budget)]
    blocks += _groups(report, clock, budget)
    blocks += _still_open(report, clock, budget)
    blocks += _closing(report)
    return "\n\n".join(blocks) + "\n"


class _Budget:
    """How much may still be told; what is not is counted."""

    def __init__(self, room: int, see: str) -> None:
        self._room = room
        self._see = see

    @property
    def is_spent(self) -> bool:
        return self._room < 0

    def section(self, heading: str, entries: Iterable[str], total: int, *, spaced: bool = False) -> str:
        """``heading`` and as many of its ``total`` entries as there is room for; of the rest, how many there are."""
        lines = [heading]
        told, gap = 0, ""
        for text in entries:
            self._room -= len(encode(text))
            if self._room < 0 or told == _A_SECTION:
                break
            lines.append(f"{gap}{text}")
            told, gap = told + 1, "\n" if spaced else ""
        return "\n".join([*lines, self.more(total - told)] if told < total else lines)

    def more(self, count: int, of: str = "") -> str:
        return wrapped(f"... and {count} more{of}{self._see}")


def _opening(report: Report, clock: Clock) -> Iterator[str]:
    if words.is_for_owner(report):
        sentence = _sentence(report, longest=200)
        yield wrapped(f"{sentence[0].upper()}{sentence[1:]}.")
        yield _lines(_situation(report, clock))
        return
    if report.error:
        why = wrapped(clock.within(shown(report.error, 2000)))
        yield f"Session Reaper stopped nothing and looked at nothing.\n{why}"
    else:
        counts = ", ".join(_counts(report)) or _nothing(report)
        yield wrapped(f"Session Reaper, {report.mode} mode: {counts}.")
    sessions = report.sessions
    facts = [
        *_situation(report, clock),
        f"{sessions.seen} sessions seen, {sessions.live} of them live.",
        *_unowned(report.owners.unresolved if report.owners else 0),
        f"Sweep {shown(report.run_id)}, {_span(clock.at(report.started_at), clock.at(report.finished_at))}.",
    ]
    yield _lines(facts)


def _span(start: str, end: str) -> str:
    return start if start == end else f"{start} to {end}"


def _unowned(count: int) -> Iterator[str]:
    if count:
        sessions, have = ("session", "has") if count == 1 else ("sessions", "have")
        yield f"{count} {sessions} of these {have} no owner that owners.yaml names."


def _situation(report: Report, clock: Clock) -> Iterator[str]:
    """What to know before reading on."""
    if report.mode is Mode.REPORT:
        yield "In report mode nothing is stopped."
    elif dues := [one.due for one in report.findings if one.due and one.outcome == Outcome.WARNED]:
        yield f"The next stop is due {clock.at(min(dues))}, unless the session is used before."
    yield from words.money(report)
    if clock.name != "UTC":
        yield f"Times are those of {clock.name}."


def _troubles(report: Report, budget: _Budget) -> Iterator[str]:
    """What the sweep could not see, or was kept from doing."""
    if blind := report.blind:
        heading = f"COULD NOT BE READ, so what runs there is unknown ({len(blind)})"
        yield budget.section(heading, map(trouble, blind), len(blind))
    if guards := report.guards:
        heading = f"GUARDS that hold back every stop of a place ({len(guards)})"
        yield budget.section(heading, map(trouble, guards), len(guards))
    if notes := report.notes:
        entries = (wrapped(shown(note), "- ", "  ") for note in notes[:_NOTES])
        yield budget.section("NOTES", entries, len(notes))


def _groups(report: Report, clock: Clock, budget: _Budget) -> Iterator[str]:
    """The news, by owner and service; the owner with the most important news first."""
    groups = words.groups(_news(report), lambda text: shown(text, NAME))
    for index, (title, findings) in enumerate(groups):
        if budget.is_spent:
            count, owners = sum(len(rest) for _, rest in groups[index:]), len(groups) - index
            yield budget.more(count, f" in {owners} group{'' if owners == 1 else 's'}")
            return
        heading = f"{_title(report, title, findings[0].ref.service)} ({len(findings)})"
        entries = (entry(finding, report.mode, clock) for finding in findings)
        yield budget.section(f"{heading}\n{'-' * min(len(heading), WIDTH)}", entries, len(findings), spaced=True)


def _title(report: Report, title: str, service: str) -> str:
    if words.is_for_owner(report) and not words.is_for_the_rest(report) and len(_teams(report)) <= 1:
        return f"Your {shown(service)} sessions"
    return title


def _still_open(report: Report, clock: Clock, budget: _Budget) -> Iterator[str]:
    """What people were told before: a line each."""
    findings = [one for one in words.ordered(report) if not one.news]
    if findings:
        entries = (wrapped(short(finding, report.mode, clock), "- ", "  ") for finding in findings)
        yield budget.section(f"STILL OPEN, told before ({len(findings)})", entries, len(findings))


def _closing(report: Report) -> Iterator[str]:
    if report.audience and words.is_for_owner(report):
        teams = _teams(report)
        of = f" for {', '.join(shown(team, NAME) for team in teams[:5])}" if teams else ""
        yield wrapped(f"You get this because the owners known to Session Reaper name {shown(report.audience.to)}{of}.")
        return
    if steps := words.advice(report):
        yield "\n".join(["WHAT TO DO", *(wrapped(sentence, "- ", "  ") for sentence in steps)])


def _counts(report: Report) -> list[str]:
    """``1 could not be read``, ``5 stopped``: what is new, the most important first, and how much is still open."""
    new, old = words.news(report)
    told_before = [f"{old} told before {'is' if old == 1 else 'are'} still open"] if old else []
    return [*words.counts(new, len(report.blind)), *told_before]


def _sentence(report: Report, longest: int = 40) -> str:
    """``2 of your sessions are about to be stopped, 1 was stopped``; a single session is named."""
    rest, news = words.is_for_the_rest(report), _news(report)
    if len(news) == 1:
        whose = "a session nobody is known to own:" if rest else "your session"
        return f"{whose} {name_of(news[0], longest)} {words.said_of(news[0], report.mode)}"
    new, _ = words.news(report)
    # What can still be kept comes first, as in the text below.
    order = sorted(new, key=lambda outcome: (outcome != Outcome.WARNED, RANK.get(outcome, len(RANK))))
    told = [(new[outcome], words.said(outcome, report.mode, new[outcome])) for outcome in order if new[outcome] > 0]
    if not told:
        return "nothing new of these sessions"
    (number, became), *others = told
    sessions = "of the sessions nobody is known to own" if rest else "of your sessions"
    return ", ".join([f"{number} {sessions} {became}", *(f"{count} {said}" for count, said in others)])


def _nothing(report: Report) -> str:
    return "nothing new" if report.findings else "nothing found"


def _news(report: Report) -> list[Finding]:
    return [finding for finding in words.ordered(report) if finding.news]


def _teams(report: Report) -> tuple[str, ...]:
    return report.audience.teams if report.audience else ()


def _lines(sentences: Iterable[str]) -> str:
    return "\n".join(wrapped(sentence) for sentence in sentences)
