"""The notifiers that a sweep tells people and machines through: one row for each. What is not wanted is not imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from reaper.notifiers.digest import PLATFORM
from reaper.notifiers.port import Notifier
from reaper.settings import SweepSettings

Client = Callable[[str], Any]
"""The function's own client of a service."""


@dataclass(frozen=True, slots=True)
class Row:
    """A notifier: its module, whose ``create(client, destination, where)`` makes it, and where it tells an audience.

    An audience is that of a digest; ``None`` stands for machines, which are told of the whole sweep once. An empty
    destination: they are not told this way. ``where`` says in words where the platform finds all of what had to be cut.
    """

    module: str
    destination: Callable[[SweepSettings, str | None], str]


def _topic(settings: SweepSettings, audience: str | None) -> str:
    if audience is None:
        return ""
    return settings.topic_arn if audience == PLATFORM else settings.people.owners_topic_arn


ROWS: Final = (
    Row("sns", _topic),
    Row("amazon_q", lambda settings, audience: settings.people.chat_topic_arn if audience == PLATFORM else ""),
    Row("events", lambda settings, audience: settings.people.event_bus if audience is None else ""),
)


def notifiers_for(audience: str | None, settings: SweepSettings, client: Client, where: str) -> Iterator[Notifier]:
    """Every notifier that tells ``audience``."""
    for row in ROWS:
        if destination := row.destination(settings, audience):
            module: Any = import_module(f"reaper.notifiers.{row.module}")
            yield module.create(client, destination, where if audience == PLATFORM else "")
