"""Changes every text in a document, whatever its type: to cut what is too long for a medium."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from msgspec import Struct
from msgspec.structs import replace

T = TypeVar("T")


def each_text(value: T, change: Callable[[str], str], *, keep: tuple[type, ...] = ()) -> T:
    """``value`` with ``change`` applied to every text in it, names of members apart; what is of type ``keep`` stays whole."""
    return cast("T", _changed(value, change, keep))


def _changed(value: Any, change: Callable[[str], str], keep: tuple[type, ...]) -> Any:
    if isinstance(value, str):
        # Members of an enum are ours, and of a closed list.
        return change(value) if type(value) is str else value
    if isinstance(value, keep):
        return value
    if isinstance(value, Struct):
        old = {name: getattr(value, name) for name in value.__struct_fields__}
        new = {name: _changed(part, change, keep) for name, part in old.items()}
        return replace(value, **{name: part for name, part in new.items() if part is not old[name]})
    if isinstance(value, Mapping):
        parts = cast("Mapping[str, Any]", value)
        return {change(key): _changed(part, change, keep) for key, part in parts.items()}
    if isinstance(value, tuple):
        return tuple(_changed(part, change, keep) for part in cast("tuple[Any, ...]", value))
    return value
