"""What can become of a session: the closed list that reports, metrics and the ledger share."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What became of a session that a policy had something to say about."""

    WOULD_STOP = "would_stop"
    REPORTED = "reported"
    PROTECTED = "protected"
    UNDETERMINED = "undetermined"
    WARNED = "warned"
    SNOOZED = "snoozed"
    STOPPED = "stopped"
    ALREADY_GONE = "already_gone"
    SPARED = "spared"
    WITHHELD = "withheld"
    FAILED = "failed"
    CONFIRMED = "confirmed"
    """A later sweep saw that a session stopped by us has ended."""
    NOT_STOPPING = "not_stopping"
    """The service accepted our stop, and the session runs on."""
