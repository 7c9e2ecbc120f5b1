"""What sessions, scopes and sweeps are called in the table: text that people read and that can be read back."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

from reaper.core.session import ScopeKey, SessionRef

PARTITION_KEY: Final = "pk"
SORT_KEY: Final = "sk"

MEMORY: Final = "memory"
"""The sort key of every session's item."""
SWEEPS: Final = "sweep"
"""The partition key of every sweep's item."""

MOST_KEY_BYTES: Final = 2048
"""The longest partition key DynamoDB takes (its developer guide, "Quotas")."""

_ESCAPES: Final = str.maketrans({"%": "%25", "/": "%2F", "=": "%3D", " ": "%20"})
_KEPT_BYTES: Final = 1900
_SCOPE_PARTS: Final = 3


class NotANameError(ValueError):
    """A text that should name a session or a scope names none."""


def session_name(ref: SessionRef) -> str:
    """``athena/123456789012/eu-central-1/workgroup=science/8f1c``; different sessions have different names."""
    scope = [f"{_escape(key)}={_escape(value)}" for key, value in ref.scope]
    return "/".join([*(_escape(part) for part in (ref.service, ref.account, ref.region)), *scope, _escape(ref.id)])


def session_of(name: str) -> SessionRef:
    """The session that :func:`session_name` calls ``name``.

    Raises:
        NotANameError: it calls none so.
    """
    parts = name.split("/")
    if len(parts) <= _SCOPE_PARTS or not all("=" in part for part in parts[_SCOPE_PARTS:-1]):
        raise NotANameError(f"{name!r} names no session")
    service, account, region, *scope, id_ = parts
    pairs = (part.partition("=") for part in scope)
    return SessionRef(
        unquote(service),
        unquote(account),
        unquote(region),
        tuple((unquote(key), unquote(value)) for key, _, value in pairs),
        unquote(id_),
    )


def scope_name(key: ScopeKey) -> str:
    """``glue 123456789012 eu-central-1``."""
    return " ".join(_escape(part) for part in (key.service, key.account, key.region))


def scope_of(name: str) -> ScopeKey:
    """The scope that :func:`scope_name` calls ``name``.

    Raises:
        NotANameError: it calls none so.
    """
    parts = [unquote(part) for part in name.split(" ")]
    if len(parts) != _SCOPE_PARTS:
        raise NotANameError(f"{name!r} names no scope")
    return ScopeKey(*parts)


def partition_key(ref: SessionRef) -> str:
    """Where a session is remembered: ``session/`` and its name, cut to what DynamoDB takes and told apart by a digest."""
    key = f"session/{session_name(ref)}"
    encoded = key.encode()
    if len(encoded) <= MOST_KEY_BYTES:
        return key
    return f"{encoded[:_KEPT_BYTES].decode(errors='ignore')}/sha256:{hashlib.sha256(encoded).hexdigest()}"


def sweep_key(started_at: float, run_id: str) -> str:
    """``2026-03-01T10:00:00.000000Z/run-7``: later sweeps sort after earlier ones.

    Raises:
        ValueError, OverflowError or OSError: ``started_at`` (epoch seconds) is no moment of the calendar.
    """
    moment = datetime.fromtimestamp(started_at, UTC).isoformat(timespec="microseconds")
    return f"{moment.replace('+00:00', 'Z')}/{run_id}"


def _escape(part: str) -> str:
    return part.translate(_ESCAPES)
