"""What CloudWatch publishes when an alarm changes its state, as far as it is told on (its guide, "Amazon SNS notifications")."""

from __future__ import annotations

from msgspec import Struct, field


class Alarm(Struct, frozen=True, kw_only=True):
    """An alarm that changed its state."""

    name: str = field(name="AlarmName")
    state: str = field(name="NewStateValue")
    """``ALARM``, ``OK`` or ``INSUFFICIENT_DATA``."""
    description: str | None = field(default=None, name="AlarmDescription")
    reason: str | None = field(default=None, name="NewStateReason")
    account: str | None = field(default=None, name="AWSAccountId")
    region: str | None = field(default=None, name="Region")
    changed_at: str | None = field(default=None, name="StateChangeTime")
    """``2026-03-01T10:00:00.000+0000``: ISO 8601, and not RFC 3339."""
