"""What ListSessions and GetSession tell of an Athena session.

Source of names and enumerations: botocore 1.44.5, service model athena 2017-05-18, structures SessionSummary,
SessionStatus and GetSessionResponse.
"""

from __future__ import annotations

import re
from typing import Final

from reaper.core.facts import ABSENT, IN_USE, NOT_ASKED, Fact, Facts, Undecidable
from reaper.core.session import Phase
from reaper.providers.athena.spec import DPU_HOUR
from reaper.providers.aws.rows import Row, moment, number, structure, text
from reaper.providers.instants import Instants

_PHASES: Final = {
    "CREATING": Phase.STARTING,
    "CREATED": Phase.STARTING,
    "BUSY": Phase.BUSY,
    "TERMINATING": Phase.STOPPING,
    "DEGRADED": Phase.UNHEALTHY,
    "TERMINATED": Phase.ENDED,
    "FAILED": Phase.ENDED,
}

# The engine whose work goes through calculations, which make a session BUSY. Later ones ("Apache Spark version 3.5") take
# work over Spark Connect, and no page says whether that makes a session BUSY.
_CALCULATIONS: Final = re.compile(r"pyspark engine version", re.IGNORECASE)
_SPARK: Final = re.compile(r"spark", re.IGNORECASE)


def engine_of(row: Row) -> str | None:
    """The engine of a workgroup or of a listed session: the effective one, else the selected one, if it says either."""
    versions = structure(row, "EngineVersion")
    return text(versions, "EffectiveEngineVersion") or text(versions, "SelectedEngineVersion")


def has_sessions(engine: str | None) -> bool:
    """Whether a workgroup of ``engine`` has sessions: a Spark one, or one that does not say what it is."""
    return engine is None or _SPARK.search(engine) is not None


def listed_facts(row: Row, engine: str | None, instants: Instants) -> Facts:
    """What a row of ListSessions tells, ``engine`` being that of the workgroup. What GetSession tells is ``NOT_ASKED``."""
    return _facts(row, engine_of(row), engine, instants)


def session_facts(row: Row, engine: str | None, instants: Instants) -> Facts:
    """What GetSession tells, ``engine`` being that of the workgroup if it is known: all but the tags."""
    facts = _facts(row, text(row, "EngineVersion"), engine, instants)
    return facts.with_(idle_timeout=idle_timeout_of(row), dpus=dpus_of(row))


def idle_timeout_of(row: Row) -> Fact[float]:
    """The idle timeout in GetSession, in seconds; absent when it names none.

    The API describes SessionIdleTimeoutInMinutes as seconds, too; its name, its range of 1 to 480 and the console all
    say minutes.
    """
    configuration = structure(row, "SessionConfiguration")
    seconds = number(configuration, "IdleTimeoutSeconds")
    if seconds is not None:
        return float(seconds)
    minutes = number(configuration, "SessionIdleTimeoutInMinutes")
    return ABSENT if minutes is None else minutes * 60.0


def dpus_of(row: Row) -> Fact[float]:
    """The size a session may grow to in GetSession; how large it is right now is not said there."""
    most = number(structure(row, "EngineConfiguration"), "MaxConcurrentDpus")
    return ABSENT if most is None else float(most)


def _facts(row: Row, own_engine: str | None, engine: str | None, instants: Instants) -> Facts:
    status = structure(row, "Status")
    state = text(status, "State") or ""
    started = instants.read(moment(status, "StartDateTime"), "StartDateTime")
    created_at: Fact[float] = Undecidable("Athena gave no start time") if started is None else started
    phase, idle_since = _use(status, state, created_at, _blind_spot(own_engine, engine), instants)
    return Facts(
        state=state,
        phase=phase,
        created_at=created_at,
        idle_since=idle_since,
        idle_timeout=NOT_ASKED,
        name=text(row, "Description") or ABSENT,
        kind=own_engine or engine or ABSENT,
        dpus=NOT_ASKED,
        billed_units=1.0,
        price_key=DPU_HOUR,
    )


def _blind_spot(*engines: str | None) -> Undecidable | None:
    """Why IDLE would not mean idle, if it would not."""
    known = [engine for engine in engines if engine is not None]
    if not known:
        return Undecidable("Athena does not say which engine the session runs")
    for engine in known:
        if not _CALCULATIONS.match(engine):
            return Undecidable(f"{engine} takes work over Spark Connect, which may not show in the session's state")
    return None


def _use(
    status: Row, state: str, created_at: Fact[float], blind_spot: Undecidable | None, instants: Instants
) -> tuple[Fact[Phase], Fact[float]]:
    if state == "IDLE":
        idle_since = _idle_since(status, state, created_at, blind_spot, instants)
        return (Phase.IDLE if blind_spot is None else blind_spot), idle_since
    phase = _PHASES.get(state)
    match phase:
        case None:
            said = f"the state {state!r}, which is not documented" if state else "no state"
            unknown = Undecidable(f"Athena reports {said}")
            return unknown, unknown
        case Phase.BUSY:
            return phase, IN_USE
        case Phase.STARTING:
            return phase, created_at
        case Phase.UNHEALTHY:
            return phase, _idle_since(status, state, created_at, blind_spot, instants)
        case _:
            return phase, ABSENT


def _idle_since(
    status: Row, state: str, created_at: Fact[float], blind_spot: Undecidable | None, instants: Instants
) -> Fact[float]:
    """IdleSinceDateTime and nothing in its place.

    The start of a session, and perhaps its last modification, lie before its last use, so either would make it look
    idle for longer than it is.
    """
    if blind_spot is not None:
        return blind_spot
    since = instants.read(moment(status, "IdleSinceDateTime"), "IdleSinceDateTime", belongs_to=created_at)
    if since is None:
        return Undecidable(f"Athena reports {state} without saying since when the session is idle")
    return max(since, created_at) if isinstance(since, float) and isinstance(created_at, float) else since
