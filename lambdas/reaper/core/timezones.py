"""The time zones there are: those of the IANA database that is deployed, whatever else the machine at hand calls one.

A system's own database also knows ``localtime``, ``posixrules`` and zones under ``posix/`` and ``right/`` (with leap seconds),
which mean something else elsewhere, or nothing.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

_UNSET: Final = "Factory"
"""The database's word for a machine whose zone nobody has set; it is no place's time."""


@cache
def timezones() -> frozenset[str]:
    """Every name that a policy or owners file may use, as the package ``tzdata`` lists them."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()) - {_UNSET}
