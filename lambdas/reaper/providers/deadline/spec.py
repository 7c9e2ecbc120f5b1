"""Deadline Cloud's sessions as data: what they can tell, and which permissions that takes."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from reaper.catalog.spec import FactSource, Grant, ServiceSpec

ACTIONS: Final = "actions"
TAGS: Final = "tags"

# The ARNs of fleets, workers, queues and jobs all lie below that of their farm.
_FARMS: Final = "arn:{partition}:deadline:{region}:{account}:farm/*"

SPEC: Final = ServiceSpec(
    service="deadline",
    title="AWS Deadline Cloud sessions",
    brand="AWS Deadline Cloud",
    # Workers are billed, not sessions, so there is no price.
    scope=("farm", "fleet", "worker", "queue", "job"),
    since=1712016000.0,  # 2024-04-02
    # AWS's reference knows no ARN of a session, and checks every call about one on its job: all sessions of a job share it.
    session_arn="arn:{partition}:deadline:{region}:{account}:farm/{farm}/queue/{queue}/job/{job}",
    read=(
        Grant(
            (
                "deadline:ListFarms",
                "deadline:ListFleets",
                "deadline:ListSessionActions",
                "deadline:ListSessionsForWorker",
                "deadline:ListTagsForResource",
                "deadline:ListWorkers",
            ),
            (_FARMS,),
        ),
    ),
    stop=(Grant(("deadline:GetSession", "deadline:UpdateSession"), (_FARMS,)),),
    stops_idle_only=True,
    sources=(
        FactSource(ACTIONS, "deadline:ListSessionActions", frozenset({"phase", "idle_since"})),
        FactSource(TAGS, "deadline:ListTagsForResource", frozenset({"tags"})),
    ),
    list_evidence=MappingProxyType(
        {
            "created_at": "startedAt of deadline:ListSessionsForWorker",
            "phase": "lifecycleStatus, targetLifecycleStatus and endedAt of deadline:ListSessionsForWorker",
            "idle_since": "lifecycleStatus of deadline:ListSessionsForWorker",
            "idle_timeout": "Deadline Cloud sessions have none",
        }
    ),
)
