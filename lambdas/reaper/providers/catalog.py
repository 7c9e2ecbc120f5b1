"""Finds the providers by looking for their folders: nothing here, or anywhere else, lists them by name.

A provider is a folder beside this module with ``spec.py``, which holds ``SPEC``, and ``provider.py``, which holds
``create(context)``.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING

import reaper.providers
from reaper.providers.spec import ProviderSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reaper.providers.context import ProviderFactory


def specs() -> Mapping[str, ProviderSpec]:
    """Every provider's spec by the name of its service, in alphabetical order. Imports spec modules only, so no SDK."""
    return MappingProxyType({service: spec for service, (_, spec) in _found().items()})


def provider_factory(service: str) -> ProviderFactory:
    """``create`` of the provider of ``service``, importing that provider's module and no other's.

    Raises:
        LookupError: no provider is called that; the message lists those there are.
    """
    found = _found()
    if service not in found:
        raise LookupError(f"no provider for {service!r}; there are {', '.join(found)}")
    package, _ = found[service]
    factory: ProviderFactory = importlib.import_module(f"{package}.provider").create
    return factory


@cache
def _found() -> Mapping[str, tuple[str, ProviderSpec]]:
    found: dict[str, tuple[str, ProviderSpec]] = {}
    for module in pkgutil.iter_modules(reaper.providers.__path__, f"{reaper.providers.__name__}."):
        if module.ispkg and importlib.util.find_spec(f"{module.name}.spec"):
            spec: ProviderSpec = importlib.import_module(f"{module.name}.spec").SPEC
            found[str(spec.service)] = (module.name, spec)
    return MappingProxyType(dict(sorted(found.items())))
