"""The control API: how a test or the demo, in another process, seeds and watches the embedded cloud.

Under `/_localcloud/`, JSON in and out; a mistake is 400 with `{"error": ...}`:

    GET    world                  every session: service, account, region, id, state, open work
    PUT    world                  seed, replacing what there was (see `document`)
    DELETE world                  reset everything: world, clock, faults, wake-ups, calls, mail
    POST   sessions               add one: {"service": "glue", "session": {...}, "workgroup" or "worker": [farm, fleet, worker]}
    POST   wake, complete         {"service", "session"}: give it work to do, or finish its work
    GET    clock; POST clock      {"advance": seconds} or {"set": moment} or {"freeze": moment or null} or {"run": true}
    GET, POST, DELETE faults      rules in force; add one (see `faults.Fault`); lift all
    GET, POST, DELETE wakes       the same (see `faults.Wake`; `at` may be any moment)
    GET, DELETE calls             the record; `?service=&operation=` choose
    GET    mail                   what SNS delivered by email: to, subject, text
    GET    stops, violations      what was stopped, and what work that killed
    GET    ready                  200 once served
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl

from localcloud.faults import Wake
from localcloud.gateway import Gateway
from localcloud.wire import Reply, dumps
from localcloud.world import ACCOUNT, REGION, World

PREFIX = "/_localcloud/"


def control(gateway: Gateway, method: str, path: str, query: str, body: bytes) -> Reply:
    """Answer a request to the control API."""
    route = _ROUTES.get((method, path.removeprefix(PREFIX).strip("/")))
    if route is None:
        return _reply(404, {"error": f"no {method} {path} in the control API"})
    try:
        given: dict[str, Any] = dict(json.loads(body)) if body else {}
        return _reply(200, route(gateway, {**dict(parse_qsl(query)), **given}))
    except (ValueError, TypeError, LookupError) as error:
        return _reply(400, {"error": f"{type(error).__name__}: {error}"})


def _reply(status: int, document: Any) -> Reply:
    return Reply(status=status, headers={"Content-Type": "application/json"}, body=dumps(document))


def _sessions(world: World) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    with world.lock:
        for region in world.regions():
            found = [("glue", session) for session in region.glue.values()]
            found += [("athena", s) for group in region.athena.values() for s in group.sessions.values()]
            found += [("deadline", s) for farm in region.farms.values() for s in farm.sessions.values()]
            rows += [
                {
                    "service": service,
                    "account": region.account,
                    "region": region.name,
                    "id": session.id,
                    "state": session.state,
                    "open_work": session.open_work(),
                }
                for service, session in found
            ]
    return rows


def _seed(gateway: Gateway, given: Mapping[str, Any]) -> dict[str, Any]:
    gateway.world.seed(given)
    return {}


def _reset(gateway: Gateway, _: Mapping[str, Any]) -> dict[str, Any]:
    gateway.reset()
    return {}


def _add(gateway: Gateway, given: Mapping[str, Any]) -> dict[str, Any]:
    world, place = gateway.world, (given.get("account", ACCOUNT), given.get("region", REGION))
    match given["service"]:
        case "glue":
            session = world.add_glue(given["session"], *place)
        case "athena":
            session = world.add_athena(given["workgroup"], given["session"], *place)
        case "deadline":
            farm, fleet, worker = given["worker"]
            session = world.add_deadline((farm, fleet, worker), given["session"], *place)
        case other:
            raise ValueError(f"no sessions of {other!r} can be added")
    return {"id": session.id}


def _wake(gateway: Gateway, given: Mapping[str, Any]) -> dict[str, Any]:
    gateway.world.wake(given["service"], given["session"], given.get("account"), given.get("region"))
    return {}


def _complete(gateway: Gateway, given: Mapping[str, Any]) -> dict[str, Any]:
    gateway.world.complete(given["service"], given["session"], given.get("account"), given.get("region"))
    return {}


def _clock(gateway: Gateway, given: Mapping[str, Any]) -> dict[str, Any]:
    clock = gateway.world.clock
    for name, value in given.items():
        match name:
            case "advance":
                clock.advance(float(value))
            case "set":
                clock.set(value)
            case "freeze":
                clock.freeze(value)
            case "run":
                clock.run()
            case _:
                raise ValueError(f"the clock cannot {name!r}; it can advance, set, freeze, run")
    return {"now": clock.now().isoformat(), "frozen": clock.frozen}


def _add_fault(gateway: Gateway, given: Mapping[str, Any]) -> dict[str, Any]:
    return asdict(gateway.faults.add(**given))


def _add_wake(gateway: Gateway, given: Mapping[str, Any]) -> dict[str, Any]:
    rule = dict(given)
    if rule.get("at") is not None:
        rule["at"] = gateway.world.clock.moment(rule["at"])
    return asdict(gateway.wake(Wake(**rule)))


def _calls(gateway: Gateway, given: Mapping[str, Any]) -> dict[str, Any]:
    calls = gateway.calls.list(given.get("service"), given.get("operation"))
    return {"calls": [call.to_json() for call in calls], "counts": gateway.calls.counts()}


def _cleared(what: Callable[[Gateway], Any]) -> Callable[[Gateway, Mapping[str, Any]], Any]:
    def clear(gateway: Gateway, _: Mapping[str, Any]) -> dict[str, Any]:
        what(gateway).clear()
        return {}

    return clear


_ROUTES: Mapping[tuple[str, str], Callable[[Gateway, Mapping[str, Any]], Any]] = {
    ("GET", "ready"): lambda _gateway, _given: {"ready": True},
    ("GET", "world"): lambda gateway, _: {"sessions": _sessions(gateway.world)},
    ("PUT", "world"): _seed,
    ("DELETE", "world"): _reset,
    ("POST", "sessions"): _add,
    ("POST", "wake"): _wake,
    ("POST", "complete"): _complete,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _clock,
    ("GET", "faults"): lambda gateway, _: {"faults": [asdict(fault) for fault in gateway.faults.list()]},
    ("POST", "faults"): _add_fault,
    ("DELETE", "faults"): _cleared(lambda gateway: gateway.faults),
    ("GET", "wakes"): lambda gateway, _: {"wakes": [asdict(wake) for wake in gateway.wakes.list()]},
    ("POST", "wakes"): _add_wake,
    ("DELETE", "wakes"): _cleared(lambda gateway: gateway.wakes),
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): _cleared(lambda gateway: gateway.calls),
    ("GET", "mail"): lambda gateway, _: {"mail": [mail.to_json() for mail in gateway.mail.list()]},
    ("GET", "stops"): lambda gateway, _: {"stops": [stop.to_json() for stop in gateway.world.stops()]},
    ("GET", "violations"): lambda gateway, _: {"violations": [stop.to_json() for stop in gateway.world.violations()]},
}
