"""How a command ends when it cannot do what it was asked."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes, which are a public contract."""

    DONE = 0
    COULD_NOT_START = 1
    LOOK = 2
    """Something could not be read, a stop failed, or a guard withheld stops: a person should look."""
    OFFENDERS = 3
    """Only with ``--detailed-exitcode``."""
    INTERRUPTED = 130


class CommandError(Exception):
    """One sentence for a person: what is wrong, where, and what to do. ``lines`` are shown before it, as they are."""

    def __init__(self, message: str, *, lines: tuple[str, ...] = (), code: ExitCode = ExitCode.COULD_NOT_START) -> None:
        super().__init__(message)
        self.lines = lines
        self.code = code
