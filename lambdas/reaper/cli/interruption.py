"""What Ctrl-C has to own up to."""

from __future__ import annotations

import threading

from reaper.cli.text import count


class Interruption:
    """Remembers whether stops are under way, so that an interrupted command can say what it may have done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._enforcing = False
        self._stopped: list[str] = []

    def enforcing(self) -> None:
        """From now on sessions may be stopped."""
        self._enforcing = True

    def watch(self, line: str) -> None:
        """Notes the stops among the lines of a sweep's progress."""
        session, _, outcome = line.rpartition(": ")
        if self._enforcing and outcome == "stopped":
            with self._lock:
                self._stopped.append(session)

    def sentence(self) -> str:
        """One line for people. Takes no lock: it may be asked for in a signal handler."""
        if not self._enforcing:
            return "reaper: interrupted; nothing was stopped"
        stopped = tuple(self._stopped)
        if not stopped:
            return "reaper: interrupted; nothing is known to have been stopped, but a stop may have been under way"
        return f"reaper: interrupted after {count(len(stopped), 'stop')}: {'; '.join(stopped)}"


interruption = Interruption()
"""Of this process: there is one Ctrl-C."""
