"""What a service model demands of a request, compiled to checks: members, types, words, ranges, lengths, patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

Check = Callable[[Any, str, list[str]], None]
"""`check(value, path, problems)` appends a sentence for every rule that the value at that path breaks."""

_JSON_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str),
    "blob": str,
}


def checker(shape: Shape, known: dict[str, Check] | None = None) -> Check:
    """Compile the rules of a shape. Members the model does not have are forbidden, as are two members of a union."""
    known = {} if known is None else known
    if shape.name in known:
        return known[shape.name]
    check = _compile(shape, known)
    known[shape.name] = check
    return check


def _compile(shape: Shape, known: dict[str, Check]) -> Check:
    expected = _JSON_TYPES.get(shape.type_name)
    limits = _limits(shape)
    inner = _inner(shape, known)

    def check(value: Any, path: str, problems: list[str]) -> None:
        wrong = expected is not None and not isinstance(value, expected)
        if wrong or (isinstance(value, bool) and shape.type_name != "boolean"):
            problems.append(f"Value at '{path}' failed to satisfy constraint: Member must be a {shape.type_name}")
            return
        for limit in limits:
            demand = limit(value)
            if demand is not None:
                problems.append(f"Value {value!r} at '{path}' failed to satisfy constraint: Member must {demand}")
        if inner is not None:
            inner(value, path, problems)

    return check


def _inner(shape: Shape, known: dict[str, Check]) -> Check | None:
    if isinstance(shape, ListShape):
        member = checker(shape.member, known)

        def each(value: Any, path: str, problems: list[str]) -> None:
            for index, item in enumerate(value):
                member(item, f"{path}.{index + 1}.member", problems)

        return each
    if isinstance(shape, MapShape):
        key_check, value_check = checker(shape.key, known), checker(shape.value, known)

        def pairs(value: Any, path: str, problems: list[str]) -> None:
            for key, item in value.items():
                key_check(key, f"{path}.{key}.key", problems)
                value_check(item, f"{path}.{key}.value", problems)

        return pairs
    return _members(shape, known) if isinstance(shape, StructureShape) else None


def _members(shape: StructureShape, known: dict[str, Check]) -> Check:
    # A recursive shape finds this while it is being compiled.
    def later(value: Any, path: str, problems: list[str]) -> None:
        check(value, path, problems)

    known[shape.name] = later
    parts = {name: checker(part, known) for name, part in shape.members.items()}
    required: list[str] = list(shape.required_members)
    union = bool(getattr(shape, "is_tagged_union", False))

    def check(value: Any, path: str, problems: list[str]) -> None:
        prefix = f"{path}." if path else ""
        problems.extend(
            f"Value null at '{prefix}{name}' failed to satisfy constraint: Member must not be null"
            for name in required
            if value.get(name) is None
        )
        for name, item in value.items():
            if name not in parts:
                problems.append(f"unknown parameter {prefix + name!r}")
            elif item is not None:
                parts[name](item, prefix + name, problems)
        if union and len(value) != 1:
            problems.append(f"exactly one member must be set at '{path}'")

    return check


def _limits(shape: Shape) -> list[Callable[[Any], str | None]]:
    rules: list[Callable[[Any], str | None]] = []
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.type_name in ("integer", "long", "float", "double"):
        if low is not None:
            rules.append(lambda v: f"have value greater than or equal to {low}" if v < low else None)
        if high is not None:
            rules.append(lambda v: f"have value less than or equal to {high}" if v > high else None)
    elif shape.type_name in ("string", "list", "map"):
        if low is not None:
            rules.append(lambda v: f"have length greater than or equal to {low}" if len(v) < low else None)
        if high is not None:
            rules.append(lambda v: f"have length less than or equal to {high}" if len(v) > high else None)
    if isinstance(shape, StringShape) and shape.enum:
        words = list(shape.enum)
        rules.append(lambda v: f"satisfy enum value set: {words}" if v not in words else None)
    pattern = _pattern(shape.metadata.get("pattern"))
    if pattern is not None:
        rules.append(
            lambda v: f"satisfy regular expression pattern: {pattern.pattern}" if not pattern.fullmatch(v) else None
        )
    return rules


def _pattern(text: str | None) -> re.Pattern[str] | None:
    # Models are written for Java, whose patterns pair surrogates in ranges that Python cannot read. They hold "any
    # text" patterns only.
    if text is None:
        return None
    try:
        return re.compile(text)
    except re.error:
        return None
