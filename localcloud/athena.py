"""Athena for Apache Spark: workgroups and their sessions.

ListSessions without a filter gives the active states, newest first, and DEGRADED is not one of them. TerminateSession
succeeds without effect on sessions that are ending or have ended, and forcibly stops running calculations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.service import ENDING_SECONDS, Context, ElsewhereError, Handler, Page, Trouble, paginate
from localcloud.state import ATHENA_ENDED, AthenaSession, Region, WorkGroup
from localcloud.wire import ServiceError

ACTIVE = frozenset({"CREATING", "CREATED", "IDLE", "BUSY", "TERMINATING"})


class Athena:
    """The emulation of Athena's workgroups and sessions."""

    name = "athena"
    pages: Mapping[str, Page] = {
        "ListWorkGroups": Page("WorkGroups", "NextToken", "NextToken", "MaxResults", 50),
        "ListSessions": Page("Sessions", "NextToken", "NextToken", "MaxResults", 100),
        "ListTagsForResource": Page("Tags", "NextToken", "NextToken", "MaxResults", 75),
    }
    trouble = Trouble(
        invalid="InvalidRequestException",
        bad_token="InvalidRequestException",  # noqa: S106
        broken="InternalServerException",
    )

    def __init__(self) -> None:
        self.operations: Mapping[str, Handler] = {
            "ListWorkGroups": self._list_workgroups,
            "ListSessions": self._list_sessions,
            "GetSession": self._get_session,
            "GetSessionStatus": self._get_session_status,
            "TerminateSession": self._terminate_session,
            "ListTagsForResource": self._list_tags,
        }

    def permission(self, operation: str, parameters: Mapping[str, Any], region: Region) -> tuple[str, str]:
        """Return the IAM action and the resource it is checked on: the workgroup, for calls about a session."""
        prefix = f"arn:aws:athena:{region.name}:{region.account}:workgroup"
        if operation == "ListWorkGroups":
            return "athena:ListWorkGroups", "*"
        if operation == "ListTagsForResource":
            return "athena:ListTagsForResource", parameters.get("ResourceARN", "*")
        if operation == "ListSessions":
            return "athena:ListSessions", f"{prefix}/{parameters.get('WorkGroup')}"
        wanted = parameters.get("SessionId", "")
        group = next((group.name for group in region.athena.values() if wanted in group.sessions), "unknown")
        return f"athena:{operation}", f"{prefix}/{group}"

    def _list_workgroups(self, context: Context, parameters: Mapping[str, Any]) -> dict[str, Any]:
        groups = sorted(context.region.athena.values(), key=lambda group: group.name)
        page, token = paginate(context, parameters, self, groups)
        return {"WorkGroups": [_workgroup(context, group) for group in page], "NextToken": token}

    def _list_sessions(self, context: Context, parameters: Mapping[str, Any]) -> dict[str, Any]:
        name = parameters["WorkGroup"]
        group = context.region.athena.get(name)
        if group is None:
            raise ServiceError("InvalidRequestException", f"WorkGroup {name} is not found.")
        if "spark" not in group.engine.lower():
            raise ServiceError("InvalidRequestException", f"WorkGroup {name} is not a Spark enabled workgroup.")
        wanted = parameters.get("StateFilter")
        sessions = [_settled(context, session) for session in group.sessions.values()]
        if wanted is None:
            # A word nobody documented is listed with the active ones.
            sessions = [s for s in sessions if s.state not in (*ATHENA_ENDED, "DEGRADED")]
        else:
            sessions = [s for s in sessions if s.state == wanted]
        sessions.sort(key=lambda session: session.started, reverse=True)
        page, token = paginate(context, parameters, self, sessions)
        return {"Sessions": [_summary(context, group, session) for session in page], "NextToken": token}

    def _get_session(self, context: Context, parameters: Mapping[str, Any]) -> dict[str, Any]:
        group, session = _find(context, parameters["SessionId"])
        timeout = session.idle_timeout_minutes
        configuration = (
            {}
            if timeout is None
            else {
                "IdleTimeoutSeconds": timeout * 60,
                "SessionIdleTimeoutInMinutes": timeout,
            }
        )
        return {
            "SessionId": session.id,
            "Description": session.description,
            "WorkGroup": group.name,
            "EngineVersion": group.engine,
            "EngineConfiguration": {
                "CoordinatorDpuSize": 1,
                "MaxConcurrentDpus": session.max_dpus,
                "DefaultExecutorDpuSize": 1,
            },
            "NotebookVersion": session.notebook_version,
            "SessionConfiguration": configuration,
            "Status": _status(context, session),
            "Statistics": {"DpuExecutionInMillis": 0},
            **session.extra,
        }

    def _get_session_status(self, context: Context, parameters: Mapping[str, Any]) -> dict[str, Any]:
        _, session = _find(context, parameters["SessionId"])
        return {"SessionId": session.id, "Status": _status(context, session)}

    def _terminate_session(self, context: Context, parameters: Mapping[str, Any]) -> dict[str, Any]:
        _, session = _find(context, parameters["SessionId"])
        if session.state not in (*ATHENA_ENDED, "TERMINATING"):
            context.stopped("athena", session.id, session.open_work())
            for calculation in session.calculations:
                if calculation.completed is None:
                    calculation.state, calculation.completed = "CANCELED", context.now()
            session.state = "TERMINATING"
            session.terminating_since = session.modified = context.now()
        return {"State": session.state}

    def _list_tags(self, context: Context, parameters: Mapping[str, Any]) -> dict[str, Any]:
        arn: str = parameters["ResourceARN"]
        prefix = f"arn:aws:athena:{context.region.name}:{context.region.account}:workgroup/"
        parts = arn.removeprefix(prefix).split("/")
        if not arn.startswith(prefix):
            raise ElsewhereError(arn)
        group = context.region.athena.get(parts[0])
        found: WorkGroup | AthenaSession | None = group
        if len(parts) > 1:
            is_session = len(parts) == 3 and parts[1] == "session"  # noqa: PLR2004 - workgroup, "session", id
            found = group.sessions.get(parts[2]) if group is not None and is_session else None
        if found is None:
            raise ServiceError("ResourceNotFoundException", f"Resource {arn} is not found.", ResourceName=arn)
        tags = [{"Key": key, "Value": value} for key, value in found.tags.items()]
        page, token = paginate(context, parameters, self, tags)
        return {"Tags": page, "NextToken": token}


def _find(context: Context, session_id: str) -> tuple[WorkGroup, AthenaSession]:
    for group in context.region.athena.values():
        if session_id in group.sessions:
            return group, _settled(context, group.sessions[session_id])
    raise ServiceError("ResourceNotFoundException", f"Session {session_id} is not found.", ResourceName=session_id)


def _settled(context: Context, session: AthenaSession) -> AthenaSession:
    since = session.terminating_since
    if since is not None and session.state == "TERMINATING" and context.now() >= since + ENDING_SECONDS:
        session.state = "TERMINATED"
        session.ended = session.modified = since + ENDING_SECONDS
    return session


def _engine(name: str) -> dict[str, str]:
    return {"SelectedEngineVersion": name, "EffectiveEngineVersion": name}


def _workgroup(context: Context, group: WorkGroup) -> dict[str, Any]:
    return {
        "Name": group.name,
        "State": group.state,
        "Description": group.description,
        "CreationTime": context.seen(group.created),
        "EngineVersion": _engine(group.engine),
        **group.extra,
    }


def _summary(context: Context, group: WorkGroup, session: AthenaSession) -> dict[str, Any]:
    return {
        "SessionId": session.id,
        "Description": session.description,
        "EngineVersion": _engine(group.engine),
        "NotebookVersion": session.notebook_version,
        "Status": _status(context, session),
        **session.extra,
    }


def _status(context: Context, session: AthenaSession) -> dict[str, Any]:
    modified = session.modified if session.modified is not None else session.idle_since or session.started
    return {
        "StartDateTime": context.seen(session.started),
        "LastModifiedDateTime": context.seen(modified),
        "EndDateTime": context.seen(session.ended),
        "IdleSinceDateTime": context.seen(session.idle_since),
        "State": session.state,
        "StateChangeReason": session.reason,
    }
