"""What a scan found, in every format. Pure: the public scan document in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reaper.cli.grid import Grid, Stack, comma_separated, markdown, plain, stacked
from reaper.cli.render_rows import (
    CARD_COLUMNS,
    Json,
    as_json,
    as_json_lines,
    blind_lines,
    blind_markdown,
    card,
    csv_facts,
    csv_ref,
    doubts,
    joined,
    state,
)
from reaper.cli.text import NOTHING, UNKNOWN, clean, count, fact, scope
from reaper.core.vocabulary import VOCABULARY
from reaper.wire.common import FACTS

if TYPE_CHECKING:
    from reaper.cli.console import Surface

_CSV_COLUMNS = ("type", "service", "account", "region", "scope", "id", *FACTS, "error")


def render_scan(document: Json, output: str, surface: Surface) -> str:
    """``document`` as ``output``: ``table json jsonl csv markdown``. The human formats name every blind scope too."""
    sessions, blind = document["sessions"], document["blind"]
    match output:
        case "json":
            return as_json(document)
        case "jsonl":
            return as_json_lines("session", sessions, blind)
        case "csv":
            return comma_separated(_CSV_COLUMNS, _csv_rows(sessions, blind))
        case "markdown":
            return joined(markdown(_wide(sessions)) if sessions else _nothing(blind), blind_markdown(blind))
        case _ if not sessions:
            return joined(_nothing(blind), blind_lines(blind, surface.width))
        case _ if surface.width is None:
            return joined(plain(_wide(sessions)), blind_lines(blind))
        case _:
            return joined(stacked([_stack(sessions)], surface, surface.width), blind_lines(blind, surface.width))


def summary(document: Json) -> list[str]:
    """What was found, in a line or two for people."""
    sessions, blind = document["sessions"], document["blind"]
    lines = [f"{count(len(sessions), 'session')} found."]
    if blind:
        lines.append(f"{count(len(blind), 'scope')} COULD NOT BE READ: what runs there is unknown.")
    return lines


def _nothing(blind: Sequence[Json]) -> str:
    return "No sessions in what could be read.\n" if blind else "No sessions.\n"


def _wide(sessions: Sequence[Json]) -> Grid:
    """One line per session, for pipes and documents: every fact that has a column."""
    shown = [one for one in VOCABULARY.values() if one.column]
    return Grid(
        ("SERVICE", "ACCOUNT", "REGION", "SCOPE", "SESSION", *(one.column for one in shown), "UNKNOWN"),
        tuple(
            (
                clean(session["ref"]["service"]),
                clean(session["ref"]["account"]),
                clean(session["ref"]["region"]),
                scope(session["ref"]["scope"]),
                clean(session["ref"]["id"]),
                *(_cell(session["facts"], one.name) for one in shown),
                doubts(session["facts"]),
            )
            for session in sessions
        ),
    )


def _stack(sessions: Sequence[Json]) -> Stack:
    """The sessions for a terminal."""
    return Stack("", CARD_COLUMNS, tuple(card(one, _tags(one["facts"]), doubts(one["facts"])) for one in sessions))


def _tags(facts: Json) -> str:
    known = fact(facts, "tags")
    return f"tags {known}" if known not in {"", NOTHING, UNKNOWN} else ""


def _cell(facts: Json, name: str) -> str:
    return state(facts) if name == "state" else fact(facts, name)


def _csv_rows(sessions: Sequence[Json], blind: Sequence[Json]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        ("session", *csv_ref(one["ref"]), one["ref"]["id"], *csv_facts(one["facts"], FACTS), None) for one in sessions
    ]
    rows += [("blind", *csv_ref(one), None, *(None,) * len(FACTS), one["error"]) for one in blind]
    return rows
