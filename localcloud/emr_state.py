"""What EMR Serverless Spark has in a world: workspaces and their session clusters, read from the `alibaba` part.

    {"account": "1234567890123456", "regions": {"cn-hangzhou": {"workspaces": [
       {"id": "w-1", "name": "science", "tags": {"team": "ml"}, "paymentType": "PostPaid", "sessions": [
          {"id": "sc-1", "name": "ad hoc", "state": "Running", "kind": "SQL", "started": "-9h", "user": "ada",
           "auto_stop": {"enable": true, "minutes": 45}, "queue": "root_queue"}]}]}}}

Only ids are needed. `extra` members are sent as they are. Moments are relative or RFC 3339, or null for none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# What opens a session to whoever holds it. Planted so that tests can search everything the product keeps for it.
CONNECTION_TOKEN = "localcloud-connection-token"  # noqa: S105 - a bait, not a password

# How long a session takes to stop, seconds of the world's clock.
STOPPING_SECONDS = 10.0
ENDED = frozenset({"Stopped", "Error"})

Moment = Callable[[Any], float]


@dataclass(slots=True, kw_only=True)
class SessionCluster:
    """One session cluster. `state` is the service's own word, any text, None to leave it out.

    `working` is the work of a user that the API does not tell of, and that a stop would kill.
    """

    id: str
    name: str
    state: str | None = "Running"
    kind: str | None = "NOTEBOOK"
    queue: str | None = "root_queue"
    user: str | None = "someone"
    started: float | None = None
    created: float | None = None
    auto_stop: Mapping[str, Any] | None = None
    draft_id: str | None = None
    working: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    stopping_since: float | None = None


@dataclass(slots=True, kw_only=True)
class Workspace:
    """One workspace and its session clusters, in the order in which they are listed."""

    id: str
    name: str
    state: str = "Running"
    payment_type: str = "PostPaid"
    tags: Mapping[str, str]
    sessions: dict[str, SessionCluster]
    extra: Mapping[str, Any]


Regions = dict[str, dict[str, Workspace]]


def read_regions(document: Mapping[str, Any], moment: Moment) -> Regions:
    """Build the workspaces of each region by id. Raises ValueError naming the place at fault."""
    _known(document, {"account", "regions"}, "alibaba")
    regions: Regions = {}
    for region, content in document.get("regions", {}).items():
        where = f"alibaba.regions.{region}"
        _known(content, {"workspaces"}, where)
        workspaces = [
            _read_workspace(item, moment, f"{where}.workspaces[{number}]")
            for number, item in enumerate(content.get("workspaces", []))
        ]
        regions[region] = {workspace.id: workspace for workspace in workspaces}
    return regions


def _read_workspace(document: Mapping[str, Any], moment: Moment, where: str) -> Workspace:
    _known(document, {"id", "name", "state", "paymentType", "tags", "sessions", "extra"}, where)
    identity = _identity(document, where)
    sessions = [
        _read_session(item, moment, f"{where}.sessions[{number}]")
        for number, item in enumerate(document.get("sessions", []))
    ]
    return Workspace(
        id=identity,
        name=document.get("name", identity),
        state=document.get("state", "Running"),
        payment_type=document.get("paymentType", "PostPaid"),
        tags=document.get("tags", {}),
        sessions={session.id: session for session in sessions},
        extra=document.get("extra", {}),
    )


def _read_session(document: Mapping[str, Any], moment: Moment, where: str) -> SessionCluster:
    fields = {
        "id",
        "name",
        "state",
        "kind",
        "queue",
        "user",
        "started",
        "created",
        "auto_stop",
        "draftId",
        "working",
        "extra",
    }
    _known(document, fields, where)
    identity = _identity(document, where)
    auto_stop = document.get("auto_stop", {"enable": True, "minutes": 45})
    if auto_stop is not None:
        _known(auto_stop, {"enable", "minutes"}, f"{where}.auto_stop")
    moments = {
        name: None if (at := document.get(name, "-1h")) is None else moment(at) for name in ("started", "created")
    }
    if "created" not in document:
        moments["created"] = moments["started"]
    plain = {
        name: document[name] for name in ("state", "kind", "queue", "user", "working", "extra") if name in document
    }
    return SessionCluster(
        id=identity,
        name=document.get("name", identity),
        auto_stop=auto_stop,
        draft_id=document.get("draftId"),
        **moments,
        **plain,
    )


def _identity(document: Mapping[str, Any], where: str) -> str:
    identity = document.get("id")
    if not isinstance(identity, str) or not identity:
        message = f"{where}: an id is needed"
        raise ValueError(message)
    return identity


def _known(document: Mapping[str, Any], known: set[str], where: str) -> None:
    unknown = sorted(set(document) - known)
    if unknown:
        message = f"{where}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}"
        raise ValueError(message)


def settle(session: SessionCluster, now: float) -> None:
    """Let time pass: a session that was told to stop is Stopped a while later."""
    if session.stopping_since is not None and now - session.stopping_since >= STOPPING_SECONDS:
        session.state, session.stopping_since = "Stopped", None


def workspace_row(workspace: Workspace, region: str) -> dict[str, Any]:
    """The workspace as ListWorkspaces gives it; the tag list is left out where it would be empty, as the service does."""
    row: dict[str, Any] = {
        "workspaceId": workspace.id,
        "workspaceName": workspace.name,
        "workspaceStatus": workspace.state,
        "paymentType": workspace.payment_type,
        "regionId": region,
        "resourceSpec": "100cu",
        "storage": "oss://localcloud/",
    }
    if workspace.tags:
        row["tags"] = [{"tagKey": key, "tagValue": value} for key, value in workspace.tags.items()]
    return row | dict(workspace.extra)


def session_row(session: SessionCluster, workspace: Workspace, seen: Callable[[float], float]) -> dict[str, Any]:
    """The session cluster as ListSessionClusters gives it, connection token and all. Times are milliseconds."""
    row: dict[str, Any] = {
        "workspaceId": workspace.id,
        "sessionClusterId": session.id,
        "name": session.name,
        "state": session.state,
        "stateChangeReason": {"code": "200", "message": "ok"},
        "kind": session.kind,
        "queueName": session.queue,
        "userId": "200000000000000001",
        "userName": session.user,
        "draftId": session.draft_id,
        "startTime": None if session.started is None else int(seen(session.started) * 1000),
        "gmtCreate": None if session.created is None else int(seen(session.created) * 1000),
        "connectionToken": CONNECTION_TOKEN,
        "webUI": f"https://spark-ui.example/{session.id}?token={CONNECTION_TOKEN}",
        "applicationConfigs": [
            {"configFileName": "spark-defaults.conf", "configItemKey": "spark.driver.cores", "configItemValue": "1"},
            {
                "configFileName": "spark-defaults.conf",
                "configItemKey": "spark.secret",
                "configItemValue": CONNECTION_TOKEN,
            },
        ],
        "releaseVersion": "esr-4.3.0 (Spark 3.5.2, Scala 2.12, Java Runtime)",
        "autoStartConfiguration": {"enable": False},
        "publicEndpointEnabled": False,
        "fusion": False,
        "extra": "{}",
    }
    if session.auto_stop is not None:
        configuration = {
            "enable": session.auto_stop.get("enable"),
            "idleTimeoutMinutes": session.auto_stop.get("minutes"),
        }
        row["autoStopConfiguration"] = {name: value for name, value in configuration.items() if value is not None}
    return {name: value for name, value in row.items() if value is not None} | dict(session.extra)
