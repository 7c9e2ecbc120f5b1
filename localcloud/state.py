"""What a world is made of: the sessions of each service and what they belong to.

Every moment is in the world's time, seconds since the epoch. `state` is the service's own word, any text: a test may
well want one that nobody documented. `extra` members are sent as they are, next to those the service model knows.
`open_work()` names the work that a stop would kill, None when there is none: it is what violations are made of.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

# What users wrote. Planted so that tests can search everything the product stores, logs or sends for it.
USER_CODE = "localcloud-user-code"
USER_OUTPUT = "localcloud-user-output"

GLUE_OPEN = frozenset({"WAITING", "RUNNING", "CANCELLING"})
GLUE_ENDED = frozenset({"STOPPED", "TIMEOUT", "FAILED"})
ATHENA_ENDED = frozenset({"TERMINATED", "FAILED"})
DEADLINE_OPEN = frozenset({"ASSIGNED", "SCHEDULED", "RUNNING", "CANCELING", "RECLAIMING"})


def _tags() -> dict[str, str]:
    return {}


def _extra() -> dict[str, Any]:
    return {}


@dataclass(slots=True, kw_only=True)
class Statement:
    """One statement run in a Glue session; `unit` is that of its moments on the wire, which AWS documents nowhere."""

    id: int
    state: str = "AVAILABLE"
    started: float | None = None
    completed: float | None = None
    unit: Literal["ms", "s"] = "ms"


@dataclass(slots=True, kw_only=True)
class GlueSession:
    """A Glue interactive session. `stopping_since` is set by StopSession; it is STOPPED a while later."""

    id: str
    created: float
    state: str = "READY"
    idle_timeout_minutes: int | None = None
    worker_type: str | None = "G.1X"
    workers: int | None = 5
    max_capacity: float | None = None
    role: str = "arn:aws:iam::000000000000:role/GlueNotebooks"
    session_type: str | None = None
    command: str = "glueetl"
    glue_version: str = "5.0"
    description: str | None = None
    completed: float | None = None
    error: str | None = None
    tags: dict[str, str] = field(default_factory=_tags)
    statements: list[Statement] = field(default_factory=list[Statement])
    extra: dict[str, Any] = field(default_factory=_extra)
    stopping_since: float | None = None

    def open_work(self) -> str | None:
        """Name the first open statement, or the state when the service itself says busy."""
        if self.state == "BUSY":
            return "session BUSY"
        return next((f"statement {s.id} {s.state}" for s in self.statements if s.state in GLUE_OPEN), None)


@dataclass(slots=True, kw_only=True)
class Calculation:
    """One calculation run in an Athena session."""

    id: str
    state: str = "RUNNING"
    started: float | None = None
    completed: float | None = None


@dataclass(slots=True, kw_only=True)
class AthenaSession:
    """A session of an Athena Spark workgroup."""

    id: str
    started: float
    state: str = "IDLE"
    idle_since: float | None = None
    modified: float | None = None
    ended: float | None = None
    idle_timeout_minutes: int | None = 20
    max_dpus: int = 20
    description: str | None = None
    notebook_version: str | None = None
    reason: str | None = None
    tags: dict[str, str] = field(default_factory=_tags)
    calculations: list[Calculation] = field(default_factory=list[Calculation])
    extra: dict[str, Any] = field(default_factory=_extra)
    terminating_since: float | None = None

    def open_work(self) -> str | None:
        """Name the running calculation, or the state BUSY."""
        for calculation in self.calculations:
            if calculation.state in ("CREATING", "CREATED", "QUEUED", "RUNNING", "CANCELING"):
                return f"calculation {calculation.id} {calculation.state}"
        return "session BUSY" if self.state == "BUSY" else None


@dataclass(slots=True, kw_only=True)
class WorkGroup:
    """An Athena workgroup; it has Spark sessions when its engine is a Spark one."""

    name: str
    engine: str = "PySpark engine version 3"
    state: str = "ENABLED"
    description: str = ""
    created: float | None = None
    tags: dict[str, str] = field(default_factory=_tags)
    sessions: dict[str, AthenaSession] = field(default_factory=dict[str, AthenaSession])
    extra: dict[str, Any] = field(default_factory=_extra)


@dataclass(slots=True, kw_only=True)
class Action:
    """One session action of a Deadline Cloud session."""

    id: str
    status: str = "SUCCEEDED"
    started: float | None = None
    ended: float | None = None


@dataclass(slots=True, kw_only=True)
class DeadlineSession:
    """A Deadline Cloud session: a worker's stretch of work on one job of one queue."""

    id: str
    queue: str
    job: str
    fleet: str
    worker: str
    started: float
    state: str = "STARTED"
    ended: float | None = None
    target: str | None = None
    ending_since: float | None = None
    actions: list[Action] = field(default_factory=list[Action])
    extra: dict[str, Any] = field(default_factory=_extra)

    def open_work(self) -> str | None:
        """Name the first open action."""
        return next((f"action {a.id} {a.status}" for a in self.actions if a.status in DEADLINE_OPEN), None)


@dataclass(slots=True, kw_only=True)
class Worker:
    """A worker of a fleet, and its sessions, the ended ones too."""

    id: str
    status: str = "IDLE"
    created: float | None = None
    tags: dict[str, str] = field(default_factory=_tags)
    sessions: dict[str, DeadlineSession] = field(default_factory=dict[str, DeadlineSession])


@dataclass(slots=True, kw_only=True)
class Fleet:
    """A fleet of workers. `worker_count` overrides the number of workers that the fleet claims to have."""

    id: str
    name: str
    status: str = "ACTIVE"
    created: float | None = None
    worker_count: int | None = None
    tags: dict[str, str] = field(default_factory=_tags)
    workers: dict[str, Worker] = field(default_factory=dict[str, Worker])


@dataclass(slots=True, kw_only=True)
class Job:
    """A job of a queue."""

    id: str
    name: str
    created: float | None = None
    created_by: str = "someone"
    status: str = "READY"
    tags: dict[str, str] = field(default_factory=_tags)


@dataclass(slots=True, kw_only=True)
class Queue:
    """A queue of jobs."""

    id: str
    name: str
    status: str = "IDLE"
    created: float | None = None
    tags: dict[str, str] = field(default_factory=_tags)
    jobs: dict[str, Job] = field(default_factory=dict[str, Job])


@dataclass(slots=True, kw_only=True)
class Farm:
    """A farm: queues with jobs on one side, fleets with workers on the other. `sessions` finds one by its id."""

    id: str
    name: str
    created: float | None = None
    tags: dict[str, str] = field(default_factory=_tags)
    queues: dict[str, Queue] = field(default_factory=dict[str, Queue])
    fleets: dict[str, Fleet] = field(default_factory=dict[str, Fleet])
    sessions: dict[str, DeadlineSession] = field(default_factory=dict[str, DeadlineSession])


@dataclass(slots=True, kw_only=True)
class Region:
    """Everything of one account in one region."""

    account: str
    name: str
    glue: dict[str, GlueSession] = field(default_factory=dict[str, GlueSession])
    athena: dict[str, WorkGroup] = field(default_factory=dict[str, WorkGroup])
    farms: dict[str, Farm] = field(default_factory=dict[str, Farm])
