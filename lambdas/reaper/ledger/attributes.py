"""DynamoDB's own types: written from plain values, and read back without trusting that they are what they should be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

Attribute = dict[str, Any]
"""One typed value, as DynamoDB's API has it: ``{"S": "glue"}``."""
Item = dict[str, Attribute]

_LEAST, _MOST = 1e-120, 1e120
"""Within what a DynamoDB number can hold (1E-130 to 9.9E+125, 38 digits; its developer guide, "Data types")."""

_NUMBER_BYTES: Final = 21
_NESTED_BYTES: Final = 3
_NAMES: Final = {"S": "text", "N": "number", "BOOL": "flag", "M": "map", "L": "list"}


class GarbledItemError(Exception):
    """An item is not of the shape that is written here. ``str(error)`` says how: ``held_since is no number``."""


def text(value: str) -> Attribute:
    """``value`` as S; half of a surrogate pair, which is no character and which DynamoDB refuses, is kept as ``?``."""
    return {"S": value if value.isascii() else value.encode("utf-8", "replace").decode()}


def number(value: float) -> Attribute:
    """``value`` as N, exact to the last digit; raises ValueError for one that N cannot hold."""
    if isinstance(value, float):
        if not math.isfinite(value) or abs(value) > _MOST:
            raise ValueError(f"{value} is no number that DynamoDB holds")
        if abs(value) < _LEAST:
            return {"N": "0"}
    # Whole numbers without their ".0", as DynamoDB keeps and gives them back.
    return {"N": repr(value).removesuffix(".0")}


def flag(value: bool) -> Attribute:  # noqa: FBT001 - the value itself
    """``value`` as BOOL."""
    return {"BOOL": value}


def map_of(values: Mapping[str, Attribute]) -> Attribute:
    """``values`` as M."""
    return {"M": dict(values)}


def list_of(values: list[Attribute]) -> Attribute:
    """``values`` as L."""
    return {"L": values}


def size(attribute: Attribute) -> int:
    """At most so many bytes does DynamoDB count for a value (its developer guide, "Item sizes and formats")."""
    ((kind, value),) = attribute.items()
    if kind == "M":
        members = cast("Mapping[str, Attribute]", value)
        return _NESTED_BYTES + sum(1 + len(name.encode()) + size(member) for name, member in members.items())
    if kind == "L":
        return _NESTED_BYTES + sum(1 + size(member) for member in cast("list[Attribute]", value))
    if kind == "S":
        return len(cast("str", value).encode())
    return _NUMBER_BYTES if kind == "N" else 1


def item_size(item: Item) -> int:
    """At most so many bytes does DynamoDB count for an item."""
    return sum(len(name.encode()) + size(value) for name, value in item.items())


@dataclass(frozen=True, slots=True)
class Fields:
    """The members of an item or of a map in it. Every reader raises :class:`GarbledItemError` for what is not so.

    Members nobody asks for are ignored.
    """

    values: Mapping[str, object]
    where: str = ""
    """Put before the names of members: ``snooze.``."""

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str:
        """The member ``name``, of type S."""
        return cast("str", self._value(name, "S", str))

    def number(self, name: str) -> float:
        """The member ``name``, of type N."""
        written = cast("str", self._value(name, "N", str))
        try:
            value = float(written)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise GarbledItemError(f"{self.where}{name} is no number")
        return value

    def count(self, name: str) -> int:
        """The member ``name``, of type N: a whole number, not negative."""
        value = self.number(name)
        if value < 0 or not value.is_integer():
            raise GarbledItemError(f"{self.where}{name} is no count")
        return int(value)

    def flag(self, name: str) -> bool:
        """The member ``name``, of type BOOL."""
        return cast("bool", self._value(name, "BOOL", bool))

    def text_if_any(self, name: str) -> str | None:
        """The member ``name``, of type S; ``None`` where there is none."""
        return self.text(name) if name in self else None

    def number_if_any(self, name: str) -> float | None:
        """The member ``name``, of type N; ``None`` where there is none."""
        return self.number(name) if name in self else None

    def fields(self, name: str) -> Fields:
        """The members of the map ``name``."""
        return Fields(cast("dict[str, object]", self._value(name, "M", dict)), f"{self.where}{name}.")

    def fields_if_any(self, name: str) -> Fields | None:
        """The members of the map ``name``; ``None`` where there is none."""
        return self.fields(name) if name in self else None

    def entries(self, name: str) -> Iterator[Fields]:
        """The maps that the list ``name`` holds, each read as ``0``, ``1``, ... of it."""
        listed = self._listed(name)
        return (listed.fields(position) for position in listed.values)

    def texts(self, name: str) -> Iterator[str]:
        """The texts that the list ``name`` holds."""
        listed = self._listed(name)
        return (listed.text(position) for position in listed.values)

    def _listed(self, name: str) -> Fields:
        listed = cast("list[object]", self._value(name, "L", list))
        return Fields({str(position): value for position, value in enumerate(listed)}, f"{self.where}{name}.")

    def _value(self, name: str, kind: str, holds: type) -> object:
        attribute = self.values.get(name)
        value = cast("dict[str, object]", attribute).get(kind) if isinstance(attribute, dict) else None
        if not isinstance(value, holds):
            raise GarbledItemError(f"{self.where}{name} is {'no ' + _NAMES[kind] if name in self else 'missing'}")
        return value
