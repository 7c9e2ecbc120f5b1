"""Reading answers in which anything may be missing, new, or of another type than documented."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

Row = Mapping[str, Any]
"""A structure of an answer, as botocore parsed it."""

# Written `int | float`, it would be made anew for each of a hundred thousand rows.
_NUMBER: Final = (int, float)


def text(row: Row, name: str) -> str | None:
    """The text called ``name``; ``None`` when there is none, or an empty one."""
    value = row.get(name)
    return value if isinstance(value, str) and value else None


def number(row: Row, name: str) -> float | None:
    """The number called ``name``, if it is one."""
    value = row.get(name)
    return value if isinstance(value, _NUMBER) and not isinstance(value, bool) else None


def moment(row: Row, name: str) -> float | None:
    """The timestamp called ``name`` in epoch seconds, if it could be read."""
    value = row.get(name)
    return value.timestamp() if isinstance(value, datetime) else None


def structure(row: Row, name: str) -> Row:
    """The structure called ``name``; an empty one when there is none."""
    value = row.get(name)
    return cast("Row", value) if isinstance(value, dict) else {}


def tags_of(value: object) -> Mapping[str, str] | None:
    """``value`` if it is a map of texts, which tags are; ``None`` for anything else, which may hide a tag that protects."""
    if not isinstance(value, dict):
        return None
    found = cast("dict[object, object]", value)
    if all(isinstance(key, str) and isinstance(held, str) for key, held in found.items()):
        return cast("Mapping[str, str]", found)
    return None
