"""World documents: how a world is written down by hand, as JSON.

Moments are RFC 3339 or relative (`-3h`). Unknown keys are errors, so a typo cannot quietly make another world. Ids of
Deadline Cloud may be short names, here and in `deadline_id`: `render` as a farm becomes `farm-` and 32 hexadecimal
digits, always the same ones, and is the farm's name unless it has another. The shape:

    {"accounts": {"000000000000": {"us-east-1": {
      "glue": [{"id": "nightly", "created": "-9h", "tags": {}, "statements": [{"started": "-8h", "completed": "-8h"}]}],
      "athena": {"workgroups": [{"name": "science", "sessions": [{"id": "a", "started": "-4h", "idle_since": "-3h"}]}]},
      "deadline": {"farms": [{"id": "studio",
        "queues": [{"id": "film", "jobs": [{"id": "shot-1"}]}],
        "fleets": [{"id": "spot", "workers": [{"id": "w1", "sessions": [
          {"id": "s1", "queue": "film", "job": "shot-1", "started": "-2h",
           "actions": [{"status": "SUCCEEDED", "ended": "-1h"}]}]}]}]}]}}}},
     "alibaba": {"regions": {"cn-hangzhou": {"workspaces": []}}}}

The keys of each object are the fields of its class in `state`; the `alibaba` part is handed on as it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from localcloud.state import (
    Action,
    AthenaSession,
    Calculation,
    DeadlineSession,
    Farm,
    Fleet,
    GlueSession,
    Job,
    Queue,
    Region,
    Statement,
    Worker,
    WorkGroup,
)

Moment = Callable[[Any], float]
T = TypeVar("T")

_MOMENTS = frozenset({"created", "started", "completed", "ended", "idle_since", "modified"})
# Fields the world keeps for itself.
_INTERNAL = frozenset({"stopping_since", "terminating_since", "ending_since"})
_ACTION = re.compile(r"sessionaction-[0-9a-f]{32}-\d+")


def deadline_id(kind: str, name: str) -> str:
    """Return the id of a farm, queue, fleet, worker, job or session for a short name; a full id is returned as is."""
    if re.fullmatch(rf"{kind}-[0-9a-f]{{32}}", name):
        return name
    return f"{kind}-{hashlib.blake2b(f'{kind}/{name}'.encode(), digest_size=16).hexdigest()}"


def action_id(session: str, number: int) -> str:
    """Return the id of a session's n-th action, for the session's full id."""
    return f"sessionaction-{session.removeprefix('session-')}-{number}"


def read_region(account: str, name: str, document: Mapping[str, Any], moment: Moment) -> Region:
    """Build the part of a world that is in one account and region. Raises ValueError naming the place at fault."""
    where = f"accounts.{account}.{name}"
    _known(document, {"glue", "athena", "deadline"}, where)
    region = Region(account=account, name=name)
    for index, item in enumerate(document.get("glue", [])):
        session = read_glue(item, moment, f"{where}.glue[{index}]")
        _put(region.glue, session.id, session, where)
    athena = document.get("athena", {})
    _known(athena, {"workgroups"}, f"{where}.athena")
    for index, item in enumerate(athena.get("workgroups", [])):
        group = read_workgroup(item, moment, f"{where}.athena.workgroups[{index}]")
        _put(region.athena, group.name, group, where)
    deadline = document.get("deadline", {})
    _known(deadline, {"farms"}, f"{where}.deadline")
    for index, item in enumerate(deadline.get("farms", [])):
        farm = read_farm(item, moment, f"{where}.deadline.farms[{index}]")
        _put(region.farms, farm.id, farm, where)
    return region


def read_glue(document: Mapping[str, Any], moment: Moment, where: str = "glue") -> GlueSession:
    """Build a Glue session; `created` defaults to an hour ago, statements are numbered in order."""
    plain, parts = _split(document, "statements")
    statements = [
        _build(Statement, {"id": number, **item}, moment, f"{where}.statements[{number}]")
        for number, item in enumerate(parts["statements"])
    ]
    return _build(GlueSession, {"created": "-1h", **plain}, moment, where, statements=statements)


def read_workgroup(document: Mapping[str, Any], moment: Moment, where: str = "workgroup") -> WorkGroup:
    """Build an Athena workgroup and its sessions."""
    plain, parts = _split(document, "sessions")
    group = _build(WorkGroup, plain, moment, where)
    for number, item in enumerate(parts["sessions"]):
        session = read_athena(item, moment, f"{where}.sessions[{number}]")
        _put(group.sessions, session.id, session, where)
    return group


def read_athena(document: Mapping[str, Any], moment: Moment, where: str = "athena") -> AthenaSession:
    """Build an Athena session; `started` defaults to an hour ago."""
    plain, parts = _split(document, "calculations")
    calculations = [
        _build(Calculation, {"id": f"calculation-{number}", **item}, moment, f"{where}.calculations[{number}]")
        for number, item in enumerate(parts["calculations"])
    ]
    return _build(AthenaSession, {"started": "-1h", **plain}, moment, where, calculations=calculations)


def read_farm(document: Mapping[str, Any], moment: Moment, where: str = "farm") -> Farm:
    """Build a farm with its queues, jobs, fleets, workers and sessions."""
    plain, parts = _split(document, "queues", "fleets")
    farm = _build(Farm, _identified("farm", plain, where), moment, where)
    for number, item in enumerate(parts["queues"]):
        here = f"{where}.queues[{number}]"
        plain, inner = _split(item, "jobs")
        queue = _build(Queue, _identified("queue", plain, here), moment, here)
        for index, job in enumerate(inner["jobs"]):
            place = f"{here}.jobs[{index}]"
            built = _build(Job, _identified("job", job, place), moment, place)
            _put(queue.jobs, built.id, built, here)
        _put(farm.queues, queue.id, queue, here)
    for number, item in enumerate(parts["fleets"]):
        here = f"{where}.fleets[{number}]"
        plain, inner = _split(item, "workers")
        fleet = _build(Fleet, _identified("fleet", plain, here), moment, here)
        for index, worker in enumerate(inner["workers"]):
            built = _read_worker(farm, fleet, worker, moment, f"{here}.workers[{index}]")
            _put(fleet.workers, built.id, built, here)
        _put(farm.fleets, fleet.id, fleet, here)
    return farm


def read_deadline_session(
    document: Mapping[str, Any], fleet: str, worker: str, moment: Moment, where: str = "session"
) -> DeadlineSession:
    """Build a session of a worker, both given by full id; actions are numbered in order."""
    plain, parts = _split(document, "actions")
    plain = _identified("session", plain, where, named=False)
    plain["queue"] = deadline_id("queue", str(plain.get("queue", "")))
    plain["job"] = deadline_id("job", str(plain.get("job", "")))
    actions: list[Action] = []
    for number, item in enumerate(parts["actions"]):
        here = f"{where}.actions[{number}]"
        identified = {"id": "", **item}
        if not _ACTION.fullmatch(identified["id"]):
            identified["id"] = action_id(plain["id"], number)
        actions.append(_build(Action, identified, moment, here))
    given = {"started": "-1h", **plain}
    return _build(DeadlineSession, given, moment, where, fleet=fleet, worker=worker, actions=actions)


def _read_worker(farm: Farm, fleet: Fleet, document: Mapping[str, Any], moment: Moment, where: str) -> Worker:
    plain, parts = _split(document, "sessions")
    worker = _build(Worker, _identified("worker", plain, where, named=False), moment, where)
    for number, item in enumerate(parts["sessions"]):
        here = f"{where}.sessions[{number}]"
        session = read_deadline_session(item, fleet.id, worker.id, moment, here)
        queue = farm.queues.get(session.queue)
        if queue is None or session.job not in queue.jobs:
            msg = f"{here}: no queue {item.get('queue')!r} with a job {item.get('job')!r} in this farm"
            raise ValueError(msg)
        _put(worker.sessions, session.id, session, here)
        _put(farm.sessions, session.id, session, here)
    return worker


def _identified(kind: str, document: Mapping[str, Any], where: str, *, named: bool = True) -> dict[str, Any]:
    short = document.get("id")
    if not isinstance(short, str) or not short:
        msg = f"{where}: an id is needed"
        raise ValueError(msg)
    result = {**document, "id": deadline_id(kind, short)}
    if named and not result.get("name"):
        result["name"] = short
    return result


def _split(document: Mapping[str, Any], *names: str) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    plain = {key: value for key, value in document.items() if key not in names}
    return plain, {name: list(document.get(name, [])) for name in names}


def _build(cls: type[T], document: Mapping[str, Any], moment: Moment, where: str, **parts: Any) -> T:
    known = {f.name for f in fields(cls)} - _INTERNAL  # type: ignore[arg-type]
    _known(document, known - parts.keys(), where)
    given = {key: moment(value) if key in _MOMENTS and value is not None else value for key, value in document.items()}
    given.update(parts)
    for f in fields(cls):  # type: ignore[arg-type]
        if f.default is MISSING and f.default_factory is MISSING and f.name not in given:
            msg = f"{where}: {f.name} is needed"
            raise ValueError(msg)
    return cls(**given)


def _known(document: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(document) - known)
    if unknown:
        msg = f"{where}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        raise ValueError(msg)


def _put(mapping: dict[str, T], key: str, value: T, where: str) -> None:
    if key in mapping:
        msg = f"{where}: {key!r} is there twice"
        raise ValueError(msg)
    mapping[key] = value
