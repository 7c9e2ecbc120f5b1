"""Discover, observe and stop the interactive sessions of Glue in one account and region."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, cast

from reaper.core.facts import NOT_ASKED, Facts
from reaper.core.session import ScopeKey, Session, SessionRef
from reaper.providers.aws.rows import tags_of
from reaper.providers.aws.service import AwsService
from reaper.providers.aws.stopping import stop_once
from reaper.providers.glue.facts import facts_of
from reaper.providers.glue.spec import SPEC, STATEMENTS, TAGS
from reaper.providers.glue.statements import use_of
from reaper.sweep.ports import Listing, ProviderError, StopResult, Trouble, unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reaper.providers.aws.rows import Row
    from reaper.providers.context import ProviderContext

_PAGE_SIZE = 1000  # the most ListSessions gives


def create(context: ProviderContext) -> GlueProvider:
    """The provider for ``context``; sends nothing. Raises ProviderError without AWS clients."""
    return GlueProvider(AwsService.of(context, SPEC))


class GlueProvider:
    """Glue behind the sweep's port; safe to call from several threads at once.

    Stops by StopSession, never by DeleteSession: what was stopped stays on record.
    """

    def __init__(self, glue: AwsService) -> None:
        self._glue = glue
        self._key = ScopeKey(SPEC.service, glue.account, glue.region)

    @property
    def key(self) -> ScopeKey:
        """Which account and region this is."""
        return self._key

    @property
    def stops_idle_only(self) -> bool:
        """A busy session is stopped where a policy says so in so many words."""
        return SPEC.stops_idle_only

    def for_recheck(self) -> GlueProvider:
        """The same sessions, read by a client that gives up soon."""
        return GlueProvider(self._glue.brisk())

    def discover(self) -> Listing:
        """One flat list: Glue sessions have no parents."""
        return Listing((), self._read)

    def source_of(self, wanted: frozenset[str]) -> str | None:
        """Statements for use, tags for tags."""
        return SPEC.source_of(wanted)

    def observe(self, session: Session, source: str) -> Facts:
        """The session's facts with those of its statements or its tags."""
        if source == STATEMENTS:
            return self._with_use(session)
        if source == TAGS:
            return self._with_tags(session)
        raise ValueError(f"unknown source {source!r}")

    def reread(self, ref: SessionRef) -> Session | None:
        """The session by GetSession; ``None`` if Glue knows it no more."""
        on = f"session {ref.id}"
        try:
            row = self._glue.call("GetSession", on=on, Id=ref.id).get("Session")
        except ProviderError as error:
            if error.trouble is Trouble.MISSING:
                return None
            raise
        if not isinstance(row, dict):
            raise self._glue.garbled("GetSession", on, "without a session")
        return Session(ref, facts_of(cast("Row", row), self._glue.instants))

    def stop(self, ref: SessionRef) -> StopResult:
        """Ask Glue, once, to stop the session; it goes through STOPPING to STOPPED on its own."""

        def ask() -> None:
            self._glue.call("StopSession", on=f"session {ref.id}", once=True, Id=ref.id)

        return stop_once(ask, self.reread, ref)

    def _read(self) -> Iterator[Session]:
        key, nameless = self._key, 0
        for page in self._glue.pages("ListSessions", "Sessions", MaxResults=_PAGE_SIZE):
            for row in page:
                session_id = row.get("Id")
                if session_id:
                    yield Session(
                        SessionRef(key.service, key.account, key.region, (), session_id),
                        facts_of(row, self._glue.instants),
                    )
                else:
                    nameless += 1
        self._glue.refuse_nameless("ListSessions", "", nameless)

    def _with_use(self, session: Session) -> Facts:
        facts = session.facts
        # A list call that told the phase has told that statements cannot tell more.
        if facts.phase is not NOT_ASKED:
            return facts
        pages = self._glue.pages(
            "ListStatements", "Statements", on=f"session {session.ref.id}", SessionId=session.ref.id
        )
        try:
            use = use_of(chain.from_iterable(pages), facts.created_at, self._glue.instants)
        except ProviderError as error:
            doubt = unread(error)
            return facts.with_(phase=doubt, idle_since=doubt)
        return facts.with_(phase=use.phase, idle_since=use.idle_since, evidence=use.evidence)

    def _with_tags(self, session: Session) -> Facts:
        session_id = session.ref.id
        on = f"session {session_id}"
        try:
            answer = self._glue.call("GetTags", on=on, ResourceArn=self._glue.arn(f"session/{session_id}"))
        except ProviderError as error:
            return session.facts.with_(tags=unread(error))
        tags = tags_of(answer.get("Tags"))
        if tags is None:
            return session.facts.with_(
                tags=unread(self._glue.garbled("GetTags", on, "without tags, or with other than text"))
            )
        return session.facts.with_(tags=tags, evidence={"tags": "the session's own tags (glue:GetTags)"})
