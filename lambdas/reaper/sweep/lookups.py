"""Counts the further calls made for sessions, and those that failed: what could not be read is said once per cause."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

from reaper.core.facts import NOT_ASKED, Undecidable, Unread
from reaper.core.guards import evidence_untrusted, tags_untrusted
from reaper.core.policy.model import Guards
from reaper.core.report import Blind
from reaper.core.session import ScopeKey, Session
from reaper.sweep.ports import Trouble

Counts = Mapping[ScopeKey, tuple[int, int]]
"""By scope: how many sessions were looked up, and of how many that failed."""

_EVIDENCE = ("phase", "idle_since")
_ASKED_FOR = (*_EVIDENCE, "tags", "idle_timeout", "dpus", "billed_units")


class LookUps:
    """What became of the look-ups of one sweep. Safe to share between threads.

    ``tags`` and ``evidence`` are the counts of the parts of the sweep before this one.
    """

    def __init__(self, tags: Counts | None = None, evidence: Counts | None = None) -> None:
        self._lock = threading.Lock()
        self._tags = _Tally(tags or {})
        self._evidence = _Tally(evidence or {})
        self._unread: Counter[tuple[ScopeKey, str, str]] = Counter()

    def note(self, listed: Session, known: Session) -> None:
        """Count what was looked up of a session: ``listed`` as the list told it, ``known`` as it was judged."""
        before, after = listed.facts, known.facts
        if after.tags is NOT_ASKED and before is after:
            return
        unread = {fact for name in _ASKED_FOR if isinstance(fact := getattr(after, name), Unread)}
        key = known.ref.key
        with self._lock:
            if after.tags is not NOT_ASKED:
                self._tags.add(key, failed=isinstance(after.tags, Undecidable))
            if any(getattr(before, name) is NOT_ASKED and getattr(after, name) is not NOT_ASKED for name in _EVIDENCE):
                self._evidence.add(key, failed=any(isinstance(getattr(after, name), Unread) for name in _EVIDENCE))
            for call, cause in {(one.call, one.cause) for one in unread}:
                self._unread[key, call, cause] += 1

    def tag_trouble(self, guards: Guards) -> dict[ScopeKey, str]:
        """Scopes in which too many of the tags asked for could not be read, and why that withholds their stops."""
        return {
            key: why
            for key, (asked, failed) in self._tags.counts().items()
            if (why := tags_untrusted(failed, asked, key, guards)) is not None
        }

    def evidence_trouble(self, guards: Guards) -> dict[ScopeKey, str]:
        """The same for the evidence of use."""
        return {
            key: why
            for key, (asked, failed) in self._evidence.counts().items()
            if (why := evidence_untrusted(failed, asked, key, guards)) is not None
        }

    def counts(self) -> tuple[Counts, Counts]:
        """Those of tags and of evidence, for the part of the sweep after this one."""
        return self._tags.counts(), self._evidence.counts()

    def blind(self) -> list[Blind]:
        """A blind spot for each call that failed in a scope, once per cause, with how many sessions it left in the dark."""
        return [
            Blind(
                key,
                (),
                f"{count} {'session' if count == 1 else 'sessions'} could not be looked at: {_why(call, cause)}",
                count,
            )
            for (key, call, cause), count in sorted(self._unread.items(), key=str)
        ]


class _Tally:
    def __init__(self, before: Counts) -> None:
        self._asked = Counter({key: asked for key, (asked, _) in before.items()})
        self._failed = Counter({key: failed for key, (_, failed) in before.items()})

    def add(self, key: ScopeKey, *, failed: bool) -> None:
        self._asked[key] += 1
        self._failed[key] += failed

    def counts(self) -> dict[ScopeKey, tuple[int, int]]:
        return {key: (asked, self._failed[key]) for key, asked in self._asked.items()}


def _why(call: str, cause: str) -> str:
    if cause == Trouble.DENIED:
        return f"{call} is denied: grant it to the caller"
    if cause == Trouble.THROTTLED:
        return f"{call} was throttled until its retries were used up: sweep less often"
    return f"{call} failed ({cause})"
