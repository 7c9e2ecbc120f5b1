"""Makes the service models small that botocore reads when a client is made: a cold start spends much of its time there."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

_MODEL: Final = "service-2.json"
_ENDPOINTS: Final = "endpoints.json"


def reduce_all(data: Path, operations: Mapping[str, Collection[str]]) -> None:
    """Leave the ``operations`` of each service in the models under botocore's ``data``, and the endpoints of these services.

    Raises:
        LookupError: a model has no such operation, or there is no model.
    """
    prefixes = {reduce_models(data, service, names) for service, names in operations.items()}
    endpoints = data / _ENDPOINTS
    reduced = reduced_endpoints(json.loads(endpoints.read_bytes()), prefixes)
    endpoints.write_text(json.dumps(reduced, separators=(",", ":")), encoding="utf-8")


def reduced_endpoints(endpoints: dict[str, Any], prefixes: Collection[str]) -> dict[str, Any]:
    """``endpoints`` with all partitions and regions, and of the services those whose endpoints begin with ``prefixes``."""
    partitions = [
        {**one, "services": {name: found for name, found in one["services"].items() if name in prefixes}}
        for one in endpoints["partitions"]
    ]
    return {**endpoints, "partitions": partitions}


def reduce_models(data: Path, service: str, operations: Collection[str]) -> str:
    """Leave ``operations`` in the newest model of ``service`` under botocore's ``data``, with the shapes they use and no prose.

    Returns the prefix of its endpoints.

    Raises:
        LookupError: a model has no such operation, or there is no model.
    """
    models = sorted((data / service).glob(f"*/{_MODEL}*"))
    if not models:
        raise LookupError(f"botocore has no model of {service}")
    *older, path = models
    for one in older:
        # A client is of the newest version, unless it is told otherwise.
        shutil.rmtree(one.parent)
    content = path.read_bytes()
    model = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    if unknown := sorted(set(operations) - model["operations"].keys()):
        raise LookupError(f"botocore's {service} has no operation {', '.join(unknown)}")
    path.unlink()
    reduced = json.dumps(reduced_model(model, operations), separators=(",", ":"))
    (path.parent / _MODEL).write_text(reduced, encoding="utf-8")
    return str(model["metadata"].get("endpointPrefix", service))


def reduced_model(model: dict[str, Any], operations: Collection[str]) -> dict[str, Any]:
    """``model`` with ``operations`` alone, the shapes that can be reached from them, and no documentation."""
    kept = {name: operation for name, operation in model["operations"].items() if name in operations}
    reached: set[str] = set()
    waiting = _shapes_named_in(kept)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting |= _shapes_named_in(model["shapes"][name])
    shapes = {name: shape for name, shape in model["shapes"].items() if name in reached}
    reduced: dict[str, Any] = _without_prose({**model, "operations": kept, "shapes": shapes})
    # botocore reads the prose of these.
    whole = {name: model[name] for name in ("clientContextParams",) if name in model}
    return {**reduced, **whole}


def _shapes_named_in(part: Any) -> set[str]:
    if isinstance(part, list):
        return set().union(*map(_shapes_named_in, part))
    if not isinstance(part, dict):
        return set()
    named = {part["shape"]} if isinstance(part.get("shape"), str) else set()
    return named.union(*map(_shapes_named_in, part.values()))


def _without_prose(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_prose(item) for item in part]
    if not isinstance(part, dict):
        return part
    # A member may be called "documentation"; then it is a structure, not a text.
    return {
        name: _without_prose(value)
        for name, value in part.items()
        if name != "documentation" or not isinstance(value, str)
    }
