"""The sessions that somebody keeps for a while, in every format. Pure: what the ledger remembers in, text out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reaper.cli.grid import Card, Grid, Stack, comma_separated, markdown, markdown_text, plain, stacked, wrapped
from reaper.cli.render_rows import Json, as_json, csv_ref, joined
from reaper.cli.text import NOTHING, clean, count, instant, place, scope
from reaper.core.memory import Card as Told
from reaper.core.memory import Memory, Unreadable
from reaper.core.names import session_name
from reaper.core.report import rfc3339
from reaper.core.snooze import is_gone
from reaper.wire.codec import builtins_of
from reaper.wire.common import Ref

if TYPE_CHECKING:
    from reaper.cli.console import Surface

SNOOZES_VERSION = 1
UNREADABLE_TITLE = "COULD NOT BE READ, so not stopped either"

_FIELDS = ("name", "owner", "team", "policy", "until", "by", "since", "state", "used", "allowed", "hourly_cost")
_CSV_COLUMNS = ("type", "service", "account", "region", "scope", "id", *_FIELDS, "reason")
_GRID_COLUMNS = "SERVICE ACCOUNT REGION SCOPE SESSION NAME OWNER TEAM UNTIL STATE BY SINCE USED USD/H"
_CARD_COLUMNS = ("SESSION", "UNTIL", "STATE", "USED", "USD/H")


def snoozes_document(found: Iterable[Memory | Unreadable], now: float, *, include_ended: bool) -> dict[str, Any]:
    """What ``reaper snoozes --output json`` prints: the snoozes, those that end first at the top.

    ``state`` is ``active``, ``over``, or ``gone`` for one of a session that was stopped or has ended.
    """
    memories, unreadable = list[Memory](), list[Unreadable]()
    for one in found:
        if isinstance(one, Unreadable):
            unreadable.append(one)
        else:
            memories.append(one)
    listed = [
        {
            "ref": builtins_of(Ref.of(one.ref)),
            "ledger_name": session_name(one.ref),
            "name": told.name or None,
            "owner": told.owner or None,
            "team": told.team or None,
            "policy": one.policy,
            "until": rfc3339(snooze.until),
            "by": snooze.by,
            "since": rfc3339(snooze.at),
            "state": "gone" if is_gone(one) else "active" if snooze.until > now else "over",
            "used": snooze.times,
            "allowed": told.snooze_times,
            "hourly_cost": told.hourly_cost,
        }
        for one in memories
        for told in [one.card or Told()]
        if (snooze := one.snooze) is not None
    ]
    return {
        "schema_version": SNOOZES_VERSION,
        "snoozes": sorted(
            (one for one in listed if include_ended or one["state"] == "active"),
            key=lambda one: (one["until"], one["ledger_name"]),
        ),
        "unreadable": [
            {"ref": builtins_of(Ref.of(one.ref)), "reason": one.reason}
            for one in sorted(unreadable, key=lambda one: session_name(one.ref))
        ],
    }


def render_snoozes(document: Json, output: str, surface: Surface) -> str:
    """``document`` as ``output``: ``table json jsonl csv markdown``. Every format names what could not be read."""
    snoozes, unreadable = document["snoozes"], document["unreadable"]
    match output:
        case "json":
            return as_json(document)
        case "jsonl":
            lines = [{"type": "snooze", **one} for one in snoozes] + [{"type": "unreadable", **o} for o in unreadable]
            return "".join(json.dumps(line) + "\n" for line in lines)
        case "csv":
            return comma_separated(_CSV_COLUMNS, _csv_rows(snoozes, unreadable))
        case "markdown":
            return joined(
                markdown(_wide(snoozes)) if snoozes else _nothing(unreadable), _unreadable_markdown(unreadable)
            )
        case _ if not snoozes:
            return joined(_nothing(unreadable), _unreadable_lines(unreadable, surface.width))
        case _ if surface.width is None:
            return joined(plain(_wide(snoozes)), _unreadable_lines(unreadable, None))
        case _:
            cards = Stack("", _CARD_COLUMNS, tuple(map(_card, snoozes)))
            return joined(stacked([cards], surface, surface.width), _unreadable_lines(unreadable, surface.width))


def summary(document: Json) -> list[str]:
    """What was found, in a line or two for people."""
    active = [one for one in document["snoozes"] if one["state"] == "active"]
    cost = sum(one["hourly_cost"] or 0.0 for one in active)
    costing = f", which costs about {cost:.2f} USD an hour (an estimate)" if cost else ""
    lines = [f"{count(len(active), 'session')} {'is' if len(active) == 1 else 'are'} snoozed{costing}."]
    if unreadable := document["unreadable"]:
        lines.append(f"{count(len(unreadable), 'session')} COULD NOT BE READ, and may be snoozed too.")
    return lines


def _nothing(unreadable: Sequence[Json]) -> str:
    return "No session is snoozed, as far as could be read.\n" if unreadable else "No session is snoozed.\n"


def _wide(snoozes: Sequence[Json]) -> Grid:
    """One line per snooze, for pipes and documents."""
    return Grid(
        tuple(_GRID_COLUMNS.split()),
        tuple(
            (
                clean(one["ref"]["service"]),
                clean(one["ref"]["account"]),
                clean(one["ref"]["region"]),
                scope(one["ref"]["scope"]),
                clean(one["ref"]["id"]),
                _text(one["name"]),
                _text(one["owner"]),
                _text(one["team"]),
                _instant(one["until"]),
                one["state"],
                clean(one["by"]),
                _instant(one["since"]),
                _used(one),
                _cost(one),
            )
            for one in snoozes
        ),
    )


def _card(one: Json) -> Card:
    about = [f"{label} {clean(one[label])}" for label in ("name", "owner", "team") if one[label]]
    by = f"snoozed by {clean(one['by'])} at {_instant(one['since'])}"
    cells = (clean(one["ref"]["id"]), _instant(one["until"]), one["state"], _used(one), _cost(one))
    return Card(cells, (", ".join([place(one["ref"]), *about]), by))


def _csv_rows(snoozes: Sequence[Json], unreadable: Sequence[Json]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        ("snooze", *csv_ref(one["ref"]), one["ref"]["id"], *(one[field] for field in _FIELDS), None) for one in snoozes
    ]
    rows += [
        ("unreadable", *csv_ref(one["ref"]), one["ref"]["id"], *(None,) * len(_FIELDS), one["reason"])
        for one in unreadable
    ]
    return rows


def _unreadable_lines(unreadable: Sequence[Json], width: int | None) -> str:
    if not unreadable:
        return ""
    title = f"{UNREADABLE_TITLE} ({count(len(unreadable), 'session')}):"
    lines = [f"{place(one['ref'])} {clean(one['ref']['id'])}: {clean(one['reason'])}" for one in unreadable]
    if width is None:
        return "\n".join([title, *(f"  {line}" for line in lines)]) + "\n"
    return "\n".join([*wrapped(title, width), *(part for line in lines for part in wrapped(line, width, "  "))]) + "\n"


def _unreadable_markdown(unreadable: Sequence[Json]) -> str:
    lines = [
        f"- {markdown_text(place(one['ref']))} {markdown_text(one['ref']['id'])}: {markdown_text(one['reason'])}\n"
        for one in unreadable
    ]
    return f"**{UNREADABLE_TITLE}:**\n\n{''.join(lines)}" if lines else ""


def _text(value: str | None) -> str:
    return clean(value) if value else NOTHING


def _instant(moment: str) -> str:
    return instant(datetime.fromisoformat(moment).timestamp())


def _used(one: Json) -> str:
    return f"{one['used']} of {one['allowed']}"


def _cost(one: Json) -> str:
    return NOTHING if one["hourly_cost"] is None else f"{one['hourly_cost']:.2f}"
