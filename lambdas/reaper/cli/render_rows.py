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
GUARD_TITLE = "STOPS WITHHELD by a guard that should be looked at"


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
    return _list(f"{BLIND_TITLE} ({count(len(blind), 'scope')}):", blind, "error", width)


def blind_markdown(blind: Sequence[Json]) -> str:
    """The same, for Markdown."""
    return _markdown_list(BLIND_TITLE, blind, "error")


def guard_lines(guards: Sequence[Json], width: int | None = None) -> str:
    """The guards that withhold a whole scope, for people; empty where there are none."""
    return _list(f"{GUARD_TITLE} ({count(len(guards), 'scope')}):", guards, "detail", width)


def guard_markdown(guards: Sequence[Json]) -> str:
    """The same, for Markdown."""
    return _markdown_list(GUARD_TITLE, guards, "detail")


def _list(title: str, entries: Sequence[Json], said: str, width: int | None) -> str:
    if not entries:
        return ""
    lines = [f"{place(one)}: {clean(one[said])}" for one in entries]
    if width is None:
        return "\n".join([title, *(f"  {line}" for line in lines)]) + "\n"
    return "\n".join([*wrapped(title, width), *(part for line in lines for part in wrapped(line, width, "  "))]) + "\n"


def _markdown_list(title: str, entries: Sequence[Json], said: str) -> str:
    lines = [f"- {markdown_text(place(one))}: {markdown_text(one[said])}\n" for one in entries]
    return f"**{title}:**\n\n{''.join(lines)}" if lines else ""


def joined(*parts: str) -> str:
    """The parts that say something, with an empty line between."""
    return "\n".join(part for part in parts if part)
