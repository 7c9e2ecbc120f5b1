"""What sessions inherit from their parents, looked up once per parent however many threads ask."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from reaper.core.facts import Undecidable

K = TypeVar("K")
Tags = Mapping[str, str] | Undecidable


@dataclass(slots=True)
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    tags: Tags | None = None


class ParentTags(Generic[K]):
    """Remembers the tags of each parent, failures too, until told to forget them. Safe to share between threads."""

    def __init__(self, look_up: Callable[[K], Tags]) -> None:
        """``look_up`` reads a parent's tags; it is called by one thread at a time for the same parent."""
        self._look_up = look_up
        self._lock = threading.Lock()
        self._entries: dict[K, _Entry] = {}

    def of(self, parent: K) -> Tags:
        """The tags of ``parent``, looked up if nobody has yet; waits for whoever is doing that right now."""
        with self._lock:
            entry = self._entries.setdefault(parent, _Entry())
        with entry.lock:
            if entry.tags is None:
                entry.tags = self._look_up(parent)
            return entry.tags

    def inherited(self, parents: Iterable[K]) -> Tags:
        """The tags of all ``parents`` together, later ones winning; undecidable as soon as those of one are."""
        merged: dict[str, str] = {}
        for parent in parents:
            tags = self.of(parent)
            if isinstance(tags, Undecidable):
                return tags
            merged.update(tags)
        return merged

    def forget(self, *parents: K) -> None:
        """Have ``parents`` looked up afresh next time: what is judged before a stop must not be old."""
        with self._lock:
            for parent in parents:
                self._entries.pop(parent, None)
