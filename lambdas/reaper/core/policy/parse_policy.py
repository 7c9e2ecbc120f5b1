"""One entry of ``policies``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reaper.core.policy import syntax
from reaper.core.policy.model import Action, Lifted, Policy
from reaper.core.policy.parse_condition import parse_condition
from reaper.core.policy.parse_values import duration, strict_text, word, words
from reaper.core.policy.problems import one_of, quoted
from reaper.core.session import Service

if TYPE_CHECKING:
    from reaper.core.policy.place import Place

KNOWN: Final = ("name", "description", "services", "when", "then", "grace", "even_when")
REQUIRED: Final = ("name", "when", "then")
_RESERVED: Final = "session-reaper/"


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
    services = words(fields["services"], Service, "service") if "services" in fields else frozenset[Service]()
    when = parse_condition(fields["when"]) if "when" in fields else None
    then = word(fields["then"], Action, "action") if "then" in fields else None
    even_when = words(fields["even_when"], Lifted, "phase") if "even_when" in fields else frozenset[Lifted]()
    grace = _parse_grace(fields["grace"]) if "grace" in fields else None
    if then is not None and then is not Action.STOP:
        for key in ("grace", "even_when"):
            if key in fields:
                fields[key].key_error(f"`{key}` has no meaning with `then: {then}`", "only a stop has it: remove it")
    if name is None or when is None or then is None or description is None or services is None or even_when is None:
        return None
    if then is Action.STOP and len(place.findings) == before:
        _warn_of_stop(fields, services, even_when)
    return Policy(
        name=name,
        when=when,
        then=then,
        description=description,
        services=frozenset(str(service) for service in services),
        grace=grace,
        even_when=even_when,
    )


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


def _warn_of_stop(fields: dict[str, Place], services: frozenset[Service], even_when: frozenset[Lifted]) -> None:
    if even_when:
        doubtful = one_of(sorted(even_when))
        fields["even_when"].warning(f"this stops sessions that are {doubtful}, not only those known to be idle")
    elif services == frozenset({Service.EMR_SERVERLESS_SPARK}):
        fields["then"].warning(
            "this never stops a session: EMR Serverless Spark shows no evidence of use, and only idle sessions are stopped",
            "`then: report`, or say so in so many words: `even_when: [undecidable]`",
        )
