"""Discover, observe and stop the Spark sessions of Athena in one account and region."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reaper.core.facts import Facts, Undecidable
from reaper.core.session import ScopeKey, Session, SessionRef
from reaper.providers.athena.facts import (
    dpus_of,
    engine_of,
    has_sessions,
    idle_timeout_of,
    listed_facts,
    session_facts,
)
from reaper.providers.athena.spec import SESSION, SPEC, TAGS
from reaper.providers.aws.parents import ParentTags, Tags
from reaper.providers.aws.rows import text
from reaper.providers.aws.service import AwsService
from reaper.providers.aws.stopping import stop_once
from reaper.sweep.ports import Listing, ProviderError, StopResult, Trouble, unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reaper.providers.aws.rows import Row
    from reaper.providers.context import ProviderContext

# The most each list gives; ListTagsForResource also takes no less than this.
_WORKGROUPS_A_PAGE = 50
_SESSIONS_A_PAGE = 100
_TAGS_A_PAGE = 75


def create(context: ProviderContext) -> AthenaProvider:
    """The provider for ``context``; sends nothing. Raises ProviderError without AWS clients."""
    return AthenaProvider(AwsService.of(context, SPEC))


class AthenaProvider:
    """Athena behind the sweep's port; safe to call from several threads at once.

    One instance serves one sweep: it remembers workgroups' engines and tags.
    """

    def __init__(self, athena: AwsService, engines: dict[str, str | None] | None = None) -> None:
        """``engines`` are those of workgroups that are known already."""
        self._athena = athena
        self._key = ScopeKey(SPEC.service, athena.account, athena.region)
        self._engines: dict[str, str | None] = {} if engines is None else engines
        self._workgroup_tags = ParentTags(self._look_up_workgroup_tags)

    @property
    def key(self) -> ScopeKey:
        """Which account and region this is."""
        return self._key

    @property
    def stops_idle_only(self) -> bool:
        """A busy session is stopped where a policy says so in so many words."""
        return SPEC.stops_idle_only

    def for_recheck(self) -> AthenaProvider:
        """The same sessions, read by a client that gives up soon, and its workgroup's tags anew."""
        return AthenaProvider(self._athena.brisk(), self._engines)

    def discover(self) -> Listing:
        """Every workgroup that has Spark sessions, disabled ones too, each a listing of its own."""
        return Listing((), self._read_workgroups)

    def source_of(self, wanted: frozenset[str]) -> str | None:
        """GetSession for the configuration, tags for tags."""
        return SPEC.source_of(wanted)

    def observe(self, session: Session, source: str) -> Facts:
        """The session's facts with those of its configuration or its tags."""
        if source == SESSION:
            return self._with_configuration(session)
        if source == TAGS:
            return session.facts.with_(
                tags=self._tags_of(session.ref),
                evidence={"tags": "the session's tags over its workgroup's (athena:ListTagsForResource)"},
            )
        raise ValueError(f"unknown source {source!r}")

    def reread(self, ref: SessionRef) -> Session | None:
        """The session by GetSession, with its configuration; ``None`` if Athena knows it no more.

        Its workgroup's tags, too, are looked up afresh when they are asked for after this.
        """
        workgroup = _workgroup_of(ref)
        self._workgroup_tags.forget(workgroup)
        try:
            row = self._get(ref)
        except ProviderError as error:
            if error.trouble is Trouble.MISSING:
                return None
            raise
        return Session(ref, session_facts(row, self._engines.get(workgroup), self._athena.instants))

    def stop(self, ref: SessionRef) -> StopResult:
        """Ask Athena, once, to terminate the session. It answers so to sessions that have ended, too, without effect."""

        def ask() -> None:
            self._athena.call("TerminateSession", on=f"session {ref.id}", once=True, SessionId=ref.id)

        return stop_once(ask, self.reread, ref)

    def _read_workgroups(self) -> Iterator[Listing]:
        nameless = 0
        seen: set[str] = set()
        for page in self._athena.pages("ListWorkGroups", "WorkGroups", MaxResults=_WORKGROUPS_A_PAGE):
            for row in page:
                name, engine = text(row, "Name"), engine_of(row)
                if name is None:
                    nameless += 1
                elif name not in seen and has_sessions(engine):
                    seen.add(name)
                    self._engines[name] = engine
                    yield self._listing_of(name, engine)
        self._athena.refuse_nameless("ListWorkGroups", "", nameless)

    def _listing_of(self, workgroup: str, engine: str | None) -> Listing:
        key, scope, on = self._key, (("workgroup", workgroup),), f"workgroup {workgroup}"

        def read() -> Iterator[Session]:
            seen: set[str] = set()
            nameless = 0
            # Without a filter the active states are listed, and DEGRADED is not documented to be one of them.
            for options in ({}, {"StateFilter": "DEGRADED"}):
                for page in self._athena.pages(
                    "ListSessions", "Sessions", on=on, WorkGroup=workgroup, MaxResults=_SESSIONS_A_PAGE, **options
                ):
                    for row in page:
                        session_id = text(row, "SessionId")
                        if session_id is None:
                            nameless += 1
                        elif session_id not in seen:
                            seen.add(session_id)
                            ref = SessionRef(key.service, key.account, key.region, scope, session_id)
                            yield Session(ref, listed_facts(row, engine, self._athena.instants))
            self._athena.refuse_nameless("ListSessions", on, nameless)

        return Listing(scope, read)

    def _get(self, ref: SessionRef) -> Row:
        on = f"session {ref.id}"
        row = self._athena.call("GetSession", on=on, SessionId=ref.id)
        if text(row, "SessionId") != ref.id:
            raise self._athena.garbled("GetSession", on, "about another session, or none")
        return row

    def _with_configuration(self, session: Session) -> Facts:
        try:
            row = self._get(session.ref)
        except ProviderError as error:
            doubt = unread(error)
            return session.facts.with_(idle_timeout=doubt, dpus=doubt)
        return session.facts.with_(
            idle_timeout=idle_timeout_of(row),
            dpus=dpus_of(row),
            evidence={
                "idle_timeout": "SessionConfiguration of athena:GetSession",
                "dpus": "MaxConcurrentDpus of athena:GetSession, the most it may grow to",
            },
        )

    def _tags_of(self, ref: SessionRef) -> Tags:
        workgroup = _workgroup_of(ref)
        own = self._look_up(f"workgroup/{workgroup}/session/{ref.id}", f"session {ref.id}")
        if isinstance(own, Undecidable):
            return own
        inherited = self._workgroup_tags.of(workgroup)
        return inherited if isinstance(inherited, Undecidable) else {**inherited, **own}

    def _look_up_workgroup_tags(self, workgroup: str) -> Tags:
        return self._look_up(f"workgroup/{workgroup}", f"workgroup {workgroup}")

    def _look_up(self, resource: str, on: str) -> Tags:
        tags: dict[str, str] = {}
        try:
            for page in self._athena.pages(
                "ListTagsForResource", "Tags", on=on, ResourceARN=self._athena.arn(resource), MaxResults=_TAGS_A_PAGE
            ):
                for row in page:
                    key, value = row["Key"], row.get("Value", "")
                    if not isinstance(key, str) or not isinstance(value, str):
                        return unread(self._athena.garbled("ListTagsForResource", on, "with a tag that is no text"))
                    tags[key] = value
        except ProviderError as error:
            return unread(error)
        except KeyError:
            return unread(self._athena.garbled("ListTagsForResource", on, "with a tag that has no key"))
        return tags


def _workgroup_of(ref: SessionRef) -> str:
    workgroup = ref.part("workgroup")
    if workgroup is None:
        raise ProviderError(Trouble.REFUSED, f"{ref} names no workgroup, so it cannot be an Athena session")
    return workgroup
