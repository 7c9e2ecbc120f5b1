"""The operations of EMR Serverless Spark, version 2023-08-08, on a world: routing, parameters, pages, answers.

Paths, methods and parameters are those of alibabacloud_emr_serverless_spark20230808 2.3.0. The vendor documents no error
code and no largest page; those here are made up in its style, and a page of 100 is what it documents for ListJobRuns.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.acs3 import AlibabaError
from localcloud.emr_state import ENDED, Regions, SessionCluster, Workspace, session_row, settle, workspace_row
from localcloud.faults import Fault
from localcloud.world import Stop, World

SERVICE = "emr-serverless-spark"
VERSION = "2023-08-08"
_DEFAULT_PAGE, _LARGEST_PAGE = 20, 100
_KINDS = ("SQL", "NOTEBOOK", "THRIFT")
_PAGING = frozenset({"maxResults", "nextToken"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation: how it is addressed and which parameters it knows. Unknown ones are refused."""

    name: str
    method: str
    path: re.Pattern[str]
    query: frozenset[str]
    body: frozenset[str] = frozenset()
    list_key: str | None = None


_WORKSPACE = r"/api/v1/workspaces/(?P<workspaceId>[^/]+)"
_SESSIONS = rf"{_WORKSPACE}/sessionClusters"
OPERATIONS = (
    Operation(
        name="ListWorkspaces",
        method="GET",
        path=re.compile(r"/api/v1/workspaces"),
        query=_PAGING | {"name", "regionId", "resourceGroupId", "state", "tag"},
        list_key="workspaces",
    ),
    Operation(
        name="ListSessionClusters",
        method="GET",
        path=re.compile(_SESSIONS),
        query=_PAGING | {"kind", "queueName", "regionId", "sessionClusterId"},
        list_key="sessionClusters",
    ),
    Operation(
        name="GetSessionCluster",
        method="GET",
        path=re.compile(rf"{_SESSIONS}/(?P<sessionClusterId>[^/]+)"),
        query=frozenset({"regionId"}),
    ),
    Operation(
        name="StopSessionCluster",
        method="POST",
        path=re.compile(rf"{_SESSIONS}/action/stopSessionCluster"),
        query=frozenset({"regionId"}),
        body=frozenset({"queueName", "sessionClusterId"}),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One call: who asks what where. `parameters` are those of path, query and body together."""

    world: World
    regions: Regions
    account: str
    region: str
    principal: str
    parameters: Mapping[str, Any]
    fault: Fault | None

    def workspace(self) -> Workspace:
        """The workspace of the path. Raises AlibabaError."""
        found = self.regions.get(self.region, {}).get(self.parameters["workspaceId"])
        if found is None:
            raise AlibabaError(404, "Workspace.NotFound", "The specified workspace does not exist.")
        return found

    def session(self) -> SessionCluster:
        """The session cluster that path or body name, as it is by now. Raises AlibabaError."""
        found = self.workspace().sessions.get(self.parameters.get("sessionClusterId", ""))
        if found is None:
            raise AlibabaError(404, "SessionCluster.NotFound", "The specified session cluster does not exist.")
        settle(found, self.world.clock.time())
        return found


def route(method: str, path: str, action: str, version: str) -> tuple[Operation, dict[str, str]]:
    """The operation that path, method and headers name alike, and the path's parameters, still percent-encoded."""
    if version != VERSION:
        raise AlibabaError(404, "InvalidVersion", "Specified parameter Version is not valid.")
    for operation in OPERATIONS:
        match = operation.path.fullmatch(path)
        if match is not None and operation.method == method and operation.name == action:
            return operation, match.groupdict()
    raise AlibabaError(404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")


def check(operation: Operation, query: Mapping[str, str], body: object) -> dict[str, Any]:
    """The parameters of query and body, converted. Raises AlibabaError on unknown ones and bad values."""
    if not isinstance(body, dict):
        raise AlibabaError(400, "InvalidParameter", "The body is not a JSON object.")
    for name in [*(query.keys() - operation.query), *(body.keys() - operation.body)]:
        raise AlibabaError(400, "InvalidParameter", f"The parameter {name} is not known.")
    for name, value in body.items():
        if not isinstance(value, str):
            raise AlibabaError(400, "InvalidParameter", f"The parameter {name} is not a string.")
    parameters: dict[str, Any] = {**query, **body}
    if "maxResults" in parameters:
        text = parameters["maxResults"]
        if not text.isdigit() or not 1 <= int(text) <= _LARGEST_PAGE:
            raise AlibabaError(400, "InvalidParameter", f"maxResults is not in the range of 1 to {_LARGEST_PAGE}.")
        parameters["maxResults"] = int(text)
    if parameters.get("kind", "SQL") not in _KINDS:
        raise AlibabaError(400, "InvalidParameter", f"kind is none of {', '.join(_KINDS)}.")
    if operation.body and not parameters.get("sessionClusterId"):
        raise AlibabaError(400, "MissingParameter", "sessionClusterId is mandatory for this action.")
    return parameters


def list_workspaces(context: Context) -> dict[str, Any]:
    """Answer ListWorkspaces."""
    wanted = context.parameters
    rows = [
        workspace_row(workspace, context.region)
        for workspace in context.regions.get(context.region, {}).values()
        if wanted.get("name", "") in workspace.name and wanted.get("state") in (None, workspace.state)
    ]
    return _page(context, "workspaces", rows)


def list_session_clusters(context: Context) -> dict[str, Any]:
    """Answer ListSessionClusters; ended sessions are listed too."""
    workspace = context.workspace()
    wanted = {name: context.parameters.get(name) for name in ("kind", "queueName", "sessionClusterId")}
    rows: list[dict[str, Any]] = []
    for session in workspace.sessions.values():
        settle(session, context.world.clock.time())
        row = session_row(session, workspace, context.world.clock.seen)
        if all(value is None or row.get(name) == value for name, value in wanted.items()):
            rows.append(row)
    return _page(context, "sessionClusters", rows)


def get_session_cluster(context: Context) -> dict[str, Any]:
    """Answer GetSessionCluster."""
    row = session_row(context.session(), context.workspace(), context.world.clock.seen)
    return {"sessionCluster": row | {"envId": "env-localcloud"}}


def stop_session_cluster(context: Context) -> dict[str, Any]:
    """Answer StopSessionCluster: Stopping now, Stopped a while later; refused on a session that is no longer up."""
    session = context.session()
    if session.state in ENDED or session.state == "Stopping":
        raise AlibabaError(400, "OperationDenied.SessionClusterState", f"The session cluster is {session.state}.")
    session.state, session.stopping_since = "Stopping", context.world.clock.time()
    context.world.stopped(
        Stop(
            service=SERVICE,
            operation="StopSessionCluster",
            account=context.account,
            region=context.region,
            session=session.id,
            principal=context.principal,
            killed=session.working,
            at=context.world.clock.time(),
        )
    )
    return {"sessionClusterId": session.id}


HANDLERS: Mapping[str, Callable[[Context], dict[str, Any]]] = {
    "ListWorkspaces": list_workspaces,
    "ListSessionClusters": list_session_clusters,
    "GetSessionCluster": get_session_cluster,
    "StopSessionCluster": stop_session_cluster,
}


def _page(context: Context, list_key: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One page, with what the fault in force does to it. A list that would be empty is left out, as the service does."""
    size = context.parameters.get("maxResults", _DEFAULT_PAGE)
    given = context.parameters.get("nextToken")
    offset, empties = (0, 0) if given is None else _offset_of(given)
    kind = context.fault.kind if context.fault else None
    answer: dict[str, Any] = {"maxResults": size, "totalCount": len(rows)}
    if kind == "empty_page_with_token" and empties == 0:
        return answer | {"nextToken": _token(offset, empties=1)}
    page = rows[offset : offset + size]
    if kind == "absent_list":
        return {"maxResults": size}
    if page:
        answer[list_key] = page
    if kind == "repeat_token":
        answer["nextToken"] = given or _token(offset)
    elif offset + size < len(rows):
        answer["nextToken"] = _token(offset + size)
    return answer


def _token(offset: int, empties: int = 0) -> str:
    return base64.urlsafe_b64encode(json.dumps([offset, empties]).encode()).decode()


def _offset_of(token: str) -> tuple[int, int]:
    try:
        offset, empties = json.loads(base64.urlsafe_b64decode(token.encode()))
        return int(offset), int(empties)
    except (ValueError, TypeError):
        raise AlibabaError(400, "InvalidParameter", "The parameter nextToken is not valid.") from None
