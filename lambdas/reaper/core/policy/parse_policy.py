"""One entry of ``policies``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reaper.catalog.services import specs
from reaper.core import durations
from reaper.core.policy import syntax
from reaper.core.policy.document import MappingNode
from reaper.core.policy.model import Action, Lifted, Policy, SnoozeLimit, Stage
from reaper.core.policy.parse_condition import parse_condition
from reaper.core.policy.parse_values import count, duration, strict_text, word, words
from reaper.core.policy.problems import Severity, one_of, quoted
from reaper.core.policy.reach import unreachable

if TYPE_CHECKING:
    from reaper.core.policy.place import Place

KNOWN: Final = ("name", "description", "services", "when", "then", "grace", "even_when", "stage", "snooze")
ONLY_STOP: Final = ("grace", "even_when", "stage", "snooze")
"""What only a stop policy has."""
REQUIRED: Final = ("name", "when", "then")
_RESERVED: Final = "session-reaper/"
_SNOOZE: Final = ("max", "times")
_SNOOZE_EXAMPLE: Final = "write it like {max: 8h, times: 3}, or {times: 0} to allow none"


def parse_policy(place: Place, taken: dict[str, Place]) -> Policy | None:
    """The policy, under a name that is not ``taken``; its name is added to those."""
    fields = place.fields(KNOWN, "a policy", hint="write it like {name: .., when: {..}, then: report}")
    if fields is None:
        return None
    for key in REQUIRED:
        if key not in fields:
            place.error(f"`{key}` is missing", f"a policy needs {one_of(REQUIRED).replace(' or ', ' and ')}")
    before = len(place.findings)
    name = _parse_name(fields["name"], taken) if "name" in fields else None
    description = strict_text(fields["description"], "a text") if "description" in fields else ""
    services = words(fields["services"], tuple(specs()), "service") if "services" in fields else frozenset[str]()
    when = parse_condition(fields["when"]) if "when" in fields else None
    then = word(fields["then"], Action, "action") if "then" in fields else None
    even_when = words(fields["even_when"], Lifted, "phase") if "even_when" in fields else frozenset[Lifted]()
    grace = _parse_grace(fields["grace"]) if "grace" in fields else None
    stage = word(fields["stage"], Stage, "stage") if "stage" in fields else Stage.ENFORCE
    snooze = _parse_snooze(fields["snooze"]) if "snooze" in fields else SnoozeLimit()
    if then is not None and then is not Action.STOP:
        for key in ONLY_STOP:
            if key in fields:
                fields[key].key_error(f"`{key}` has no meaning with `then: {then}`", "only a stop has it: remove it")
    if name is None or when is None or then is None or description is None:
        return None
    if services is None or even_when is None or stage is None or snooze is None:
        return None
    policy = Policy(
        name=name,
        when=when,
        then=then,
        description=description,
        services=services,
        grace=grace,
        even_when=even_when,
        stage=stage,
        snooze=snooze,
    )
    failed = any(finding.severity is Severity.ERROR for finding in place.findings[before:])
    if then is Action.STOP and not failed:
        _warn_of_stop(fields, policy)
    return policy


def _parse_name(place: Place, taken: dict[str, Place]) -> str | None:
    text = strict_text(place, "a name")
    if text is None:
        return None
    if text.startswith(_RESERVED):
        return place.error(f"{quoted(text)} is reserved", f"choose a name that does not begin with {_RESERVED}")
    if not re.fullmatch(syntax.NAME, text):
        return place.error(
            f"{quoted(text)} is no name for a policy", "write 1 to 64 letters, digits, dots, hyphens or underscores"
        )
    if text in taken:
        first = taken[text].node.line
        at = f", the first on line {first}" if first is not None else f", the first at {taken[text].path}"
        return place.error(f"two policies are called {quoted(text)}{at}", "give each its own name")
    taken[text] = place
    return text


def _parse_grace(place: Place) -> float | None:
    seconds = duration(place, "15m")
    return place.error("a grace of nothing is no grace", "leave it out") if seconds == 0 else seconds


def _parse_snooze(place: Place) -> SnoozeLimit | None:
    if isinstance(place.node, MappingNode) and not place.node.entries:
        return place.error("no limit is written here", _SNOOZE_EXAMPLE)
    fields = place.fields(_SNOOZE, "a mapping of limits", noun="limit", hint=_SNOOZE_EXAMPLE)
    if fields is None:
        return None
    defaults = SnoozeLimit()
    longest = _parse_snooze_length(fields["max"]) if "max" in fields else defaults.max
    times = (
        count(fields["times"], "a whole number of snoozes", syntax.MAX_SNOOZES) if "times" in fields else defaults.times
    )
    return None if longest is None or times is None else SnoozeLimit(max=longest, times=times)


def _parse_snooze_length(place: Place) -> float | None:
    seconds = duration(place, "8h")
    shortest, longest = syntax.SHORTEST_SNOOZE, syntax.LONGEST_SNOOZE
    if seconds is not None and not durations.parse(shortest) <= seconds <= durations.parse(longest):
        allow_none = "; to allow no snooze write {times: 0}" if seconds < durations.parse(shortest) else ""
        return place.error(
            f"{durations.format(seconds)} is no length for a snooze", f"from {shortest} to {longest}{allow_none}"
        )
    return seconds


def _warn_of_stop(fields: dict[str, Place], policy: Policy) -> None:
    if (never := unreachable(policy, specs())) is not None:
        fields["then"].warning(never.message, never.hint)
    elif policy.even_when:
        doubtful = one_of(sorted(policy.even_when))
        fields["even_when"].warning(f"this stops sessions that are {doubtful}, not only those known to be idle")
