"""The world: what exists, in which account and region, and what was done to it. In memory, thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from localcloud.clock import Clock
from localcloud.document import (
    action_id,
    deadline_id,
    read_athena,
    read_deadline_session,
    read_farm,
    read_glue,
    read_region,
    read_workgroup,
)
from localcloud.state import (
    DEADLINE_OPEN,
    GLUE_OPEN,
    Action,
    AthenaSession,
    Calculation,
    DeadlineSession,
    GlueSession,
    Region,
    Statement,
)

ACCOUNT = "000000000000"
REGION = "us-east-1"

Session = GlueSession | AthenaSession | DeadlineSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A stop that took effect. `killed` names the work it killed, None when there was none."""

    service: str
    operation: str
    account: str
    region: str
    session: str
    principal: str
    killed: str | None
    at: float

    def to_json(self) -> dict[str, Any]:
        """Return the stop as plain JSON data."""
        return asdict(self)


class World:
    """Everything there is in the embedded cloud. Hold `lock` while reading or changing what `region` returns.

    `alibaba` is that part of the world document as it was given; relative moments in it count from `seeded_at`
    (`world.clock.moment(text, base=world.seeded_at)`).
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.lock = threading.RLock()
        self.alibaba: dict[str, Any] = {}
        self.seeded_at = self.clock.time()
        self._regions: dict[tuple[str, str], Region] = {}
        self._stops: list[Stop] = []

    def seed(self, document: Mapping[str, Any]) -> None:
        """Replace the world by the one in a document (see `document`). All or nothing; raises ValueError."""
        unknown = set(document) - {"accounts", "alibaba"}
        if unknown:
            msg = f"unknown {', '.join(sorted(unknown))}; known are accounts, alibaba"
            raise ValueError(msg)
        base = self.clock.time()
        regions = {
            (account, name): read_region(account, name, content, lambda value: self.clock.moment(value, base))
            for account, content_of in document.get("accounts", {}).items()
            for name, content in content_of.items()
            for content in [content]
        }
        with self.lock:
            self._regions = regions
            self._stops = []
            self.alibaba = dict(document.get("alibaba", {}))
            self.seeded_at = base

    def reset(self) -> None:
        """Empty the world and forget what was done to it. The clock stays as it is."""
        self.seed({})

    def region(self, account: str = ACCOUNT, name: str = REGION) -> Region:
        """Return the part of the world in an account and region, an empty one where nothing was seeded."""
        with self.lock:
            return self._regions.setdefault((account, name), Region(account=account, name=name))

    def regions(self) -> list[Region]:
        """Return every part of the world there is."""
        with self.lock:
            return list(self._regions.values())

    # Adding, while the world is running

    def add_glue(self, document: Mapping[str, Any], account: str = ACCOUNT, region: str = REGION) -> GlueSession:
        """Add a Glue session, replacing one of the same id."""
        session = read_glue(document, self.clock.moment)
        with self.lock:
            self.region(account, region).glue[session.id] = session
        return session

    def add_athena(
        self, workgroup: str, document: Mapping[str, Any], account: str = ACCOUNT, region: str = REGION
    ) -> AthenaSession:
        """Add an Athena session, and its workgroup where there is none of the name."""
        session = read_athena(document, self.clock.moment)
        with self.lock:
            groups = self.region(account, region).athena
            if workgroup not in groups:
                groups[workgroup] = read_workgroup({"name": workgroup}, self.clock.moment)
            groups[workgroup].sessions[session.id] = session
        return session

    def add_farm(self, document: Mapping[str, Any], account: str = ACCOUNT, region: str = REGION) -> str:
        """Add a farm with all that is in it, replacing one of the same id; its full id."""
        farm = read_farm(document, self.clock.moment)
        with self.lock:
            self.region(account, region).farms[farm.id] = farm
        return farm.id

    def add_deadline(
        self,
        at: tuple[str, str, str],
        document: Mapping[str, Any],
        account: str = ACCOUNT,
        region: str = REGION,
    ) -> DeadlineSession:
        """Add a session to a worker that exists, given as (farm, fleet, worker) by short or full id."""
        farm_id, fleet_id, worker_id = (
            deadline_id(kind, name) for kind, name in zip(("farm", "fleet", "worker"), at, strict=True)
        )
        session = read_deadline_session(document, fleet_id, worker_id, self.clock.moment)
        with self.lock:
            farm = self.region(account, region).farms[farm_id]
            farm.fleets[fleet_id].workers[worker_id].sessions[session.id] = session
            farm.sessions[session.id] = session
        return session

    # Work

    def find(self, service: str, session: str, account: str | None = None, region: str | None = None) -> Session:
        """Return a session by its id (a short name will do for Deadline Cloud). Raises LookupError."""
        with self.lock:
            for part in self._regions.values():
                if account not in (None, part.account) or region not in (None, part.name):
                    continue
                found: Session | None = None
                if service == "glue":
                    found = part.glue.get(session)
                elif service == "athena":
                    found = next((g.sessions[session] for g in part.athena.values() if session in g.sessions), None)
                elif service == "deadline":
                    full = deadline_id("session", session)
                    found = next((f.sessions[full] for f in part.farms.values() if full in f.sessions), None)
                if found is not None:
                    return found
        msg = f"no {service} session {session!r} in this world"
        raise LookupError(msg)

    def wake(self, service: str, session: str, account: str | None = None, region: str | None = None) -> None:
        """Give a session work to do, as its user would. Raises LookupError."""
        with self.lock:
            found, now = self.find(service, session, account, region), self.clock.time()
            if isinstance(found, GlueSession):
                number = max((s.id for s in found.statements), default=-1) + 1
                found.statements.append(Statement(id=number, state="RUNNING", started=now))
            elif isinstance(found, AthenaSession):
                number = len(found.calculations)
                found.calculations.append(Calculation(id=f"calculation-{number}", started=now))
                found.state, found.idle_since, found.modified = "BUSY", None, now
            else:
                number = len(found.actions)
                found.actions.append(Action(id=action_id(found.id, number), status="RUNNING", started=now))

    def complete(self, service: str, session: str, account: str | None = None, region: str | None = None) -> None:
        """Finish a session's open work, now. Raises LookupError."""
        with self.lock:
            found, now = self.find(service, session, account, region), self.clock.time()
            if isinstance(found, GlueSession):
                for statement in found.statements:
                    if statement.state in GLUE_OPEN:
                        statement.state, statement.completed = "AVAILABLE", now
            elif isinstance(found, AthenaSession):
                for calculation in found.calculations:
                    if calculation.completed is None:
                        calculation.state, calculation.completed = "COMPLETED", now
                if found.state == "BUSY":
                    found.state, found.idle_since, found.modified = "IDLE", now, now
            else:
                for action in found.actions:
                    if action.status in DEADLINE_OPEN:
                        action.status, action.ended = "SUCCEEDED", now

    # What was done

    def stopped(self, stop: Stop) -> None:
        """Remember a stop that took effect."""
        with self.lock:
            self._stops.append(stop)

    def stops(self) -> list[Stop]:
        """Return the stops that took effect, oldest first."""
        with self.lock:
            return self._stops[:]

    def violations(self) -> list[Stop]:
        """Return the stops that killed work in progress. There must never be any."""
        return [stop for stop in self.stops() if stop.killed is not None]
