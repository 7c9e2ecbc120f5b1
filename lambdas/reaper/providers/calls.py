"""Counts the calls a sweep makes, under the names IAM and the report use."""

from __future__ import annotations

import threading
from collections import Counter


class Calls:
    """Counts calls, not their retries, under ``service:Operation``. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def count(self, operation: str) -> None:
        """Count one call of ``operation`` (``glue:ListSessions``)."""
        with self._lock:
            self._counts[operation] += 1

    def counts(self) -> dict[str, int]:
        """How often each operation was called so far, by name in alphabetical order."""
        with self._lock:
            return dict(sorted(self._counts.items()))
