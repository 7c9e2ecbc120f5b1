"""The rows that reports and scans have in common: sessions, and the scopes that could not be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reaper.cli.grid import Card, markdown_text, wrapped
from reaper.cli.text import NOTHING, UNKNOWN, clean, count, fact, is_undecidable, place, scope, tags

Json = Mapping[str, Any]

CARD_COLUMNS = ("SESSION", "STATE", "IDLE", "AGE")
BLIND_TITLE = "COULD NOT BE READ; sessions may be running there unseen"


def as_json(document: Json) -> str:
    """The document, indented, in ASCII: nothing in it can steer a terminal."""
    return json.dumps(document, indent=2) + "\n"


def as_json_lines(kind: str, entries: Iterable[Json], blind: Iterable[Json]) -> str:
    """One entry per line, each with its ``type``: ``kind`` first, then ``blind``."""
    lines = [{"type": kind, **entry} for entry in entries] + [{"type": "blind", **scope} for scope in blind]
    return "".join(json.dumps(line) + "\n" for line in lines)


def csv_ref(where: Json) -> tuple[str, ...]:
    """Service, account, region and scope, for CSV."""
    return (where["service"], where["account"], where["region"], scope(where["scope"]))


def csv_facts(facts: Json, names: Sequence[str]) -> tuple[object, ...]:
    """The facts ``names`` for CSV: seconds and numbers as they are, nothing for what is absent or was not asked."""
    return tuple(_csv_fact(facts.get(name)) for name in names)


def _csv_fact(value: object) -> object:
    if is_undecidable(value):
        return f"undecidable: {value['undecidable']}"  # type: ignore[index] - just seen to be a mapping
    return tags(value) if isinstance(value, Mapping) else value


def state(facts: Json) -> str:
    """The service's own word, and our normal form where that says more: ``READY (idle)``."""
    own, phase = fact(facts, "state"), fact(facts, "phase")
    return own if not phase or phase == own.lower() else f"{own or '-'} ({phase})"


def card(entry: Json, *notes: str) -> Card:
    """A session for a terminal under :data:`CARD_COLUMNS`: below it where it is, what is known of it, and ``notes``."""
    ref, facts = entry["ref"], entry["facts"]
    named = {
        "name": fact(facts, "name"),
        "owner": fact(facts, "owner"),
        "idle timeout": fact(facts, "idle_timeout"),
        "USD/h": fact(facts, "hourly_cost"),
    }
    about = [f"{label} {value}" for label, value in named.items() if value not in {"", NOTHING, UNKNOWN}]
    cells = (clean(ref["id"]), state(facts), fact(facts, "idle_for"), fact(facts, "age"))
    return Card(cells, tuple(note for note in (", ".join([place(ref), *about]), *notes) if note))


def doubts(facts: Json) -> str:
    """Why the facts shown as ``?`` cannot be known: ``phase, idle_for: ListStatements was denied``."""
    by_reason: dict[str, list[str]] = {}
    for name, value in facts.items():
        if is_undecidable(value):
            by_reason.setdefault(value["undecidable"], []).append(name)
    return clean("; ".join(f"{', '.join(names)}: {reason}" for reason, names in by_reason.items()))


def blind_lines(blind: Sequence[Json], width: int | None = None) -> str:
    """The blind scopes for people, one a line under a heading; empty where there are none. ``None``: lines of any length."""
    if not blind:
        return ""
    lines = [f"{BLIND_TITLE} ({count(len(blind), 'scope')}):"]
    lines += [f"  {place(one)}: {clean(one['error'])}" for one in blind]
    if width is not None:
        lines = [
            part for line in lines for part in wrapped(line.strip(), width, line[: len(line) - len(line.lstrip())])
        ]
    return "\n".join(lines) + "\n"


def blind_markdown(blind: Sequence[Json]) -> str:
    """The same, for Markdown."""
    if not blind:
        return ""
    lines = [f"**{BLIND_TITLE}:**", ""]
    lines += [f"- {markdown_text(place(one))}: {markdown_text(one['error'])}" for one in blind]
    return "\n".join(lines) + "\n"


def joined(*parts: str) -> str:
    """The parts that say something, with an empty line between."""
    return "\n".join(part for part in parts if part)
