"""Workspaces and session clusters as the rest of the provider sees them: the few fields it needs, typed.

Everything else in a response (connection token, Spark configuration, web UI and Thrift addresses) can carry secrets
and is left where it came from. A field that is missing or of another type than documented reads as None.

Source: alibabacloud_emr_serverless_spark20230808 2.3.0, response models of ListWorkspaces and ListSessionClusters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

JsonObject = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Workspace:
    """One workspace. ``tags`` are the only tags this API has: session clusters carry none."""

    id: str
    name: str | None
    tags: Mapping[str, str] | None
    """``None`` where they are of another shape than documented, and so cannot be read."""


@dataclass(frozen=True, slots=True)
class AutoStop:
    """The session's own idle timeout; ``idle_timeout_minutes`` counts only while ``enabled``."""

    enabled: bool
    idle_timeout_minutes: int | None


@dataclass(frozen=True, slots=True)
class SessionCluster:
    """One session cluster, in the service's own words. ``auto_stop`` is None when the service says nothing of it."""

    id: str
    name: str | None
    state: str | None
    kind: str | None
    queue: str | None
    user: str | None
    started_at: float | None
    """Seconds since 1970, as is; whether that can be is not judged here."""
    created_at: float | None
    auto_stop: AutoStop | None


def workspace_of(row: object) -> Workspace | None:
    """The workspace in one row of ListWorkspaces, None when it has no id to ask for its sessions by."""
    fields = json_object(row)
    identity = _text(fields, "workspaceId")
    if identity is None:
        return None
    return Workspace(identity, _text(fields, "workspaceName"), _tags(fields))


def session_cluster_of(row: object) -> SessionCluster | None:
    """The session cluster in one row of ListSessionClusters or in GetSessionCluster, None when it has no id."""
    fields = json_object(row)
    identity = _text(fields, "sessionClusterId")
    if identity is None:
        return None
    return SessionCluster(
        id=identity,
        name=_text(fields, "name"),
        state=_text(fields, "state"),
        kind=_text(fields, "kind"),
        queue=_text(fields, "queueName"),
        user=_text(fields, "userName"),
        started_at=_moment(fields, "startTime"),
        created_at=_moment(fields, "gmtCreate"),
        auto_stop=_auto_stop(fields.get("autoStopConfiguration")),
    )


def _tags(fields: JsonObject) -> Mapping[str, str] | None:
    """The list of ``tagKey`` and ``tagValue``; a list that is left out is an empty one."""
    if "tags" not in fields:
        return {}
    listed = fields["tags"]
    if not isinstance(listed, list):
        return None
    tags: dict[str, str] = {}
    for row in cast("list[object]", listed):
        tag = json_object(row)
        key, value = _text(tag, "tagKey"), tag.get("tagValue") or ""
        if key is None or not isinstance(value, str):
            return None
        tags[key] = value
    return tags


def json_object(value: object) -> JsonObject:
    """``value`` if it is a JSON object, else an empty one."""
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def json_list(value: object) -> list[object]:
    """``value`` if it is a JSON list, else an empty one: the service leaves out a list that would be empty."""
    return cast("list[object]", value) if isinstance(value, list) else []


def _auto_stop(value: object) -> AutoStop | None:
    fields = json_object(value)
    enabled = fields.get("enable")
    minutes = fields.get("idleTimeoutMinutes")
    if not isinstance(enabled, bool):
        return None
    if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes <= 0:
        minutes = None
    return AutoStop(enabled, minutes)


def _text(fields: JsonObject, name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) and value else None


def _moment(fields: JsonObject, name: str) -> float | None:
    """A time given in milliseconds since 1970."""
    value = fields.get(name)
    return value / 1000 if isinstance(value, int) and not isinstance(value, bool) else None
