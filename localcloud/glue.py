"""AWS Glue interactive sessions: what the reaper asks of them, and the deletion it must never ask for.

Ended sessions stay in the list. Statements carry what users wrote, planted words that must turn up nowhere. StopSession
is asynchronous, works in READY only and answers IllegalSessionStateException otherwise; a session that does not exist
is EntityNotFoundException, which StopSession does not model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localcloud.service import ENDING_SECONDS, Context, ElsewhereError, Handler, Page, Trouble, paginate
from localcloud.state import GLUE_ENDED, GLUE_OPEN, USER_CODE, USER_OUTPUT, GlueSession, Region, Statement
from localcloud.wire import ServiceError

# ListStatements takes no page size; AWS documents none either.
STATEMENTS_PER_PAGE = 100


class Glue:
    """The emulation of Glue's sessions."""

    name = "glue"
    pages: Mapping[str, Page] = {
        "ListSessions": Page("Sessions", "NextToken", "NextToken", "MaxResults", 1000),
        "ListStatements": Page("Statements", "NextToken", "NextToken", None, STATEMENTS_PER_PAGE),
    }
    trouble = Trouble(
        invalid="ValidationException",
        bad_token="InvalidInputException",  # noqa: S106
        broken="InternalServiceException",
    )

    def __init__(self) -> None:
        self.operations: Mapping[str, Handler] = {
            "ListSessions": self._list_sessions,
            "GetSession": self._get_session,
            "ListStatements": self._list_statements,
            "GetTags": self._get_tags,
            "StopSession": self._stop_session,
            "DeleteSession": self._delete_session,
        }

    def permission(self, operation: str, parameters: Mapping[str, Any], region: Region) -> tuple[str, str]:
        """Return the IAM action and the resource it is checked on."""
        resource = "*"
        if operation == "GetTags":
            resource = parameters.get("ResourceArn", "*")
        elif operation != "ListSessions":
            session = parameters.get("Id") or parameters.get("SessionId")
            resource = f"arn:aws:glue:{region.name}:{region.account}:session/{session}"
        return f"glue:{operation}", resource

    def _list_sessions(self, context: Context, parameters: Mapping[str, Any]) -> dict[str, Any]:
        wanted: Mapping[str, str] = parameters.get("Tags") or {}
        sessions = list(context.region.glue.values())
        if wanted:
            sessions = [s for s in sessions if all(s.tags.get(key) == value for key, value in wanted.items())]
        page, token = paginate(context, parameters, self, sessions)
        return {
            "Ids": [session.id for session in page],
            "Sessions": [_session(context, session) for session in page],
            "NextToken": token,
        }

    def _get_session(self, context: Context, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return {"Session": _session(context, _find(context, parameters["Id"]))}

    def _list_statements(self, context: Context, parameters: Mapping[str, Any]) -> dict[str, Any]:
        session = _find(context, parameters["SessionId"])
        page, token = paginate(context, parameters, self, session.statements)
        return {"Statements": [_statement(context, statement) for statement in page], "NextToken": token}

    def _get_tags(self, context: Context, parameters: Mapping[str, Any]) -> dict[str, Any]:
        arn: str = parameters["ResourceArn"]
        if ":session/" not in arn:
            raise ElsewhereError(arn)
        prefix, _, name = arn.partition(":session/")
        if prefix != f"arn:aws:glue:{context.region.name}:{context.region.account}":
            raise ServiceError("EntityNotFoundException", f"Resource {arn} not found.")
        return {"Tags": _find(context, name).tags}

    def _stop_session(self, context: Context, parameters: Mapping[str, Any]) -> dict[str, Any]:
        session = _find(context, parameters["Id"])
        if session.state in (*GLUE_ENDED, "STOPPING", "PROVISIONING"):
            raise ServiceError("IllegalSessionStateException", f"Session is in {session.state} status")
        context.stopped("glue", session.id, session.open_work())
        for statement in session.statements:
            if statement.state in GLUE_OPEN:
                statement.state, statement.completed = "CANCELLED", context.now()
        session.state, session.stopping_since = "STOPPING", context.now()
        return {"Id": session.id}

    def _delete_session(self, context: Context, parameters: Mapping[str, Any]) -> dict[str, Any]:
        session = _find(context, parameters["Id"])
        if session.state == "PROVISIONING":
            raise ServiceError("IllegalSessionStateException", f"Session is in {session.state} status")
        context.stopped("glue", session.id, session.open_work())
        del context.region.glue[session.id]
        return {"Id": session.id}


def _find(context: Context, session_id: str) -> GlueSession:
    session = context.region.glue.get(session_id)
    if session is None:
        raise ServiceError("EntityNotFoundException", f"Session {session_id} not found.")
    return session


def _session(context: Context, session: GlueSession) -> dict[str, Any]:
    since = session.stopping_since
    if since is not None and session.state == "STOPPING" and context.now() >= since + ENDING_SECONDS:
        session.state, session.completed = "STOPPED", since + ENDING_SECONDS
    return {
        "Id": session.id,
        "CreatedOn": context.seen(session.created),
        "Status": session.state,
        "ErrorMessage": session.error,
        "Description": session.description,
        "Role": session.role,
        "Command": {"Name": session.command, "PythonVersion": "3"},
        "DefaultArguments": {},
        "Connections": {},
        "Progress": 0.0,
        "MaxCapacity": session.max_capacity,
        "GlueVersion": session.glue_version,
        "NumberOfWorkers": session.workers,
        "WorkerType": session.worker_type,
        "CompletedOn": context.seen(session.completed),
        "IdleTimeout": session.idle_timeout_minutes,
        "SessionType": session.session_type,
        **session.extra,
    }


def _statement(context: Context, statement: Statement) -> dict[str, Any]:
    # AWS documents no unit for these two; 0 stands for "not yet".
    factor = 1000 if statement.unit == "ms" else 1
    started, completed = context.seen(statement.started), context.seen(statement.completed)
    return {
        "Id": statement.id,
        "Code": USER_CODE,
        "State": statement.state,
        "Output": {"Data": {"TextPlain": USER_OUTPUT}, "ExecutionCount": statement.id, "Status": statement.state},
        "Progress": 1.0,
        "StartedOn": 0 if started is None else int(started * factor),
        "CompletedOn": 0 if completed is None else int(completed * factor),
    }
