"""AWS Glue interactive sessions as data: what they can tell, and which permissions that takes."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from reaper.catalog.spec import FactSource, Grant, Price, ServiceSpec

STATEMENTS: Final = "statements"
TAGS: Final = "tags"

DPU_HOUR: Final = "glue_dpu_hour"

_SESSIONS: Final = "arn:{partition}:glue:{region}:{account}:session/*"

SPEC: Final = ServiceSpec(
    service="glue",
    title="AWS Glue interactive sessions",
    brand="AWS Glue",
    # Its published average standard rate; interactive sessions bill every second they are active, ready or not.
    # Memory-optimised workers (R.*, Z.2X) are M-DPUs at another rate, and have no price here.
    prices=(Price(DPU_HOUR, 0.44, "DPU-hour"),),
    # The default of Timeout, and so of IdleTimeout, is 2880 minutes (AWS Glue, "Session"); what more there may be is not
    # documented.
    longest_idle=172_800.0,
    since=1638316800.0,  # 2021-12-01
    session_arn="arn:{partition}:glue:{region}:{account}:session/{id}",
    # AWS's reference names no resource type for GetTags on sessions, yet its own notebook kernel asks for the tags of
    # session ARNs; a denial makes tags undecidable, which protects.
    read=(
        Grant(("glue:ListSessions",), ("*",)),
        Grant(("glue:GetTags", "glue:ListStatements"), (_SESSIONS,)),
    ),
    stop=(Grant(("glue:GetSession", "glue:StopSession"), (_SESSIONS,)),),
    sources=(
        FactSource(STATEMENTS, "glue:ListStatements", frozenset({"phase", "idle_since"})),
        FactSource(TAGS, "glue:GetTags", frozenset({"tags"})),
    ),
    list_evidence=MappingProxyType(
        {
            "created_at": "CreatedOn of glue:ListSessions",
            "phase": "Status of glue:ListSessions",
            "idle_since": "Status and CreatedOn of glue:ListSessions",
            "idle_timeout": "IdleTimeout of glue:ListSessions, in minutes",
            "name": "Description of glue:ListSessions",
            "creator": "Role of glue:ListSessions",
            "kind": "Command and id of glue:ListSessions",
            "worker_type": "WorkerType of glue:ListSessions",
            "dpus": "WorkerType and NumberOfWorkers of glue:ListSessions, else MaxCapacity",
        }
    ),
)
