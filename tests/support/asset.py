"""What the asset of the default stack is built for, as ``app.py`` says it."""

from __future__ import annotations

from reaper.catalog.services import specs

SERVICES = ("athena", "deadline", "glue")
CALLS = {
    service: frozenset(
        action.partition(":")[2]
        for grant in (*specs()[service].read, *specs()[service].stop)
        for action in grant.actions
    )
    for service in SERVICES
}
"""Service -> the operations its provider calls, in report mode and in enforce mode."""
ALL_CALLS = tuple(f"{service}:{name}" for service, names in CALLS.items() for name in names)
