"""The four operations of EMR Serverless Spark that the reaper needs.

Source of paths, methods and parameters: alibabacloud_emr_serverless_spark20230808 2.3.0, whose requests
tests/witness compares with these; operations and RAM actions:
https://www.alibabacloud.com/help/en/emr/emr-serverless-spark/developer-reference/api-emr-serverless-spark-2023-08-08-overview
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from reaper.providers.emr_serverless_spark.errors import EmrServerlessSparkError
from reaper.providers.emr_serverless_spark.model import (
    JsonObject,
    SessionCluster,
    Workspace,
    json_list,
    session_cluster_of,
    workspace_of,
)
from reaper.providers.emr_serverless_spark.signing import Credentials, percent_encode
from reaper.providers.emr_serverless_spark.transport import BRISK, Operation, Transport, endpoint_for
from reaper.sweep.ports import Trouble

Row = TypeVar("Row")

LIST_WORKSPACES = Operation("ListWorkspaces", "GET")
LIST_SESSION_CLUSTERS = Operation("ListSessionClusters", "GET")
GET_SESSION_CLUSTER = Operation("GetSessionCluster", "GET")
STOP_SESSION_CLUSTER = Operation("StopSessionCluster", "POST", changes=True)

# The value in the vendor's examples. The maximum is not documented, and a refused page size would blind us.
PAGE_SIZE = 20
# Far above any real account: only a service that hands out new tokens for ever reaches it.
_MOST_PAGES = 10_000


def _ignore(_operation: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list. ``unreadable`` counts rows that could not be identified and are not in ``rows``."""

    rows: tuple[Row, ...]
    unreadable: int


class EmrServerlessSparkClient:
    """Calls the API of one region with one key pair; safe to share between threads.

    Every method raises EmrServerlessSparkError and nothing else. ``on_call`` hears the name of each operation called,
    once however often it is repeated.
    """

    def __init__(self, transport: Transport, region: str, *, on_call: Callable[[str], None] = _ignore) -> None:
        """Take the connection to use; most callers want ``connect``."""
        self._transport = transport
        self._region = region
        self._on_call = on_call

    @classmethod
    def connect(
        cls,
        region: str,
        credentials: Credentials,
        *,
        endpoint_url: str | None = None,
        on_call: Callable[[str], None] = _ignore,
    ) -> Self:
        """A client for ``region``, by its public endpoint unless ``endpoint_url`` names another.

        Sends nothing. Raises ValueError for a region or URL that cannot be one.
        """
        return cls(Transport(endpoint_for(region, endpoint_url), credentials), region, on_call=on_call)

    def brisk(self) -> Self:
        """The same client, whose reads give up soon."""
        return type(self)(self._transport.with_patience(BRISK), self._region, on_call=self._on_call)

    def list_workspaces(self) -> Iterator[Page[Workspace]]:
        """Yield every page of the region's workspaces as it is read, so that a failure leaves the pages before it."""
        return self._pages(LIST_WORKSPACES, "/api/v1/workspaces", "workspaces", workspace_of)

    def list_session_clusters(self, workspace_id: str) -> Iterator[Page[SessionCluster]]:
        """Yield every page of a workspace's session clusters, ended ones included: the API has no filter by state."""
        path = f"{_workspace_path(workspace_id)}/sessionClusters"
        return self._pages(LIST_SESSION_CLUSTERS, path, "sessionClusters", session_cluster_of)

    def get_session_cluster(self, workspace_id: str, session_cluster_id: str) -> SessionCluster:
        """One session cluster as it is now. Raises with trouble GARBLED when the response holds another or none."""
        path = f"{_workspace_path(workspace_id)}/sessionClusters/{percent_encode(session_cluster_id)}"
        body = self._call(GET_SESSION_CLUSTER, path, {})
        session = session_cluster_of(body.get("sessionCluster"))
        if session is None or session.id != session_cluster_id:
            message = f"the response does not describe session cluster {session_cluster_id}"
            raise EmrServerlessSparkError(
                GET_SESSION_CLUSTER.name, Trouble.GARBLED, "MalformedResponse", message, status=200
            )
        return session

    def stop_session_cluster(self, workspace_id: str, session_cluster_id: str, queue: str | None) -> None:
        """Ask the service to stop a session cluster, with all that runs in it. Returns once the service accepted.

        The session is Stopping for a while after that. Sent once; an error other than throttling does not prove that
        nothing happened: read the session again.
        """
        body = {"sessionClusterId": session_cluster_id}
        if queue is not None:
            body = {"queueName": queue, **body}
        path = f"{_workspace_path(workspace_id)}/sessionClusters/action/stopSessionCluster"
        self._call(STOP_SESSION_CLUSTER, path, {}, body)

    def _call(
        self, operation: Operation, path: str, query: Mapping[str, str], body: Mapping[str, str] | None = None
    ) -> JsonObject:
        self._on_call(operation.name)
        return self._transport.call(operation, path, {**query, "regionId": self._region}, body)

    def _pages(
        self, operation: Operation, path: str, list_key: str, read: Callable[[object], Row | None]
    ) -> Iterator[Page[Row]]:
        seen: set[str] = set()
        token, listed = "", 0
        while True:
            query = {"maxResults": str(PAGE_SIZE)} | ({"nextToken": token} if token else {})
            body = self._call(operation, path, query)
            rows = [read(row) for row in json_list(body.get(list_key))]
            known = tuple(row for row in rows if row is not None)
            listed += len(rows)
            yield Page(known, unreadable=len(rows) - len(known))
            # An empty page with a token is not the end: only a missing token is.
            token = _next_token(operation, body.get("nextToken"))
            if not token:
                break
            if token in seen:
                raise _broken_list(operation, "RepeatedPageToken", "the service gave a page token twice")
            seen.add(token)
            if len(seen) >= _MOST_PAGES:
                raise _broken_list(operation, "TooManyPages", f"the list did not end in {_MOST_PAGES} pages")
        total = body.get("totalCount")
        if isinstance(total, int) and total > listed:
            raise _broken_list(operation, "IncompleteList", f"the service counts {total} rows and listed {listed}")


def _workspace_path(workspace_id: str) -> str:
    return f"/api/v1/workspaces/{percent_encode(workspace_id)}"


def _next_token(operation: Operation, value: object) -> str:
    if value is None:
        return ""
    # Documented as text; a number, as in some of the vendor's examples, is the same token.
    if isinstance(value, str | int) and not isinstance(value, bool):
        return str(value)
    raise _broken_list(operation, "MalformedResponse", "the page token is neither text nor number")


def _broken_list(operation: Operation, code: str, what: str) -> EmrServerlessSparkError:
    message = f"{what}; the rest of the list was not read"
    return EmrServerlessSparkError(operation.name, Trouble.GARBLED, code, message)
