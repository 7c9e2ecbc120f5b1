"""What a session cluster's row says, as facts.

EMR Serverless Spark reports no last activity: there is no list of a session's statements, and ``Running`` is all that it
says of one in use and of one forgotten. So neither idleness nor the phase of a running session can be known, and only a
policy that names ``even_when: [undecidable]`` can stop one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from reaper.core.facts import ABSENT, Fact, Facts, Undecidable
from reaper.core.session import Phase
from reaper.providers.emr_serverless_spark.model import SessionCluster, Workspace
from reaper.providers.instants import Instants, instant

NO_ACTIVITY: Final = Undecidable("EMR Serverless Spark reports no last activity for a session cluster")

PHASES: Final[Mapping[str, Phase | Undecidable]] = MappingProxyType(
    {
        "Starting": Phase.STARTING,
        "Running": NO_ACTIVITY,
        "Stopping": Phase.STOPPING,
        "Stopped": Phase.ENDED,
        "Error": Phase.ENDED,
    }
)
"""Every documented state. Source: ``state`` in the vendor's reference of ListSessionClusters."""

GONE: Final = frozenset({Phase.STOPPING, Phase.ENDED})


def phase_of(state: str | None) -> Phase | Undecidable:
    """The normal form of a state; undecidable for one that is running, missing or not documented."""
    if state is None:
        return Undecidable("EMR Serverless Spark gave no state for the session cluster")
    return PHASES.get(state) or Undecidable(f"unknown EMR Serverless Spark session state {state!r}")


def facts_of(session: SessionCluster, tags: Fact[Mapping[str, str]], instants: Instants) -> Facts:
    """Everything one row tells; ``tags`` are the workspace's, because session clusters have none.

    Size and cost stay absent: the Spark settings say what a session may use, not what it uses.
    """
    evidence: dict[str, str] = {}
    return Facts(
        state=session.state or "",
        phase=phase_of(session.state),
        created_at=_created_at(session, evidence, instants),
        idle_since=NO_ACTIVITY,
        idle_timeout=_idle_timeout(session, evidence),
        tags=tags,
        name=session.name or ABSENT,
        creator=session.user or ABSENT,
        kind=session.kind or ABSENT,
        evidence=evidence,
    )


def tags_of(workspace: Workspace) -> Fact[Mapping[str, str]]:
    """Those of a workspace; undecidable where they are of another shape than documented, because one may protect."""
    if workspace.tags is None:
        return Undecidable(
            f"EMR Serverless Spark gave the tags of workspace {workspace.id} in a shape that is not documented"
        )
    return workspace.tags


def _created_at(session: SessionCluster, evidence: dict[str, str], instants: Instants) -> Fact[float]:
    for word, moment in (("startTime", session.started_at), ("gmtCreate", session.created_at)):
        read = instants.read(moment, word)
        if isinstance(read, float):
            evidence["created_at"] = f"{word} {instant(read)}"
        if read is not None:
            # A start that cannot be is none to put the creation in the place of: it may have been started again.
            return read
    return Undecidable("EMR Serverless Spark gave neither a start nor a creation time")


def _idle_timeout(session: SessionCluster, evidence: dict[str, str]) -> Fact[float]:
    configuration = session.auto_stop
    if configuration is None:
        return Undecidable("EMR Serverless Spark gave no auto-stop configuration")
    if not configuration.enabled:
        evidence["idle_timeout"] = "auto-stop is switched off"
        return ABSENT
    if configuration.idle_timeout_minutes is None:
        return Undecidable("auto-stop is switched on, but EMR Serverless Spark gave no idle timeout")
    evidence["idle_timeout"] = f"auto-stop after {configuration.idle_timeout_minutes} idle minutes"
    return configuration.idle_timeout_minutes * 60.0
