"""Makes providers by the name of their service: nothing here lists them."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from reaper.catalog.services import package_of

if TYPE_CHECKING:
    from reaper.providers.context import ProviderFactory


def provider_factory(service: str) -> ProviderFactory:
    """``create`` of the provider of ``service``, importing that provider's module and no other's.

    Raises:
        LookupError: no provider is called that; the message lists those there are.
    """
    factory: ProviderFactory = importlib.import_module(f"{package_of(service)}.provider").create
    return factory
