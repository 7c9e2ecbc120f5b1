"""Under which keys sessions and sweeps are kept in the table."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Final

from reaper.core.names import session_name
from reaper.core.session import SessionRef

PARTITION_KEY: Final = "pk"
SORT_KEY: Final = "sk"

MEMORY: Final = "memory"
"""The sort key of every session's item."""
SWEEPS: Final = "sweep"
"""The partition key of every sweep's item."""

SCOPES: Final = "scope"
"""The partition key of every scope's item; its name is the sort key."""

TOLD: Final = "told"
"""The partition key of what each audience was told last; its key is the sort key."""

MOST_KEY_BYTES: Final = 2048
"""The longest partition key DynamoDB takes (its developer guide, "Quotas")."""

_KEPT_BYTES: Final = 1900


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
