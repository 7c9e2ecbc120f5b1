"""What a stop policy can ever reach: one that can reach nothing is a mistake, and its author hears of it.

A condition is asked of one service and one phase at a time, with everything else left open. What is left open may hold or
not, so that a policy is only called unreachable when no session at all could be stopped by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, assert_never

from reaper.core.policy.globs import matcher
from reaper.core.policy.model import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Lifted,
    Not,
    Policy,
    Presence,
    TagPresence,
    TagTest,
    TextTest,
)
from reaper.core.policy.problems import one_of
from reaper.core.session import Phase

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from reaper.catalog.spec import ServiceSpec

_IN_USE_OR_NOT: Final = frozenset({Phase.IDLE, Phase.BUSY})


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Why a policy never stops a session, and what to write instead."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class _Case:
    """One service, and one phase of its sessions; ``None`` for a phase that cannot be known."""

    service: str
    phase: Phase | None


@dataclass(frozen=True, slots=True)
class _Can:
    """What a condition can come to in a case: true, false, both (it depends on other facts) or neither (undecided)."""

    hold: bool
    fail: bool


_DEPENDS: Final = _Can(hold=True, fail=True)
_UNDECIDED: Final = _Can(hold=False, fail=False)


def unreachable(policy: Policy, specs: Mapping[str, ServiceSpec]) -> Unreachable | None:
    """Why the stop ``policy`` can stop no session whatever, or ``None`` where it may stop one.

    Of ``specs`` some never tell whether a session is in use: none of theirs is known to be idle or busy.
    """
    silent = {name: spec.brand for name, spec in specs.items() if not spec.tells_use}
    services = [service for service in specs if not policy.services or service in policy.services]
    if _reaches(policy, services, policy.even_when, silent):
        return None
    allowed = one_of(["idle", *(lifted.value for lifted in Lifted if lifted in policy.even_when)])
    blind = [silent[one] for one in services if one in silent and _reaches(policy, [one], policy.even_when, ())]
    why = f"{one_of(blind)} shows no evidence of use" if blind else "its `when` holds of none of them"
    missing = [lifted for lifted in Lifted if _reaches(policy, services, {lifted, *policy.even_when}, silent)]
    return Unreachable(
        f"this never stops a session: only those that are {allowed} may be stopped, and {why}",
        f"`then: report`, or say in so many words what else to stop: `even_when` with {one_of(missing)}"
        if missing
        else "mend its `when`",
    )


def _reaches(policy: Policy, services: Iterable[str], even_when: Iterable[Lifted], silent: Collection[str]) -> bool:
    """Whether ``when`` may hold of a session in a phase that may be stopped."""
    phases = [Phase.IDLE, *(_phase_of(lifted) for lifted in even_when)]
    cases = (_Case(service, phase) for service in services for phase in phases)
    return any(
        _evaluate(policy.when, case).hold
        for case in cases
        if case.service not in silent or case.phase not in _IN_USE_OR_NOT
    )


def _phase_of(lifted: Lifted) -> Phase | None:
    match lifted:
        case Lifted.BUSY:
            return Phase.BUSY
        case Lifted.STARTING:
            return Phase.STARTING
        case Lifted.UNHEALTHY:
            return Phase.UNHEALTHY
        case Lifted.UNDECIDABLE:
            return None
        case _:
            assert_never(lifted)


def _evaluate(condition: Condition, case: _Case) -> _Can:
    match condition:
        case AllOf(terms):
            found = [_evaluate(term, case) for term in terms]
            return _Can(all(term.hold for term in found), any(term.fail for term in found))
        case AnyOf(terms):
            found = [_evaluate(term, case) for term in terms]
            return _Can(any(term.hold for term in found), all(term.fail for term in found))
        case Not(term):
            inner = _evaluate(term, case)
            return _Can(hold=inner.fail, fail=inner.hold)
        case TextTest("phase" | "service" as fact, patterns):
            value = case.phase if fact == "phase" else case.service
            return _UNDECIDED if value is None else _certain(matcher(patterns)(value))
        case Presence("phase" | "service" as fact, present):
            return _UNDECIDED if fact == "phase" and case.phase is None else _certain(present)
        case TextTest() | Presence() | Compare() | TagTest() | TagPresence():
            return _DEPENDS
        case _:
            assert_never(condition)


def _certain(holds: bool) -> _Can:  # noqa: FBT001 - it is the value, not a switch
    return _Can(hold=holds, fail=not holds)
