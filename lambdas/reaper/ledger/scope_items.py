"""A scope as an item of the table, and back, cut where it would not fit."""

from __future__ import annotations

from collections.abc import Mapping

from reaper.core.names import NotANameError, scope_name
from reaper.core.records import Population, ScopeRecord
from reaper.core.session import ScopeKey
from reaper.ledger.attributes import Fields, GarbledItemError, Item, item_size, list_of, map_of, number
from reaper.ledger.items import MOST_BYTES, checked_version, head, numbers
from reaper.ledger.names import SCOPES
from reaper.ledger.sweep_items import Entry, count_item, count_of, fitting, stop_item, stop_of


def scope_item(scope: ScopeRecord) -> Item:
    """The item that keeps ``scope`` at the version after its own, with as many of its stops, the latest first, as fit.

    Raises:
        ValueError, OverflowError or OSError: it holds what DynamoDB cannot (NaN).
    """
    touched = max([scope.swept_at or 0.0, *(stop.at for stop in scope.stops)])
    item: Item = {
        **head(SCOPES, scope_name(scope.key), scope.version, touched),
        **numbers(swept_at=scope.swept_at),
        "populations": list_of([map_of({"at": number(one.at), "live": number(one.live)}) for one in scope.populations]),
        "counts": list_of([count_item(count) for count in scope.counts]),
    }
    room = MOST_BYTES - item_size({**item, "stops": list_of([])})
    kept, _ = fitting([Entry(stop_item(stop), stop.at) for stop in scope.stops], room)
    return {**item, "stops": list_of([entry.value for entry in kept])}


def scope_of_item(item: Mapping[str, object], key: ScopeKey) -> ScopeRecord:
    """The scope ``key`` that ``item`` keeps.

    Raises:
        NewerItemError: a newer release wrote it.
        GarbledItemError: it is not of the shape that :func:`scope_item` writes.
    """
    fields = Fields(item)
    version = checked_version(fields)
    try:
        return ScopeRecord(
            key=key,
            swept_at=fields.number_if_any("swept_at"),
            populations=tuple(
                Population(at=one.number("at"), live=one.count("live")) for one in fields.entries("populations")
            ),
            stops=tuple(stop_of(entry) for entry in fields.entries("stops")),
            counts=tuple(count_of(entry) for entry in fields.entries("counts")),
            version=version,
        )
    except NotANameError as error:
        raise GarbledItemError(str(error)) from error
