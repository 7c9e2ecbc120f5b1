"""Finds the services by looking for their folders: nothing here, or anywhere else, lists them by name.

A service is a folder of ``reaper.providers`` with ``spec.py``, which holds ``SPEC``, and ``provider.py``.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import pkgutil
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reaper.catalog.spec import Cloud, ServiceSpec

_FOLDERS: Final = "reaper.providers"


@cache
def specs() -> Mapping[str, ServiceSpec]:
    """Every service's spec by its name, in alphabetical order. Imports spec modules only, so no SDK."""
    return MappingProxyType({name: spec for name, (_, spec) in _found().items()})


@cache
def package_of(service: str) -> str:
    """The package that the provider of ``service`` is in.

    Raises:
        LookupError: no service is called that; the message lists those there are.
    """
    if service not in _found():
        raise LookupError(f"no provider for {service!r}; there are {', '.join(_found())}")
    package, _ = _found()[service]
    return package


@cache
def scope_parts() -> tuple[str, ...]:
    """Every scope part that any service has, each once. Each is a text fact a policy may test."""
    return tuple(dict.fromkeys(part for spec in specs().values() for part in spec.scope))


@cache
def prices() -> Mapping[str, float]:
    """List prices, USD per unit and hour, by the key a policy file overrides them under."""
    return MappingProxyType({price.key: price.usd for spec in specs().values() for price in spec.prices})


@cache
def clouds() -> Mapping[str, Cloud]:
    """The clouds besides AWS that any service is of, by name."""
    return MappingProxyType({spec.cloud.name: spec.cloud for spec in specs().values() if spec.cloud})


def longest_idle_of(service: str) -> float:
    """Seconds of idleness past which nothing is claimed of ``service``; infinite where nobody knows."""
    spec = specs().get(service)
    return math.inf if spec is None else spec.longest_idle


def in_order(service: str, scope: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """``scope`` outermost part first, as the sessions of ``service`` have it.

    For what keeps no order: equal sessions need the same. Parts that nobody here knows follow, by name; none is dropped.
    """
    spec = specs().get(service)
    known = () if spec is None else spec.scope
    order = [*(part for part in known if part in scope), *sorted(scope.keys() - set(known))]
    return tuple((part, scope[part]) for part in order)


@cache
def _found() -> Mapping[str, tuple[str, ServiceSpec]]:
    found: dict[str, tuple[str, ServiceSpec]] = {}
    for module in pkgutil.iter_modules(importlib.import_module(_FOLDERS).__path__, f"{_FOLDERS}."):
        if module.ispkg and importlib.util.find_spec(f"{module.name}.spec"):
            spec: ServiceSpec = importlib.import_module(f"{module.name}.spec").SPEC
            found[spec.service] = (module.name, spec)
    return MappingProxyType(dict(sorted(found.items())))
