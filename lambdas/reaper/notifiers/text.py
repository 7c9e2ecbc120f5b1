"""A report or digest as people read it: plain text for an email, and one line for its subject.

Takes the public JSON (:func:`reaper.core.report.as_json`), or a digest made of it (:mod:`reaper.notifiers.digest`): a digest
of owners speaks to them of their sessions. Names and tags were written by strangers, and are rendered harmless.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from reaper.core.outcome import RANK, Outcome
from reaper.notifiers.digest import PLATFORM
from reaper.notifiers.entries import NAME, entry, name_of, short, trouble, whose
from reaper.notifiers.plain import WIDTH, Clock, shown, wrapped
from reaper.notifiers.words import ADVICE_BLIND, advice, said, said_of

__all__ = ["SUBJECT_LENGTH", "Json", "ranked", "render", "shown", "subject"]

Json = Mapping[str, Any]

SUBJECT_LENGTH: Final = 99
"""SNS takes UTF-8 without line breaks or control characters, "less than 100 characters long" (Publish, parameter Subject)."""
_A_SECTION: Final = 50
"""Entries of one owner and service, or of one section, that are told; the rest is counted."""
_NOTES: Final = 10


def subject(report: Json) -> str:
    """One line of at most 99 characters: what matters most. Letters of any language stay as they are."""
    owner = _is_for_owner(report)
    if "error" in report:
        told = str(report["error"])
    elif owner:
        told = _sentence(report)
    else:
        told = ", ".join(_counts(report)) or _nothing(report)
    line = f"Session Reaper: {told}" if owner else f"Session Reaper, {report['mode']} mode: {told}"
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


def ranked(findings: Iterable[Json]) -> list[Json]:
    """``findings``, those that matter most first; an outcome nobody knows yet comes before all others."""
    return sorted(findings, key=_rank)


def render(report: Json, *, room: int, where: str = "") -> str:
    """The whole report as text. Once its entries take ``room`` bytes as JSON, the rest is counted, not told.

    ``where`` says in words where all of it can be read.
    """
    clock = Clock((report.get("audience") or {}).get("timezone", "UTC"), report.get("started_at"))
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
            self._room -= len(json.dumps(text))
            if self._room < 0 or told == _A_SECTION:
                break
            lines.append(f"{gap}{text}")
            told, gap = told + 1, "\n" if spaced else ""
        return "\n".join([*lines, self.more(total - told)] if told < total else lines)

    def more(self, count: int, of: str = "") -> str:
        return wrapped(f"... and {count} more{of}{self._see}")


def _opening(report: Json, clock: Clock) -> Iterator[str]:
    if _is_for_owner(report):
        sentence = _sentence(report, longest=200)
        yield wrapped(f"{sentence[0].upper()}{sentence[1:]}.")
        yield _lines(_situation(report, clock))
        return
    if "error" in report:
        yield f"Session Reaper stopped nothing and looked at nothing.\n{wrapped(clock.within(shown(report['error'], 2000)))}"
    else:
        counts = ", ".join(_counts(report)) or _nothing(report)
        yield wrapped(f"Session Reaper, {report['mode']} mode: {counts}.")
    sessions, owners = report["sessions"], report.get("owners") or {}
    facts = [
        *_situation(report, clock),
        f"{sessions['seen']} sessions seen, {sessions['live']} of them live.",
        *_unowned(owners.get("unresolved", 0)),
        f"Sweep {shown(report['run_id'])}, {_span(clock.at(report['started_at']), clock.at(report['finished_at']))}.",
    ]
    yield _lines(facts)


def _span(start: str, end: str) -> str:
    return start if start == end else f"{start} to {end}"


def _unowned(count: int) -> Iterator[str]:
    if count:
        sessions, have = ("session", "has") if count == 1 else ("sessions", "have")
        yield f"{count} {sessions} of these {have} no owner that owners.yaml names."


def _situation(report: Json, clock: Clock) -> Iterator[str]:
    """What to know before reading on."""
    if report["mode"] == "report":
        yield "In report mode nothing is stopped."
    else:
        warned = (one for one in report["findings"] if one["outcome"] == Outcome.WARNED)
        dues = [one["due"] for one in warned if isinstance(one.get("due"), str)]
        if dues:
            yield f"The next stop is due {clock.at(min(dues))}, unless the session is used before."
    if report.get("idle_cost"):
        yield f"Their idleness has cost about {report['idle_cost']:.2f} USD so far (an estimate)."
    if report.get("avoided_cost"):
        yield f"Stopping avoids about {report['avoided_cost']:.2f} USD (an estimate)."
    if clock.name != "UTC":
        yield f"Times are those of {clock.name}."


def _troubles(report: Json, budget: _Budget) -> Iterator[str]:
    """What the sweep could not see, or was kept from doing."""
    if blind := report["blind"]:
        heading = f"COULD NOT BE READ, so what runs there is unknown ({len(blind)})"
        yield budget.section(heading, map(trouble, blind), len(blind))
    if guards := report.get("guards"):
        heading = f"GUARDS that hold back every stop of a place ({len(guards)})"
        yield budget.section(heading, map(trouble, guards), len(guards))
    if notes := report.get("notes"):
        entries = (wrapped(shown(note), "- ", "  ") for note in notes[:_NOTES])
        yield budget.section("NOTES", entries, len(notes))


def _groups(report: Json, clock: Clock, budget: _Budget) -> Iterator[str]:
    """The news, by owner and service; the owner with the most important news first."""
    groups: dict[str, dict[str, list[Json]]] = {}
    for finding in _ordered(report, _news(report)):
        groups.setdefault(whose(finding), {}).setdefault(str(finding["ref"]["service"]), []).append(finding)
    flat = [(owner, *one) for owner, ones in groups.items() for one in ones.items()]
    for index, (owner, service, findings) in enumerate(flat):
        if budget.is_spent:
            count, owners = sum(len(rest) for *_, rest in flat[index:]), len({whom for whom, *_ in flat[index:]})
            yield budget.more(count, f" of {owners} owner{'' if owners == 1 else 's'}")
            return
        heading = f"{_title(report, owner, shown(service))} ({len(findings)})"
        entries = (entry(finding, report["mode"], clock) for finding in findings)
        yield budget.section(f"{heading}\n{'-' * min(len(heading), WIDTH)}", entries, len(findings), spaced=True)


def _title(report: Json, owner: str, service: str) -> str:
    if _is_for_owner(report) and not _is_default(report) and len(report["audience"].get("teams") or ()) <= 1:
        return f"Your {service} sessions"
    return f"{owner}: {service}"


def _still_open(report: Json, clock: Clock, budget: _Budget) -> Iterator[str]:
    """What people were told before: a line each."""
    findings = [one for one in _ordered(report, report["findings"]) if not _is_new(one)]
    if findings:
        entries = (wrapped(short(finding, report["mode"], clock), "- ", "  ") for finding in findings)
        yield budget.section(f"STILL OPEN, told before ({len(findings)})", entries, len(findings))


def _closing(report: Json) -> Iterator[str]:
    if _is_for_owner(report):
        to, teams = report["audience"].get("to", ""), report["audience"].get("teams") or ()
        of = f" for {', '.join(shown(team, NAME) for team in teams[:5])}" if teams else ""
        yield wrapped(f"You get this because the owners known to Session Reaper name {shown(to)}{of}.")
        return
    outcomes = {finding["outcome"] for finding in report["findings"]} or set(report["totals"])
    steps = [*([ADVICE_BLIND] if report["blind"] else []), *advice(outcomes, report["mode"])]
    if steps:
        yield "\n".join(["WHAT TO DO", *(wrapped(sentence, "- ", "  ") for sentence in steps)])


def _counts(report: Json) -> list[str]:
    """``1 could not be read``, ``5 stopped``: what is new, the most important first, and how much is still open."""
    counts, old = _new_counts(report)
    unread = len(report["blind"])
    known = [f"{counts[one]} {one.row.counted}" for one in Outcome if counts[one] > 0]
    unknown = [f"{count} {shown(outcome)}" for outcome, count in counts.items() if outcome not in RANK and count > 0]
    told_before = [f"{old} told before {'is' if old == 1 else 'are'} still open"] if old else []
    return [*([f"{unread} could not be read"] if unread else []), *unknown, *known, *told_before]


def _sentence(report: Json, longest: int = 40) -> str:
    """``2 of your sessions are about to be stopped, 1 was stopped``; a single session is named."""
    counts, _ = _new_counts(report)
    news = _news(report)
    if len(news) == 1:
        whose_session = "a session nobody is known to own:" if _is_default(report) else "your session"
        return f"{whose_session} {name_of(news[0], longest)} {said_of(news[0], report['mode'])}"
    known = [(counts[outcome], outcome) for outcome in sorted(RANK, key=_urgency) if counts[outcome] > 0]
    known += [(count, outcome) for outcome, count in counts.items() if outcome not in RANK and count > 0]
    if not known:
        return "nothing new of these sessions"
    (number, outcome), *others = known
    sessions = "of the sessions nobody is known to own" if _is_default(report) else "of your sessions"
    first = f"{number} {sessions} {said(outcome, report['mode'], number)}"
    return ", ".join([first, *(f"{count} {said(outcome, report['mode'], count)}" for count, outcome in others)])


def _ordered(report: Json, findings: Iterable[Json]) -> list[Json]:
    """Those that matter most to the reader first: to an owner, what can still be kept."""
    order = ranked(findings)
    return sorted(order, key=lambda one: _urgency(one["outcome"])) if _is_for_owner(report) else order


def _urgency(outcome: str) -> tuple[bool, int]:
    return (outcome != Outcome.WARNED, RANK.get(outcome, -1))


def _new_counts(report: Json) -> tuple[Counter[str], int]:
    """How many findings of each outcome are new, and how many are not."""
    old = Counter(one["outcome"] for one in report["findings"] if not _is_new(one))
    counts = Counter(report["totals"])
    counts.subtract(old)
    return counts, sum(old.values())


def _nothing(report: Json) -> str:
    return "nothing new" if report["findings"] else "nothing found"


def _news(report: Json) -> list[Json]:
    return [finding for finding in report["findings"] if _is_new(finding)]


def _is_new(finding: Json) -> bool:
    return finding.get("news", True) is not False


def _is_for_owner(report: Json) -> bool:
    return (report.get("audience") or {}).get("medium", PLATFORM) != PLATFORM


def _is_default(report: Json) -> bool:
    """Whether the reader hears of what nobody else owns."""
    return bool((report.get("audience") or {}).get("default"))


def _lines(sentences: Iterable[str]) -> str:
    return "\n".join(wrapped(sentence) for sentence in sentences)


def _rank(finding: Json) -> int:
    return RANK.get(finding["outcome"], -1)
