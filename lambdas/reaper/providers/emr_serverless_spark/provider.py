"""Discover, observe and stop the session clusters of one Alibaba Cloud account and region."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from reaper.core.facts import NOT_ASKED, Facts, Undecidable
from reaper.core.session import Scope, ScopeKey, Session, SessionRef
from reaper.providers.context import ProviderContext
from reaper.providers.emr_serverless_spark.client import EmrServerlessSparkClient
from reaper.providers.emr_serverless_spark.errors import EmrServerlessSparkError
from reaper.providers.emr_serverless_spark.facts import GONE, facts_of, phase_of, tags_of
from reaper.providers.emr_serverless_spark.model import Workspace
from reaper.providers.emr_serverless_spark.signing import Credentials
from reaper.providers.emr_serverless_spark.spec import ALIBABA, SPEC, WORKSPACE
from reaper.providers.instants import Instants
from reaper.sweep.ports import Listing, ProviderError, StopResult, Trouble, unread


def create(context: ProviderContext) -> EmrServerlessSparkProvider:
    """The provider for ``context``; sends nothing.

    Raises:
        ProviderError: there is no key pair, or the region or endpoint cannot be one.
    """
    env = context.env
    pair = [env.get(name, "") for name in ALIBABA.keys.values()]
    if not all(pair):
        message = f"EMR Serverless Spark needs an Alibaba Cloud key pair: set {' and '.join(ALIBABA.keys.values())}"
        raise ProviderError(Trouble.CREDENTIALS, message)
    credentials = Credentials(pair[0], pair[1], env.get("ALIBABA_CLOUD_SECURITY_TOKEN") or None)
    try:
        client = EmrServerlessSparkClient.connect(
            context.region,
            credentials,
            endpoint_url=env.get(ALIBABA.endpoint_variable) or None,
            on_call=lambda operation: context.calls.count(f"{SPEC.service}:{operation}"),
        )
    except ValueError as error:
        raise ProviderError(Trouble.REFUSED, f"EMR Serverless Spark: {error}") from error
    return EmrServerlessSparkProvider(client, account=context.account, region=context.region, clock=context.clock)


class EmrServerlessSparkProvider:
    """EMR Serverless Spark behind the sweep's port; safe to call from several threads at once.

    ``account`` is only a name for reports: this API tells no account id, and the key pair decides which it is.
    """

    def __init__(
        self,
        client: EmrServerlessSparkClient,
        *,
        account: str,
        region: str,
        clock: Callable[[], float] = time.time,
        queues: dict[SessionRef, str | None] | None = None,
    ) -> None:
        """``clock`` gives epoch seconds; ``queues`` are those of sessions that are known already."""
        self._instants = Instants("EMR Serverless Spark", SPEC.since, clock)
        self._client = client
        self._key = ScopeKey(SPEC.service, account, region)
        # StopSessionCluster wants the queue beside the id. Seen at the re-check before each stop; a missing one is left out.
        self._queues: dict[SessionRef, str | None] = {} if queues is None else queues

    @property
    def key(self) -> ScopeKey:
        """Which account and region this is."""
        return self._key

    @property
    def stops_idle_only(self) -> bool:
        """Nothing tells whether a session is idle, so a policy that stops one says so in so many words."""
        return SPEC.stops_idle_only

    def for_recheck(self) -> EmrServerlessSparkProvider:
        """The same sessions, read by a client that gives up soon."""
        key = self._key
        return EmrServerlessSparkProvider(
            self._client.brisk(),
            account=key.account,
            region=key.region,
            clock=self._instants.clock,
            queues=self._queues,
        )

    def discover(self) -> Listing:
        """All workspaces of the region, each a listing of its own: one that is denied does not blind the others."""
        return Listing(scope=(), read=self._read_workspaces)

    def source_of(self, wanted: frozenset[str]) -> str | None:
        """The workspace, for tags that were not read on the way to the session; nothing else costs a further call."""
        return SPEC.source_of(wanted)

    def observe(self, session: Session, source: str) -> Facts:
        """The session's facts with the tags of its workspace; undecidable when they cannot be read."""
        if source != WORKSPACE:
            message = f"unknown source {source!r}; known is {WORKSPACE!r}"
            raise ValueError(message)
        try:
            workspace_id = _workspace_of(session.ref)
            workspace = self._find_workspace(workspace_id)
        except ProviderError as error:
            return session.facts.with_(tags=unread(error))
        if workspace is None:
            return session.facts.with_(tags=Undecidable(f"workspace {workspace_id} is no longer listed"))
        return session.facts.with_(tags=tags_of(workspace))

    def reread(self, ref: SessionRef) -> Session | None:
        """The session as it is now; its tags have to be asked for, since they are the workspace's."""
        try:
            row = self._client.get_session_cluster(_workspace_of(ref), ref.id)
        except EmrServerlessSparkError as error:
            if error.is_missing:
                return None
            raise
        self._queues[ref] = row.queue
        return Session(ref, facts_of(row, NOT_ASKED, self._instants))

    def stop(self, ref: SessionRef) -> StopResult:
        """Ask the service, once, to stop the session cluster and whatever runs in it.

        No error code of StopSessionCluster is documented, so after any error the session is read again: one that is
        stopping, ended or missing by then is already gone, and with any other the error stands.
        """
        workspace_id = _workspace_of(ref)
        try:
            self._client.stop_session_cluster(workspace_id, ref.id, self._queues.get(ref))
        except EmrServerlessSparkError:
            if self._is_gone(workspace_id, ref.id):
                return StopResult.ALREADY_GONE
            raise
        return StopResult.ACCEPTED

    def _is_gone(self, workspace_id: str, session_cluster_id: str) -> bool:
        try:
            return phase_of(self._client.get_session_cluster(workspace_id, session_cluster_id).state) in GONE
        except EmrServerlessSparkError as error:
            return error.is_missing

    def _find_workspace(self, workspace_id: str) -> Workspace | None:
        for page in self._client.list_workspaces():
            for workspace in page.rows:
                if workspace.id == workspace_id:
                    return workspace
        return None

    def _read_workspaces(self) -> Iterator[Session | Listing]:
        unreadable = 0
        for page in self._client.list_workspaces():
            unreadable += page.unreadable
            for workspace in page.rows:
                yield self._listing_of(workspace)
        _refuse_unreadable(unreadable, "workspaces")

    def _listing_of(self, workspace: Workspace) -> Listing:
        scope: Scope = (("workspace", workspace.id),)

        def read() -> Iterator[Session | Listing]:
            unreadable = 0
            for page in self._client.list_session_clusters(workspace.id):
                unreadable += page.unreadable
                for row in page.rows:
                    ref = SessionRef(self._key.service, self._key.account, self._key.region, scope, row.id)
                    yield Session(ref, facts_of(row, tags_of(workspace), self._instants))
            _refuse_unreadable(unreadable, "session clusters")

        return Listing(scope, read)


def _workspace_of(ref: SessionRef) -> str:
    workspace = ref.part("workspace")
    if workspace is None:
        message = f"{ref} names no workspace, so it cannot be an EMR Serverless Spark session cluster"
        raise ProviderError(Trouble.REFUSED, message)
    return workspace


def _refuse_unreadable(count: int, what: str) -> None:
    if count:
        message = f"emr-serverless-spark: {count} {what} were listed without an id and could not be read"
        raise ProviderError(Trouble.GARBLED, message)
