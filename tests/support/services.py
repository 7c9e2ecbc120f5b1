"""Every provider on its embedded service, spoken to in the same few words. A new service is one more entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from localcloud.document import deadline_id
from localcloud.emr_serverless_spark import AlibabaServer
from localcloud.faults import Faults
from localcloud.record import Record
from localcloud.server import LocalServer
from localcloud.world import World
from reaper.core.session import Scope, Session, SessionRef
from reaper.providers.aws.clients import AwsClients
from reaper.providers.calls import Calls
from reaper.providers.context import ProviderContext
from reaper.providers.factory import provider_factory
from reaper.sweep.ports import Listing, Provider, ProviderError
from tests.support import emr_serverless_spark

NOW = "2026-11-21T12:00:00Z"
NOW_SECONDS = 1795262400.0
ACCOUNT = "000000000000"
REGION = "us-east-1"

Row = dict[str, Any]


class Likeness(Protocol):
    """One session as a row of a world document: ``idle``, ``busy``, ``ended``, ``strange`` or ``starting``."""

    def __call__(self, name: str, likeness: str, /) -> Row: ...


@dataclass(frozen=True, kw_only=True)
class Service:
    """What the contract needs to know of a service to hold its provider to it."""

    name: str
    page: int
    """Sessions on one page of its list."""
    lists: str
    """The operation that lists sessions."""
    gets: str
    stops: str
    uses: str | None
    """The operation that tells the use of a session which its list leaves open; ``None`` where the list tells it."""
    tags: str
    row: Likeness
    document: Callable[..., Row]
    scope: Scope
    mutates: frozenset[str]
    states: Mapping[str, str]
    """Likeness -> the state in the service's own words."""
    knows_idle: bool = True
    """Whether it can tell that a session is idle."""
    full_id: Callable[[str], str] = str
    parent: Row | None = None
    """What a list call about the parent of the sessions is told, beside which there is another; ``None`` without."""


@dataclass
class Cloud:
    """The embedded cloud that a service lives in, and providers on it that never wait between attempts."""

    service: Service
    world: World
    faults: Faults
    record: Record
    make: Callable[[Calls, int], Provider]
    wake: Callable[..., None] | None
    calls: Calls = field(default_factory=Calls)

    def seed(self, *rows: Row, **others: Any) -> None:
        self.world.seed(self.service.document(list(rows), **others))

    def provider(self, attempts: int = 1) -> Provider:
        self.calls = Calls()
        return self.make(self.calls, attempts)

    def only(self, name: str, likeness: str, **more: Any) -> tuple[Provider, Session]:
        """A provider, and the one session that there is, as it lists it."""
        self.seed(self.service.row(name, likeness) | more)
        provider = self.provider()
        (session,), errors = walk(provider)
        assert errors == {}
        return provider, session

    def ref(self, name: str) -> SessionRef:
        account, region = (ACCOUNT, REGION) if self.service is not EMR else ALIBABA
        return SessionRef(self.service.name, account, region, self.service.scope, self.service.full_id(name))

    def sent(self, operation: str) -> int:
        return len(self.record.list(self.service.name, operation))


def walk(provider: Provider) -> tuple[list[Session], dict[Scope, ProviderError]]:
    """Every session that is yielded, and the error of every scope that failed."""
    sessions: list[Session] = []
    errors: dict[Scope, ProviderError] = {}
    listings = [provider.discover()]
    while listings:
        listing = listings.pop()
        try:
            for found in listing.read():
                if isinstance(found, Listing):
                    listings.append(found)
                else:
                    sessions.append(found)
        except ProviderError as error:
            errors[listing.scope] = error
    return sessions, errors


def observed(provider: Provider, session: Session) -> Session:
    """The session once every fact was asked that anybody can tell."""
    while source := provider.source_of(session.facts.not_asked()):
        session = Session(session.ref, provider.observe(session, source))
    return session


def here(part: Row) -> Row:
    return {"accounts": {ACCOUNT: {REGION: part}}}


def glue_row(name: str, likeness: str) -> Row:
    statement = {"started": "-8h", "completed": None if likeness == "busy" else "-7h"}
    statement["state"] = "RUNNING" if likeness == "busy" else "AVAILABLE"
    row = {"id": name, "created": "-9h", "state": GLUE.states[likeness], "tags": {"of": "session"}}
    return row | {"statements": [statement]}


def glue_document(rows: list[Row]) -> Row:
    return here({"glue": rows})


GLUE = Service(
    name="glue",
    page=1000,
    lists="ListSessions",
    gets="GetSession",
    stops="StopSession",
    uses="ListStatements",
    tags="GetTags",
    row=glue_row,
    document=glue_document,
    scope=(),
    mutates=frozenset({"StopSession", "DeleteSession"}),
    states={
        "idle": "READY",
        "busy": "READY",
        "ended": "STOPPED",
        "strange": "HIBERNATING",
        "starting": "PROVISIONING",
    },
)


def athena_row(name: str, likeness: str) -> Row:
    row: Row = {"id": name, "started": "-9h", "state": ATHENA.states[likeness], "tags": {"of": "session"}}
    return row | {"idle_since": "-7h"} if likeness == "idle" else row


def athena_document(rows: list[Row], *, beside: bool = False) -> Row:
    groups: list[Row] = [{"name": "science", "tags": {"of": "workgroup", "workgroup": "1"}, "sessions": rows}]
    groups.append({"name": "sql", "engine": "Athena engine version 3"})
    if beside:
        groups.append({"name": "other", "sessions": [athena_row("in-other", "busy")]})
    return here({"athena": {"workgroups": groups}})


ATHENA = Service(
    name="athena",
    page=100,
    lists="ListSessions",
    gets="GetSession",
    stops="TerminateSession",
    uses=None,
    tags="ListTagsForResource",
    row=athena_row,
    document=athena_document,
    scope=(("workgroup", "science"),),
    mutates=frozenset({"TerminateSession"}),
    parent={"WorkGroup": "science"},
    states={"idle": "IDLE", "busy": "BUSY", "ended": "TERMINATED", "strange": "HIBERNATING", "starting": "CREATED"},
)


def deadline_row(name: str, likeness: str) -> Row:
    action: Row = {"started": "-8h", "ended": None if likeness == "busy" else "-7h"}
    action["status"] = "RUNNING" if likeness == "busy" else "SUCCEEDED"
    row = {"id": name, "queue": "film", "job": "shot", "started": "-9h", "state": DEADLINE.states[likeness]}
    return row | {"actions": [action], "ended": "-6h" if likeness == "ended" else None}


def deadline_document(rows: list[Row], *, beside: bool = False) -> Row:
    farm: Row = {"id": "studio", "tags": {"of": "farm", "farm": "1"}}
    farm["queues"] = [
        {"id": "film", "tags": {"of": "queue", "queue": "1"}, "jobs": [{"id": "shot", "tags": {"of": "job"}}]}
    ]
    farm["fleets"] = [
        {
            "id": "spot",
            "tags": {"of": "fleet", "fleet": "1"},
            "workers": [{"id": "w1", "tags": {"of": "worker", "worker": "1"}, "sessions": rows}],
        },
        {"id": "empty", "workers": []},
    ]
    if beside:
        farm["fleets"][0]["workers"].append({"id": "w2", "sessions": [deadline_row("in-other", "busy")]})
    return here({"deadline": {"farms": [farm]}})


DEADLINE = Service(
    name="deadline",
    page=100,
    lists="ListSessionsForWorker",
    gets="GetSession",
    stops="UpdateSession",
    uses="ListSessionActions",
    tags="ListTagsForResource",
    row=deadline_row,
    document=deadline_document,
    scope=(
        ("farm", deadline_id("farm", "studio")),
        ("fleet", deadline_id("fleet", "spot")),
        ("worker", deadline_id("worker", "w1")),
        ("queue", deadline_id("queue", "film")),
        ("job", deadline_id("job", "shot")),
    ),
    mutates=frozenset({"UpdateSession"}),
    parent={"workerId": deadline_id("worker", "w1")},
    states={"idle": "STARTED", "busy": "STARTED", "ended": "ENDED", "strange": "HIBERNATING"},
    full_id=lambda name: deadline_id("session", name),
)


def emr_row(name: str, likeness: str) -> Row:
    return {"id": name, "name": name, "started": "-9h", "state": EMR.states[likeness]}


def emr_document(rows: list[Row], *, beside: bool = False) -> Row:
    spaces: list[Row] = [{"id": "w-1", "name": "science", "tags": {"of": "workspace"}, "sessions": rows}]
    if beside:
        spaces.append({"id": "w-2", "name": "other", "tags": {}, "sessions": [emr_row("in-other", "busy")]})
    return {"alibaba": {"regions": {ALIBABA[1]: {"workspaces": spaces}}}}


ALIBABA = (emr_serverless_spark.ACCOUNT, emr_serverless_spark.REGION)

EMR = Service(
    name="emr-serverless-spark",
    page=20,
    lists="ListSessionClusters",
    gets="GetSessionCluster",
    stops="StopSessionCluster",
    uses=None,
    tags="ListWorkspaces",
    row=emr_row,
    document=emr_document,
    scope=(("workspace", "w-1"),),
    mutates=frozenset({"StopSessionCluster"}),
    parent={"workspaceId": "w-1"},
    states={
        "idle": "Running",
        "busy": "Running",
        "ended": "Stopped",
        "strange": "Hibernating",
        "starting": "Starting",
    },
    knows_idle=False,
)

SERVICES = (GLUE, ATHENA, DEADLINE, EMR)


def cloud_of(service: Service, aws: LocalServer, alibaba: AlibabaServer, clients: dict[int, AwsClients]) -> Cloud:
    """The embedded cloud of ``service``; ``clients`` by their number of attempts."""
    if service is EMR:

        def make_emr(calls: Calls, _attempts: int) -> Provider:
            return emr_serverless_spark.Quick(alibaba.url, calls=calls).provider()

        return Cloud(service, alibaba.world, alibaba.faults, alibaba.record, make_emr, None)

    def make(calls: Calls, attempts: int) -> Provider:
        clients[attempts].calls = calls
        context = ProviderContext(account=ACCOUNT, region=REGION, calls=calls, aws=clients[attempts])
        return provider_factory(service.name)(context)

    return Cloud(service, aws.world, aws.faults, aws.calls, make, aws.wake)
