"""The JSON Schemas of the documents, made from their types: ``python -m reaper.wire.schemas`` writes them into ``schema/``.

What a schema says of a member is the docstring of its field. A schema describes what is written: it is closed, while readers
leave alone what they do not know.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from reaper.core.outcome import Outcome
from reaper.wire.codec import builtins_of
from reaper.wire.examples import REPORT
from reaper.wire.report import SCHEMA_OF_REPORT, Report

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NAMES: Final = {"Ref": "session"}
"""What a part is called in schemas where that is not what its type is called."""


def documents() -> dict[str, Schema]:
    """Every schema, by its path in ``schema/``."""
    return {"report.schema.json": _report()}


def as_text(schema: Schema) -> str:
    """The content of its file."""
    return json.dumps(schema, indent=2) + "\n"


def parts_of(*types: type) -> dict[str, Schema]:
    """The schemas of ``types`` and of all they are made of, by name."""
    _, components = msgspec.json.schema_components(types)
    classes = {one.__name__: one for one in _structs()}
    return {_name(name): _finished(schema, classes.get(name)) for name, schema in components.items()}


def _report() -> Schema:
    parts = parts_of(Report)
    root = parts.pop("report")
    outcomes = parts["finding"]["properties"]["outcome"]
    outcomes["description"] += " " + said_of(Outcome)
    return {
        "$schema": DIALECT,
        "title": "Session Reaper: report",
        **root,
        **SCHEMA_OF_REPORT,
        "examples": [builtins_of(REPORT)],
        "$defs": parts,
    }


def said_of(outcomes: Any) -> str:
    """What each of ``outcomes`` means, in one sentence."""
    told = [f"`{one.value}`: {one.row.means[0].lower()}{one.row.means[1:].rstrip('.')}" for one in outcomes]
    return f"{'; '.join(told)}."


def _finished(schema: Schema, of: type | None) -> Schema:
    """A part as it is published: closed, with what is said of each member, without defaults."""
    finished = _plain(schema)
    finished.pop("title", None)
    if "properties" not in finished:
        return finished
    said = dict(_docstrings(of)) if of else {}
    for name, member in finished["properties"].items():
        if name in said:
            member["description"] = said[name]
    return finished


def _plain(schema: Any) -> Any:
    """Without defaults, nor the null that stands for a member that is left out; descriptions on one line."""
    if isinstance(schema, list):
        return [_plain(part) for part in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    given = cast("Schema", schema)
    found: Schema = {key: _plain(part) for key, part in given.items() if key != "default"}
    if "properties" in found:
        found["additionalProperties"] = False
    if given.get("default", ...) is None:
        rest = [one for one in found.pop("anyOf", []) if one != {"type": "null"}]
        found |= rest[0] if len(rest) == 1 else {"anyOf": rest}
    if isinstance(found.get("description"), str):
        found["description"] = _line(found["description"])
    if isinstance(found.get("$ref"), str):
        head, _, name = found["$ref"].rpartition("/")
        found["$ref"] = f"{head}/{_name(name)}"
    return found


def _name(name: str) -> str:
    return _NAMES.get(name, name[0].lower() + name[1:])


def _line(text: str) -> str:
    return " ".join(text.split())


def _docstrings(of: type) -> Iterator[tuple[str, str]]:
    """The name of each member in JSON, and the docstring below its field."""
    for base in reversed(of.__mro__):
        if not issubclass(base, msgspec.Struct) or base is msgspec.Struct:
            continue
        names = {one.name: one.encode_name for one in msgspec.structs.fields(base)}
        [body] = ast.parse(inspect.getsource(base)).body
        assert isinstance(body, ast.ClassDef)  # noqa: S101 - narrows for the type checker
        for one, after in zip(body.body, body.body[1:], strict=False):
            match one, after:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(value=ast.Constant(value=str(text))):
                    yield names[name], _line(text)
                case _:
                    pass


def _structs(of: type = msgspec.Struct) -> Iterator[type]:
    """Every type of document there is, and of a part of one. Their names are unique."""
    for one in of.__subclasses__():
        if one.__module__.startswith("reaper.wire."):
            yield one
        yield from _structs(one)


def main(folder: Path) -> None:
    """Write every schema into ``folder``."""
    for path, schema in documents().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(as_text(schema), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "schema"))
