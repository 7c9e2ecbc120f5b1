"""The port of everything that digests and alarms are told through."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from reaper.wire.alarm import Alarm
from reaper.wire.report import Report

Told = Report | Alarm


class NotifyError(Exception):
    """Something was not told, or it is not known whether it was. ``str(error)`` is one sentence, without any secret."""

    def __init__(self, message: str, *, lost: int = 1) -> None:
        """``lost`` is how many messages or events did not leave."""
        super().__init__(message)
        self.lost = lost


class Notifier(ABC):
    """One way to tell people or machines. ``carries`` says of what; a digest of ten thousand sessions is cut to fit."""

    carries: ClassVar[frozenset[type[Told]]] = frozenset({Report})

    def tell(self, told: Told) -> None:
        """Tell it.

        Raises:
            NotifyError: it was not told, or not all of it.
            TypeError: it is none of what this notifier carries.
        """
        match told:
            case Report():
                self._tell_digest(told)
            case Alarm():
                self._tell_alarm(told)

    @abstractmethod
    def _tell_digest(self, digest: Report) -> None: ...

    def _tell_alarm(self, alarm: Alarm) -> None:
        raise TypeError(f"{type(self).__name__} carries no alarms, such as {alarm.name}")
