"""A report as one SNS message: text for people, JSON for machines, never too big to be published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from reaper.notifiers.digest import PLATFORM
from reaper.notifiers.severity import severity
from reaper.notifiers.text import Json, ranked, render, subject

__all__ = ["LIMIT", "Message", "compose", "severity"]

LIMIT: Final = 256_000
"""Bytes that SNS takes in one publish, attributes included (it says 256 KB and means KiB; the rest is our margin)."""
_TEXT_ROOM: Final = 48_000
"""Bytes of the text's sections; a longer mail is not read to its end."""
_LISTS: Final = {"findings", "blind", "guards", "unfinished"}
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


def compose(report: Json, *, where: str = "", limit: int = LIMIT) -> Message:
    """The message for ``report``, at most ``limit`` bytes as SNS counts them.

    Subscribers by email and SMS get text, all others the report as JSON. One too long keeps its totals, is cut to the
    findings that matter most, and says so: ``"truncated": true``, ``"findings_total"``, ``"blind_total"``, and in
    ``"full_report"`` what ``where`` says.
    """
    attributes = _attributes(report)
    text = {"email": render(report, room=_TEXT_ROOM, where=where), "sms": subject(report)}

    def message(told: Json) -> Message:
        return Message(subject(report), json.dumps({"default": json.dumps(told), **text}), attributes)

    whole = message(report)
    if whole.size <= limit:
        return whole
    cut = _without_lists(report, where)
    room = limit - message(cut).size
    guards = _fitting(report.get("guards", []), room // 4)
    blind = _fitting(report["blind"], room // 2)
    findings = _fitting(ranked(report["findings"]), room - sum(map(_cost, [*guards, *blind])))
    return message({**cut, "findings": findings, "blind": blind, **({"guards": guards} if guards else {})})


def _without_lists(report: Json, where: str) -> Json:
    """The report with its totals and no findings, as one that was cut."""
    return {
        **{key: _clipped(value) for key, value in report.items() if key not in _LISTS},
        "notes": _clipped(report.get("notes", [])[:_MOST_NOTES]),
        "truncated": True,
        "findings_total": len(report["findings"]),
        "blind_total": len(report["blind"]),
        **({"full_report": where} if where else {}),
        **({"unfinished_total": _unfinished_total(report)} if "unfinished" in report else {}),
        "findings": [],
        "blind": [],
    }


def _unfinished_total(report: Json) -> dict[str, int]:
    """How many scopes and sessions there was no time for."""
    return {what: len(left) for what, left in report["unfinished"].items()}


def _fitting(items: list[Json], room: int) -> list[Json]:
    """As many of ``items`` as fit into ``room`` bytes, in order; one that is huge itself makes way for the next."""
    chosen: list[Json] = []
    for item in map(_clipped, items):
        cost = _cost(item)
        if cost <= room:
            chosen.append(item)
            room -= cost
    return chosen


def _cost(item: Json) -> int:
    """Bytes of ``item`` within the JSON within the JSON, with its comma."""
    return len(json.dumps(json.dumps(item)))


def _clipped(value: Any) -> Any:
    """``value`` with every text in it shortened to what a reader needs; a shortened link would lead nowhere."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}..."
    if isinstance(value, Mapping):
        return {str(key)[:_LONGEST]: part if key == "links" else _clipped(part) for key, part in value.items()}
    return [_clipped(part) for part in value] if isinstance(value, list) else value


def _attributes(report: Json) -> dict[str, dict[str, str]]:
    """What a subscription's filter policy may ask for; arrays match when any of their values does.

    They are ten, the most that SNS delivers raw to a queue (docs.aws.amazon.com/sns: "Message attributes").
    """
    audience = report.get("audience") or {}
    places = [finding["ref"] for finding in report["findings"]] + [*report["blind"], *report.get("guards", [])]
    texts = {
        "severity": severity(report),
        "mode": report["mode"],
        "blind": "true" if report["blind"] else "false",
        "audience": audience.get("key", PLATFORM),
        "medium": audience.get("medium", PLATFORM),
    }
    arrays = {
        "outcome": {outcome for outcome, count in report["totals"].items() if count},
        **{part: {place[part] for place in places} for part in ("service", "account", "region")},
        "team": set(audience.get("teams", ())) | {one["team"] for one in report["findings"] if "team" in one},
    }
    listed = {name: _listed(values) for name, values in arrays.items()}
    return {name: {"DataType": "String", "StringValue": value} for name, value in texts.items()} | {
        name: {"DataType": "String.Array", "StringValue": value} for name, value in listed.items() if value
    }


def _listed(values: set[str]) -> str:
    """The values as a JSON list, as many as fit; nothing where there are none, which SNS would refuse."""
    chosen: list[str] = []
    room = _ARRAY_BYTES
    for value in sorted(value[:_LONGEST_VALUE] for value in values):
        room -= len(json.dumps(value)) + 2
        if room < 0:
            break
        chosen.append(value)
    return json.dumps(chosen) if chosen else ""
