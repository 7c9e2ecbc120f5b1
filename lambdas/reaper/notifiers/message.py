"""A report as one SNS message: text for people, JSON for machines, never too big to be published."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from msgspec.structs import replace

from reaper.notifiers.digest import PLATFORM
from reaper.notifiers.severity import severity
from reaper.notifiers.text import ranked, render, subject
from reaper.wire.codec import encode, text_of
from reaper.wire.report import Blind, Finding, Guard, Links, Report
from reaper.wire.texts import each_text

__all__ = ["LIMIT", "Message", "compose", "severity"]

Item = TypeVar("Item", Finding, Blind, Guard)

LIMIT: Final = 256_000
"""Bytes that SNS takes in one publish, attributes included (it says 256 KB and means KiB; the rest is our margin)."""
_TEXT_ROOM: Final = 48_000
"""Bytes of the text's sections; a longer mail is not read to its end."""
_LONGEST: Final = 500
"""Characters of any one text in a report that has to be cut."""
_MOST_NOTES: Final = 10
_ARRAY_BYTES: Final = 16_000
"""Bytes of one attribute that lists things: what is filtered by has to leave room for what is told."""
_LONGEST_VALUE: Final = 256
"""Characters of one value in such a list; no account, region or team has more."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is handed to SNS: ``body`` has ``MessageStructure`` ``json``, ``attributes`` are for filter policies."""

    subject: str
    body: str
    attributes: Mapping[str, Mapping[str, str]]

    @property
    def size(self) -> int:
        """Bytes as SNS counts them: the body, and each attribute's name, type and value."""
        counted = (len(part.encode()) for name, value in self.attributes.items() for part in (name, *value.values()))
        return len(self.body.encode()) + sum(counted)


def compose(report: Report, *, where: str = "", limit: int = LIMIT) -> Message:
    """The message for ``report``, at most ``limit`` bytes as SNS counts them.

    Subscribers by email and SMS get text, all others the report as JSON. One too long keeps its totals, is cut to the
    findings that matter most, and says so: ``"truncated": true``, ``"findings_total"``, ``"blind_total"``, and in
    ``"full_report"`` what ``where`` says.
    """
    attributes = _attributes(report)
    text = {"email": render(report, room=_TEXT_ROOM, where=where), "sms": subject(report)}

    def message(told: Report) -> Message:
        return Message(subject(report), text_of({"default": text_of(told), **text}), attributes)

    whole = message(report)
    if whole.size <= limit:
        return whole
    cut = _without_lists(report, where)
    room = limit - message(cut).size
    guards = _fitting(report.guards, room // 4)
    blind = _fitting(report.blind, room // 2)
    findings = _fitting(ranked(report.findings), room - sum(map(_cost, (*guards, *blind))))
    return message(replace(cut, findings=findings, blind=blind, guards=guards))


def _without_lists(report: Report, where: str) -> Report:
    """The report with its totals and no findings, as one that was cut."""
    bare = replace(
        report, findings=(), blind=(), guards=(), unfinished=None, notes=report.notes[:_MOST_NOTES], full_report=""
    )
    return replace(
        _clipped(bare),
        truncated=True,
        findings_total=len(report.findings),
        blind_total=len(report.blind),
        full_report=where,
        unfinished_total=report.unfinished.total() if report.unfinished else None,
    )


def _fitting(items: Iterable[Item], room: int) -> tuple[Item, ...]:
    """As many of ``items`` as fit into ``room`` bytes, in order; one that is huge itself makes way for the next."""
    chosen: list[Item] = []
    for item in map(_clipped, items):
        cost = _cost(item)
        if cost <= room:
            chosen.append(item)
            room -= cost
    return tuple(chosen)


def _cost(item: Finding | Blind | Guard) -> int:
    """Bytes of ``item`` within the JSON within the JSON, with its comma."""
    return len(encode(text_of(item)))


Clipped = TypeVar("Clipped", Report, Finding, Blind, Guard)


def _clipped(value: Clipped) -> Clipped:
    """``value`` with every text in it shortened to what a reader needs; a shortened link would lead nowhere."""
    return each_text(value, lambda text: text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...", keep=(Links,))


def _attributes(report: Report) -> dict[str, dict[str, str]]:
    """What a subscription's filter policy may ask for; arrays match when any of their values does.

    They are ten, the most that SNS delivers raw to a queue (docs.aws.amazon.com/sns: "Message attributes").
    """
    audience = report.audience
    places = [*(finding.ref for finding in report.findings), *report.blind, *report.guards]
    texts = {
        "severity": severity(report),
        "mode": report.mode,
        "blind": "true" if report.blind else "false",
        "audience": audience.key if audience else PLATFORM,
        "medium": audience.medium if audience else PLATFORM,
    }
    teams = {one.team for one in report.findings if one.team}
    arrays = {
        "outcome": {outcome for outcome, count in report.totals.items() if count},
        "service": {place.service for place in places},
        "account": {place.account for place in places},
        "region": {place.region for place in places},
        "team": teams | set(audience.teams) if audience else teams,
    }
    listed = {name: _listed(values) for name, values in arrays.items()}
    return {name: {"DataType": "String", "StringValue": str(value)} for name, value in texts.items()} | {
        name: {"DataType": "String.Array", "StringValue": value} for name, value in listed.items() if value
    }


def _listed(values: set[str]) -> str:
    """The values as a JSON list, as many as fit; nothing where there are none, which SNS would refuse."""
    chosen: list[str] = []
    room = _ARRAY_BYTES
    for value in sorted(value[:_LONGEST_VALUE] for value in values):
        room -= len(encode(value)) + 2
        if room < 0:
            break
        chosen.append(value)
    return text_of(chosen) if chosen else ""
