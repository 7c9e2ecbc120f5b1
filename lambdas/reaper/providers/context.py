"""What a provider is made from: one argument that all of them accept, so that the catalog need not know any of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reaper.providers.calls import Calls

if TYPE_CHECKING:
    from reaper.providers.aws.clients import AwsClients
    from reaper.sweep.ports import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderContext:
    """One account and region of one cloud, and the means to reach it.

    ``aws`` is set for the services of AWS, ``env`` for those of another cloud, whose provider reads from it the variables that
    its own SDKs read; ``account`` and ``region`` are those of the cloud in question (``unknown`` is a possible account of
    another). AWS calls are counted by ``aws`` itself, which is made with the same ``calls``; others count theirs here.
    """

    account: str
    region: str
    calls: Calls = field(default_factory=Calls)
    clock: Callable[[], float] = time.time
    """Epoch seconds; what services say of the future is not believed."""
    aws: AwsClients | None = None
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Holds secrets, and is never shown."""


ProviderFactory = Callable[[ProviderContext], "Provider"]
"""``create`` of a provider module. Makes no call; one instance serves one sweep, because it remembers parents' tags.

Raises :class:`~reaper.sweep.ports.ProviderError` when the context lacks what the service needs.
"""
