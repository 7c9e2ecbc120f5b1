"""Discover, observe and stop the sessions of Deadline Cloud workers in one account and region.

Sessions are found by worker, because those of a job that has finished can linger where no list of active jobs shows them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from reaper.core.facts import NOT_ASKED, Facts
from reaper.core.session import Scope, ScopeKey, Session, SessionRef
from reaper.providers.aws.parents import ParentTags, Tags
from reaper.providers.aws.rows import tags_of, text
from reaper.providers.aws.service import AwsService
from reaper.providers.aws.stopping import stop_once
from reaper.providers.deadline.facts import Use, facts_of, use_of
from reaper.providers.deadline.spec import ACTIONS, SPEC, TAGS
from reaper.sweep.ports import Listing, ProviderError, StopResult, Trouble, unread

if TYPE_CHECKING:
    from collections.abc import Callable

    from reaper.core.facts import Fact
    from reaper.providers.aws.rows import Row
    from reaper.providers.context import ProviderContext

_PAGE_SIZE = 100  # the most any list gives


def create(context: ProviderContext) -> DeadlineProvider:
    """The provider for ``context``; sends nothing. Raises ProviderError without AWS clients."""
    return DeadlineProvider(AwsService.of(context, SPEC))


class DeadlineProvider:
    """Deadline Cloud behind the sweep's port; safe to call from several threads at once.

    One instance serves one sweep: it remembers the tags of farms, queues, fleets, workers and jobs.
    """

    def __init__(self, deadline: AwsService) -> None:
        self._deadline = deadline
        self._key = ScopeKey(SPEC.service, deadline.account, deadline.region)
        self._parent_tags = ParentTags(self._look_up_tags)

    @property
    def key(self) -> ScopeKey:
        """Which account and region this is."""
        return self._key

    @property
    def stops_idle_only(self) -> bool:
        """Ending a session kills the action that runs in it, so it has to be known that none does."""
        return SPEC.stops_idle_only

    def for_recheck(self) -> DeadlineProvider:
        """The same sessions, read by a client that gives up soon, and its parents' tags anew."""
        return DeadlineProvider(self._deadline.brisk())

    def discover(self) -> Listing:
        """Farms lead to fleets that have workers, these to workers, these to sessions; each fails alone."""
        return self._listing((), "ListFarms", "farms", self._farm)

    def source_of(self, wanted: frozenset[str]) -> str | None:
        """Actions for use, tags for tags."""
        return SPEC.source_of(wanted)

    def observe(self, session: Session, source: str) -> Facts:
        """The session's facts with those of its actions, or with the tags it inherits."""
        if source == ACTIONS:
            return self._with_use(session)
        if source == TAGS:
            return session.facts.with_(
                tags=self._parent_tags.inherited(_parents(session.ref)),
                evidence={
                    "tags": "those of farm, queue, fleet, worker and job, later ones winning (deadline:ListTagsForResource)"
                },
            )
        raise ValueError(f"unknown source {source!r}")

    def reread(self, ref: SessionRef) -> Session | None:
        """The session by GetSession; ``None`` if Deadline Cloud knows it no more.

        Its parents' tags, too, are looked up afresh when they are asked for after this.
        """
        self._parent_tags.forget(*_parents(ref))
        on = f"session {ref.id}"
        try:
            row = self._deadline.call("GetSession", on=on, **_job_of(ref), sessionId=ref.id)
        except ProviderError as error:
            if error.trouble is Trouble.MISSING:
                return None
            raise
        if text(row, "sessionId") != ref.id:
            raise self._deadline.garbled("GetSession", on, "about another session, or none")
        return Session(ref, facts_of(row, self._deadline.instants))

    def stop(self, ref: SessionRef) -> StopResult:
        """Ask Deadline Cloud, once, to end the session.

        The worker agent kills an action that runs in it, so the sweep never asks while one is open or may be
        (``stops_idle_only``).
        """

        def ask() -> None:
            self._deadline.call(
                "UpdateSession",
                on=f"session {ref.id}",
                once=True,
                **_job_of(ref),
                sessionId=ref.id,
                targetLifecycleStatus="ENDED",
            )

        return stop_once(ask, self.reread, ref)

    def _listing(
        self, scope: Scope, operation: str, rows: str, find: Callable[[Scope, Row], Session | Listing | None]
    ) -> Listing:
        """The list of what lies in ``scope``; ``find`` makes one row what it leads to, and raises KeyError without an id."""
        on = " ".join(scope[-1]) if scope else ""
        parameters: dict[str, Any] = {f"{part}Id": value for part, value in scope}

        def read() -> Iterator[Session | Listing]:
            nameless = 0
            followed: set[Scope] = set()
            for page in self._deadline.pages(operation, rows, on=on, maxResults=_PAGE_SIZE, **parameters):
                for row in page:
                    try:
                        found = find(scope, row)
                    except KeyError:
                        nameless += 1
                        continue
                    # A page that comes twice must not have a farm, and all its sessions, counted twice.
                    if isinstance(found, Listing):
                        if found.scope in followed:
                            continue
                        followed.add(found.scope)
                    if found is not None:
                        yield found
            self._deadline.refuse_nameless(operation, on, nameless)

        return Listing(scope, read)

    def _farm(self, _scope: Scope, row: Row) -> Listing:
        return self._listing((("farm", row["farmId"]),), "ListFleets", "fleets", self._fleet)

    def _fleet(self, scope: Scope, row: Row) -> Listing | None:
        fleet = (*scope, ("fleet", row["fleetId"]))
        # Where no worker is, no session is.
        return None if row.get("workerCount") == 0 else self._listing(fleet, "ListWorkers", "workers", self._worker)

    def _worker(self, scope: Scope, row: Row) -> Listing:
        worker = (*scope, ("worker", row["workerId"]))
        return self._listing(worker, "ListSessionsForWorker", "sessions", self._session)

    def _session(self, scope: Scope, row: Row) -> Session:
        key = self._key
        scope = (*scope, ("queue", row["queueId"]), ("job", row["jobId"]))
        return Session(
            SessionRef(key.service, key.account, key.region, scope, row["sessionId"]),
            facts_of(row, self._deadline.instants),
        )

    def _with_use(self, session: Session) -> Facts:
        facts = session.facts
        # A row that told the phase has told that actions cannot tell more.
        if facts.phase is not NOT_ASKED:
            return facts
        try:
            use = self._use_of(session.ref, facts.created_at)
        except ProviderError as error:
            doubt = unread(error)
            return facts.with_(phase=doubt, idle_since=doubt)
        return facts.with_(phase=use.phase, idle_since=use.idle_since, evidence=use.evidence)

    def _use_of(self, ref: SessionRef, started: Fact[float]) -> Use:
        pages = self._deadline.pages(
            "ListSessionActions",
            "sessionActions",
            on=f"session {ref.id}",
            **_job_of(ref),
            sessionId=ref.id,
            maxResults=_PAGE_SIZE,
        )
        return use_of(chain.from_iterable(pages), started, self._deadline.instants)

    def _look_up_tags(self, resource: str) -> Tags:
        on = " ".join(resource.split("/")[-2:])
        try:
            tags = self._deadline.call("ListTagsForResource", on=on, resourceArn=self._deadline.arn(resource)).get(
                "tags"
            )
        except ProviderError as error:
            return unread(error)
        known = tags_of(tags)
        if known is None:
            return unread(self._deadline.garbled("ListTagsForResource", on, "without tags, or with other than text"))
        return known


def _part(ref: SessionRef, name: str) -> str:
    part = ref.part(name)
    if part is None:
        raise ProviderError(Trouble.REFUSED, f"{ref} names no {name}, so it cannot be a Deadline Cloud session")
    return part


def _job_of(ref: SessionRef) -> dict[str, Any]:
    return {"farmId": _part(ref, "farm"), "queueId": _part(ref, "queue"), "jobId": _part(ref, "job")}


def _parents(ref: SessionRef) -> tuple[str, ...]:
    """What the session inherits tags from, later ones winning: farm, queue, fleet, worker, job."""
    farm = f"farm/{_part(ref, 'farm')}"
    queue, fleet = f"{farm}/queue/{_part(ref, 'queue')}", f"{farm}/fleet/{_part(ref, 'fleet')}"
    return farm, queue, fleet, f"{fleet}/worker/{_part(ref, 'worker')}", f"{queue}/job/{_part(ref, 'job')}"
