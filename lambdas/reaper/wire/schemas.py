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
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

import msgspec
from msgspec.structs import replace

from reaper.core.outcome import Outcome
from reaper.wire import examples
from reaper.wire.codec import builtins_of
from reaper.wire.common import rfc3339
from reaper.wire.events import STOP_REQUESTED, SWEEP_COMPLETED, SessionDetail, StopRequestedDetail, SweepDetail
from reaper.wire.report import SCHEMA_OF_REPORT, Report

Schema = dict[str, Any]

_EVENTS: Final = {
    "Session Warned": "A session will be stopped once its grace is over, unless somebody uses it, snoozes it, or pins it.",
    "Session Snoozed": "Somebody asked to keep a session for a while: it is not stopped before that is over.",
    "Session Stopped": "A service accepted our stop of a session. Whether it really ended is told later, by Session Confirmed "
    "or Session Not Stopping.",
    "Session Confirmed": "A session that an earlier sweep stopped has been seen to have ended.",
    "Session Not Stopping": "A service accepted our stop of a session in an earlier sweep, and the session runs on: somebody "
    "should look, for it is still being billed.",
    "Session Flagged": "A policy wants a session stopped or reported, and it was not stopped: sweeps only report, the policy "
    "only reports, a guard held the stop back, or the stop failed.",
    STOP_REQUESTED: "Somebody answered a warning by asking to have the session stopped at once. It waives the grace, and "
    "nothing else: a sweep begins, judges the session afresh, and stops it only if a policy still wants that and no guard "
    "objects.",
    SWEEP_COMPLETED: "A sweep, or one part of a long one, is done. Sent for every sweep, whether it found anything or not, so "
    "that a missing one can be noticed.",
}
"""What each event says."""

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NAMES: Final = {"Ref": "session"}
"""What a part is called in schemas where that is not what its type is called."""


def documents() -> dict[str, Schema]:
    """Every schema, by its path in ``schema/``."""
    kinds = dict.fromkeys(outcome.row.event for outcome in Outcome if outcome.row.event)
    events = {
        **{kind: _session_event(kind) for kind in kinds},
        STOP_REQUESTED: _event(
            STOP_REQUESTED, StopRequestedDetail, examples.STOP_REQUESTED, at=examples.NOW + timedelta(seconds=330)
        ),
        SWEEP_COMPLETED: _event(SWEEP_COMPLETED, SweepDetail, examples.SWEEP_COMPLETED),
    }
    return {
        "report.schema.json": _report(),
        **{f"events/{kind.lower().replace(' ', '-')}.schema.json": schema for kind, schema in events.items()},
    }


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
        "examples": [builtins_of(examples.REPORT)],
        "$defs": parts,
    }


def _session_event(kind: str) -> Schema:
    outcomes = [outcome for outcome in Outcome if outcome.row.event == kind]
    detail = replace(examples.SESSION_DETAIL, outcome=outcomes[0].value)
    if outcomes[0] is not Outcome.WARNED:
        detail = replace(detail, detail="idle for 2h, which is at least 1h", due=None)
    schema = _event(kind, SessionDetail, detail)
    told = schema["$defs"]["detail"]["properties"]["outcome"]
    told["enum"] = [outcome.value for outcome in outcomes]
    told["description"] += " " + said_of(outcomes)
    return schema


def _event(kind: str, detail: type[msgspec.Struct], example: msgspec.Struct, at: datetime = examples.NOW) -> Schema:
    parts = parts_of(detail)
    resources: Schema = {"type": "array", "maxItems": 0, "description": "Empty: a sweep is about no single session."}
    about: list[str] = []
    if detail is not SweepDetail:
        resources = {
            "type": "array",
            "maxItems": 1,
            "items": {"type": "string", "pattern": "^(arn|acs):"},
            "description": "The session's ARN, or what its cloud has instead; that of its job where the service names no "
            "sessions. Empty where it has none for sure.",
        }
        about = [examples.FINDING.arn]
    return {
        "$schema": DIALECT,
        "title": f"Session Reaper: {kind}",
        "description": f"{_EVENTS[kind]} The members beside `detail` are EventBridge's own envelope, of which only those are "
        "described that matter here.",
        "type": "object",
        "required": ["source", "detail-type", "resources", "detail"],
        "properties": {
            "source": {"const": "session-reaper", "description": "Who sends it."},
            "detail-type": {"const": kind, "description": "What it is about."},
            "resources": resources,
            "detail": {"$ref": "#/$defs/detail"},
        },
        "examples": [
            {
                "version": "0",
                "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
                "detail-type": kind,
                "source": "session-reaper",
                "account": "123456789012",
                "time": rfc3339(at),
                "region": "eu-central-1",
                "resources": about,
                "detail": builtins_of(example),
            }
        ],
        "$defs": {"detail": parts.pop(_name(detail.__name__)), **parts},
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
