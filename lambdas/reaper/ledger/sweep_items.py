"""A sweep as an item of the table, and back, cut where it would not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from reaper.core.names import NotANameError, scope_name, scope_of, session_name, session_of
from reaper.core.records import PolicyCount, StopTaken, SweepRecord
from reaper.ledger.attributes import (
    Attribute,
    Fields,
    GarbledItemError,
    Item,
    flag,
    item_size,
    list_of,
    map_of,
    number,
    size,
    text,
)
from reaper.ledger.items import MOST_BYTES, TooLargeError, checked_version, head, numbers
from reaper.ledger.names import SWEEPS, sweep_key


class Entry(NamedTuple):
    """One member of a list or a map; those that ``matters`` most are kept."""

    value: Attribute
    matters: float | str = 0
    name: str = ""


def sweep_item(sweep: SweepRecord) -> tuple[Item, Mapping[str, int]]:
    """The item that keeps ``sweep`` at the version after its own, and how many of what did not fit.

    It keeps all claims, then as many as fit of its own stops and of those still to be confirmed (latest first), the blind
    scopes, the populations (largest first) and the counts (latest day first). ``omitted`` says in the item, too, how many
    of what are missing. A scope without a population here starts every grace in it anew.

    Raises:
        ValueError, OverflowError or OSError: it holds what DynamoDB cannot (NaN), or its claims alone are too large.
    """
    item: Item = {
        **head(SWEEPS, sweep_key(sweep.started_at, sweep.run_id), sweep.version, sweep.started_at),
        "run_id": text(sweep.run_id),
        "started_at": number(sweep.started_at),
        "mode": text(sweep.mode),
        "told": flag(sweep.told),
        "claims": list_of([text(session_name(ref)) for ref in sweep.claims]),
        **numbers(finished_at=sweep.finished_at),
    }
    # In the order in which they are kept.
    entries: dict[str, Sequence[Entry]] = {
        "stops": [Entry(stop_item(stop), stop.at) for stop in sweep.stops],
        "unconfirmed": [Entry(stop_item(stop), stop.at) for stop in sweep.unconfirmed],
        "blind": [Entry(text(scope_name(key))) for key in sorted(sweep.blind, key=scope_name)],
        "live": [Entry(number(count), count, scope_name(key)) for key, count in sweep.live.items()],
        "counts": [Entry(count_item(count), count.day) for count in sweep.counts],
    }
    most_omitted: Item = {"omitted": map_of({name: number(0) for name in entries})}
    room = MOST_BYTES - item_size({**item, **most_omitted, **{name: list_of([]) for name in entries}})
    if room < 0:
        raise TooLargeError(f"its {len(sweep.claims)} claims alone take more than the {MOST_BYTES} bytes of an item")
    omitted: dict[str, int] = {}
    for name, wanted in entries.items():
        kept, room = fitting(wanted, room)
        item[name] = (
            map_of({entry.name: entry.value for entry in kept})
            if name == "live"
            else list_of([entry.value for entry in kept])
        )
        if len(kept) < len(wanted):
            omitted[name] = len(wanted) - len(kept)
    if omitted:
        item["omitted"] = map_of({name: number(count) for name, count in omitted.items()})
    return item, omitted


def sweep_of(item: Mapping[str, object]) -> SweepRecord:
    """The sweep that ``item`` keeps.

    Raises:
        NewerItemError: a newer release wrote it.
        GarbledItemError: it is not of the shape that :func:`sweep_item` writes.
    """
    fields = Fields(item)
    version = checked_version(fields)
    live = fields.fields("live")
    try:
        return SweepRecord(
            run_id=fields.text("run_id"),
            started_at=fields.number("started_at"),
            finished_at=fields.number_if_any("finished_at"),
            mode=fields.text("mode"),
            live={scope_of(name): live.count(name) for name in live.values},
            blind=frozenset(scope_of(name) for name in fields.texts("blind")),
            claims=tuple(session_of(name) for name in fields.texts("claims")),
            stops=tuple(stop_of(entry) for entry in fields.entries("stops")),
            unconfirmed=tuple(stop_of(entry) for entry in fields.entries("unconfirmed")),
            counts=tuple(count_of(entry) for entry in fields.entries("counts")),
            told=fields.flag("told"),
            version=version,
        )
    except NotANameError as error:
        raise GarbledItemError(str(error)) from error


def fitting(entries: Sequence[Entry], room: int) -> tuple[list[Entry], int]:
    """Those of ``entries`` that matter most and fit into ``room`` bytes, in their own order, and the room that is left."""
    kept: list[int] = []
    # Sorting is stable: among equals the first are kept.
    for position in sorted(range(len(entries)), key=lambda position: _rank(entries[position]), reverse=True):
        entry = entries[position]
        cost = 1 + len(entry.name.encode()) + size(entry.value)
        if cost > room:
            break
        room -= cost
        kept.append(position)
    return [entries[position] for position in sorted(kept)], room


def _rank(entry: Entry) -> tuple[float, str]:
    return (0, entry.matters) if isinstance(entry.matters, str) else (entry.matters, "")


def stop_item(stop: StopTaken) -> Attribute:
    """``stop`` as a member of an item."""
    return map_of(
        {
            "session": text(session_name(stop.ref)),
            "policy": text(stop.policy),
            "at": number(stop.at),
            "likeness": text(stop.likeness),
        }
    )


def stop_of(fields: Fields) -> StopTaken:
    """The stop that :func:`stop_item` made the member of; raises GarbledItemError or NotANameError."""
    return StopTaken(
        ref=session_of(fields.text("session")),
        policy=fields.text("policy"),
        at=fields.number("at"),
        likeness=fields.text("likeness"),
    )


def count_item(count: PolicyCount) -> Attribute:
    """``count`` as a member of an item."""
    return map_of(
        {
            "policy": text(count.policy),
            "day": text(count.day),
            "stops": number(count.stops),
            "regrets": number(count.regrets),
        }
    )


def count_of(fields: Fields) -> PolicyCount:
    """The count that :func:`count_item` made the member of; raises GarbledItemError."""
    return PolicyCount(
        policy=fields.text("policy"),
        day=fields.text("day"),
        stops=fields.count("stops"),
        regrets=fields.count("regrets"),
    )
