"""What a row of ListSessions tells of a Glue session.

Source of names and enumerations: botocore 1.44.5, service model glue 2017-03-31, structure Session. Which states are
live and which have ended is documented nowhere and is read from their names.
"""

from __future__ import annotations

from typing import Final

from reaper.core.facts import ABSENT, NOT_ASKED, Fact, Facts, Undecidable
from reaper.core.session import Phase
from reaper.providers.aws.rows import Row, moment, number, structure, text
from reaper.providers.glue.spec import DPU_HOUR
from reaper.providers.instants import Instants

DATA_PREVIEW: Final = "data-preview"
"""The ``kind`` of sessions that Glue Studio's visual editor opens to preview data, on behalf of whoever looks at a job."""

_DATA_PREVIEW_PREFIX: Final = "glue-studio-datapreview"
_READY: Final = "READY"
_PHASES: Final = {
    "PROVISIONING": Phase.STARTING,
    "STOPPING": Phase.STOPPING,
    "STOPPED": Phase.ENDED,
    "TIMEOUT": Phase.ENDED,
    "FAILED": Phase.ENDED,
}

# Memory-optimised workers (R.*, Z.2X) are counted in M-DPUs, which are billed at another rate: they are left out.
# G.025X and Standard are not in the API's own table; the Glue pricing page gives a quarter and one.
_DPUS_OF_WORKER: Final = {
    "Standard": 1.0,
    "G.025X": 0.25,
    "G.1X": 1.0,
    "G.2X": 2.0,
    "G.4X": 4.0,
    "G.8X": 8.0,
    "G.12X": 12.0,
    "G.16X": 16.0,
}


def facts_of(row: Row, instants: Instants) -> Facts:
    """Everything the row tells; the phase of a READY session and its tags are ``NOT_ASKED``."""
    state = text(row, "Status") or ""
    created = instants.read(moment(row, "CreatedOn"), "CreatedOn")
    created_at: Fact[float] = Undecidable("Glue gave no creation time") if created is None else created
    command = text(structure(row, "Command"), "Name")
    name = text(row, "Description")
    phase, idle_since = _use(row, state, command, created_at)
    timeout = number(row, "IdleTimeout")
    role = text(row, "Role")
    dpus = _dpus(row)
    return Facts(
        state=state,
        phase=phase,
        created_at=created_at,
        idle_since=idle_since,
        idle_timeout=ABSENT if timeout is None else timeout * 60.0,
        name=name or ABSENT,
        creator=ABSENT if role is None else role.rpartition("/")[2],
        kind=_kind(row, name, command),
        worker_type=text(row, "WorkerType") or ABSENT,
        dpus=dpus,
        billed_units=dpus,
        price_key=None if dpus is ABSENT else DPU_HOUR,
    )


def _use(row: Row, state: str, command: str | None, created_at: Fact[float]) -> tuple[Fact[Phase], Fact[float]]:
    """The phase and ``idle_since`` as far as the state tells them."""
    if state == _READY:
        blind_spot = _blind_spot(row, command)
        return (NOT_ASKED, NOT_ASKED) if blind_spot is None else (blind_spot, blind_spot)
    phase = _PHASES.get(state)
    if phase is None:
        # BUSY is among them: AWS's own notebook kernel knows it, the public API does not.
        said = f"the state {state!r}, which is not documented" if state else "no state"
        unknown = Undecidable(f"Glue reports {said}")
        return unknown, unknown
    return phase, created_at if phase is Phase.STARTING else ABSENT


def _blind_spot(row: Row, command: str | None) -> Undecidable | None:
    """Why the statements of a READY session would not show all that it does, if they would not."""
    session_type = text(row, "SessionType") or "LIVY"
    if session_type == "SPARK_CONNECT":
        return Undecidable("a Spark Connect session gets its work past the statements that Glue lists")
    if session_type != "LIVY":
        return Undecidable(f"Glue reports the session type {session_type!r}, which is not documented")
    if command == "gluestreaming":
        return Undecidable("a streaming session may keep a query running after its statement has returned")
    if command != "glueetl":
        said = f"the command {command!r}, which is not documented" if command else "no command"
        return Undecidable(f"Glue reports {said}")
    return None


def _kind(row: Row, name: str | None, command: str | None) -> Fact[str]:
    session_id = text(row, "Id")
    if (session_id and session_id.startswith(_DATA_PREVIEW_PREFIX)) or (name and name.startswith(_DATA_PREVIEW_PREFIX)):
        return DATA_PREVIEW
    return command or ABSENT


def _dpus(row: Row) -> Fact[float]:
    worker_type, workers = text(row, "WorkerType"), number(row, "NumberOfWorkers")
    if worker_type is not None:
        factor = _DPUS_OF_WORKER.get(worker_type)
        if factor is None:
            return ABSENT
        if workers is not None:
            return workers * factor
    capacity = number(row, "MaxCapacity")
    return ABSENT if capacity is None else float(capacity)
