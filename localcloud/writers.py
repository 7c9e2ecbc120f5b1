"""How the values of an answer become JSON, compiled from the shapes of a service model: moments above all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

Writer = Callable[[Any], Any]


def writer(shape: Shape, protocol: str, writers: dict[str, Writer | None] | None = None) -> Writer | None:
    """Compile a function that turns a value into what JSON carries; None where a value is carried as it is."""
    writers = {} if writers is None else writers
    if shape.type_name == "timestamp":
        text = shape.serialization.get("timestampFormat") or ("iso8601" if protocol == "rest-json" else "unixTimestamp")
        return _iso8601 if text == "iso8601" else _unix
    if shape.name in writers:
        return writers[shape.name]

    def later(value: Any) -> Any:
        write = writers[shape.name]
        return value if write is None else write(value)

    # A recursive shape finds this while it is being compiled.
    writers[shape.name] = later
    write = None
    if isinstance(shape, ListShape):
        write = _list_writer(writer(shape.member, protocol, writers))
    elif isinstance(shape, MapShape):
        write = _map_writer(writer(shape.value, protocol, writers))
    elif isinstance(shape, StructureShape):
        parts = {name: writer(part, protocol, writers) for name, part in shape.members.items()}
        write = _structure_writer({name: part for name, part in parts.items() if part is not None})
    writers[shape.name] = write
    return write


def _list_writer(member: Writer | None) -> Writer | None:
    return None if member is None else (lambda value: [member(item) for item in value])


def _map_writer(inner: Writer | None) -> Writer | None:
    return None if inner is None else (lambda value: {key: inner(item) for key, item in value.items()})


def _structure_writer(parts: Mapping[str, Writer]) -> Writer:
    return lambda value: {
        name: parts[name](item) if name in parts else item for name, item in value.items() if item is not None
    }


def _unix(moment: float) -> float:
    return round(moment, 3)


def _iso8601(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
