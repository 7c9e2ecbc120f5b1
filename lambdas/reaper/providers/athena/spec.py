"""Athena's Spark sessions as data: what they can tell, and which permissions that takes."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from reaper.catalog.spec import FactSource, Grant, Price, ServiceSpec

SESSION: Final = "session"
TAGS: Final = "tags"
DPU_HOUR: Final = "athena_dpu_hour"

# AWS's reference checks calls about a session on its workgroup; the ARN of a session lies below that of its workgroup,
# so one pattern covers both.
_WORKGROUPS: Final = "arn:{partition}:athena:{region}:{account}:workgroup/*"

SPEC: Final = ServiceSpec(
    service="athena",
    title="Amazon Athena for Apache Spark sessions",
    brand="Amazon Athena",
    scope=("workgroup",),
    # The driver is billed for the whole session, workers for calculations only.
    prices=(Price(DPU_HOUR, 0.35, "DPU-hour"),),
    # At most 480 minutes ("Session properties" of notebooks).
    longest_idle=28_800.0,
    since=1669766400.0,  # 2022-11-30
    session_arn="arn:{partition}:athena:{region}:{account}:workgroup/{workgroup}/session/{id}",
    read=(
        Grant(("athena:ListWorkGroups",), ("*",)),
        Grant(("athena:GetSession", "athena:ListSessions", "athena:ListTagsForResource"), (_WORKGROUPS,)),
    ),
    stop=(Grant(("athena:TerminateSession",), (_WORKGROUPS,)),),
    sources=(
        FactSource(SESSION, "athena:GetSession", frozenset({"idle_timeout", "dpus"})),
        FactSource(TAGS, "athena:ListTagsForResource", frozenset({"tags"})),
    ),
    list_evidence=MappingProxyType(
        {
            "created_at": "StartDateTime of athena:ListSessions",
            "phase": "State of athena:ListSessions",
            "idle_since": "State and IdleSinceDateTime of athena:ListSessions",
            "name": "Description of athena:ListSessions",
            "kind": "EngineVersion of athena:ListSessions, else of athena:ListWorkGroups",
            "billed_units": "the coordinator, 1 DPU, is billed for the whole session",
        }
    ),
)
