"""The JSON Schema of policy files, built from the same vocabulary, words and patterns the loader uses.

It completes and checks files in an editor, and is the first gate of a deployed policy. It is draft-04, the only draft that
AWS AppConfig's validators take (docs.aws.amazon.com/appconfig: "Understanding validators"), and below their 32 kB. Where
a schema cannot say what the loader checks (unique names, existing time zones) it accepts more; it never accepts less.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, assert_never

from reaper.catalog.services import prices, specs
from reaper.core import durations
from reaper.core.policy import syntax
from reaper.core.policy.model import DEFAULT_OWNER_TAGS, SCHEMA_VERSION, Action, Guards, Lifted, SnoozeLimit, Stage
from reaper.core.policy.parse_compare import comparable_with
from reaper.core.policy.parse_policy import ONLY_STOP, REQUIRED
from reaper.core.policy.parse_text import ABSENT, PRESENT
from reaper.core.vocabulary import VOCABULARY, FactDefinition, FactType

if TYPE_CHECKING:
    from collections.abc import Iterable

Schema = dict[str, object]

_PRESENCE: Final[Schema] = {"enum": [PRESENT, ABSENT]}
_BARE_VALUE: Final[Schema] = {"type": ["number", "boolean"]}
"""``123456789012`` or ``true`` where text is meant: read as the text it looks like."""
_CHOICE_GLOB: Final = "[a-z-]*[*?][a-z*?-]*"


def build() -> Schema:
    """The schema as a JSON object."""
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "Session Reaper policies",
        "type": "object",
        "required": ["version", "policies"],
        "additionalProperties": False,
        "properties": {
            "version": {"description": "The grammar of this file.", "type": "integer", "enum": [SCHEMA_VERSION]},
            "policies": {
                "description": "What to protect, stop or report. Of all that hold: protect, then stop, then report.",
                "type": "array",
                "items": _ref("policy"),
            },
            "guards": _guards(),
            "owner_tags": {
                "description": f"Tag keys that tell the owner, first match wins. Default: {', '.join(DEFAULT_OWNER_TAGS)}.",
                "type": ["array", "null"],
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "string", "minLength": 1},
            },
            "prices": {
                "description": "Your own prices, USD per unit and hour, for the cost estimates.",
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {key: _price(default) for key, default in prices().items()},
            },
        },
        "definitions": {
            "policy": _policy(),
            "condition": _condition(),
            "conditions": {"type": "array", "minItems": 1, "items": _ref("condition")},
            "text": _text(),
            "tags": _tags(),
            "duration": _patterned(syntax.DURATION),
        },
    }


def as_text() -> str:
    """The schema as the file ``schema/policies.schema.json`` holds it."""
    return json.dumps(build(), indent=2) + "\n"


def _policy() -> Schema:
    only_stop: Schema = {"properties": {"then": {"enum": [Action.STOP.value]}}}
    return {
        "type": "object",
        "required": list(REQUIRED),
        "additionalProperties": False,
        "dependencies": dict.fromkeys(ONLY_STOP, only_stop),
        "properties": {
            "name": {"description": "Names the policy in reports. Unique.", **_patterned(syntax.NAME)},
            "description": {"description": "Why it is there, for people.", "type": "string"},
            "services": {
                "description": "The services it is about. Default: all.",
                **_words(specs()),
            },
            "when": {"description": "What must hold of a session: all of these.", **_ref_with_siblings("condition")},
            "then": {
                "description": "protect: never stop or report it. stop: stop it (in enforce mode). report: tell people.",
                "enum": [action.value for action in Action],
            },
            "grace": {
                "description": "Warn the owner first; stop only after the condition has held this long. 15m. "
                "Without a ledger it only warns, and never stops.",
                "allOf": [_ref("duration"), {"not": {"pattern": f"^{syntax.ZERO_DURATION}$"}}],
            },
            "even_when": {
                "description": "Stop sessions that are not known to be idle. Dangerous: this may stop work in progress.",
                **_words(Lifted),
            },
            "stage": {
                "description": "How far it may go. observe: say what it would stop, warn nobody. warn: warn, never stop. "
                "enforce: stop, where the deployed mode is enforce too, and with a grace only if there is a ledger.",
                "enum": [stage.value for stage in Stage],
                "default": Stage.ENFORCE.value,
            },
            "snooze": _snooze(),
        },
    }


def _snooze() -> Schema:
    defaults = SnoozeLimit()
    shortest, longest = syntax.SHORTEST_SNOOZE, syntax.LONGEST_SNOOZE
    return {
        "description": "How people may put off the stop of a session they still need. Needs a ledger.",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            "max": {
                "description": f"The longest one snooze may be, from {shortest} to {longest}. "
                f"Default: {durations.format(defaults.max)}.",
                **_ref_with_siblings("duration"),
            },
            "times": _count("The most snoozes of one session; 0 for none.", defaults.times, syntax.MAX_SNOOZES),
        },
    }


def _guards() -> Schema:
    defaults = Guards()
    return {
        "description": "Limits on the stops of one sweep, per service, account and region. Exceeded, nothing is stopped.",
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            "max_stops": _count("The most sessions to stop.", defaults.max_stops),
            "max_stop_share": _share("The largest share of the live sessions to stop.", defaults.max_stop_share),
            "min_population": _count("So many live sessions before the share counts.", defaults.min_population),
            "min_age": {
                "description": "A younger session is not stopped. Default: 10m.",
                **_ref_with_siblings("duration"),
            },
            "stop_hours": {
                "description": "When stops are allowed. Default: any time.",
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["days", "from", "to", "timezone"],
                    "additionalProperties": False,
                    "properties": {
                        "days": {"description": "mon-fri, or sat,sun, or fri-mon.", **_patterned(syntax.DAYS)},
                        "from": {"description": '"08:00"', **_patterned(syntax.START)},
                        "to": {"description": '"18:00"; up to "24:00".', **_patterned(syntax.END)},
                        "timezone": {"description": "IANA name: Europe/Berlin.", "type": "string", "minLength": 1},
                    },
                },
            },
            "max_idle_cost": {
                "description": "USD: the most that the idle time of all sessions to stop has cost. Default: no limit.",
                "type": "number",
                "minimum": 0,
                "maximum": syntax.MAX_COST,
            },
            "population_factor": {
                "description": "So many times more or fewer live sessions than usual is not believed. Needs a ledger.",
                "type": "number",
                "minimum": 1,
                "exclusiveMinimum": True,
                "maximum": syntax.MAX_FACTOR,
                "default": defaults.population_factor,
            },
            "max_tag_failures": _share(
                "The share of tag look-ups that may fail before no stop is trusted.", defaults.max_tag_failures
            ),
            "max_evidence_failures": _share(
                "The share of sessions whose evidence of use may be unreadable before no stop is trusted.",
                defaults.max_evidence_failures,
            ),
            "max_regret_share": _share(
                "The share of a policy's stops that may be regretted (the session recreated within minutes) "
                "before it only reports. Needs a ledger.",
                defaults.max_regret_share,
            ),
        },
    }


def _condition() -> Schema:
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            **{fact.name: _fact(fact) for fact in VOCABULARY.values()},
            "all": {"description": "Every one of these holds.", **_ref_with_siblings("conditions")},
            "any": {"description": "At least one of these holds.", **_ref_with_siblings("conditions")},
            "not": {"description": "This does not hold.", **_ref_with_siblings("condition")},
        },
    }


def _fact(fact: FactDefinition) -> Schema:
    description = f"{fact.type.value}: {fact.meaning}"
    match fact.type:
        case FactType.TEXT if fact.choices:
            return {"description": description, **_choice(fact.choices)}
        case FactType.TEXT:
            return {"description": description, **_ref_with_siblings("text")}
        case FactType.TAGS:
            return {"description": description, **_ref_with_siblings("tags")}
        case FactType.DURATION:
            return {"description": f'{description}. ">= 30m"', **_comparison(syntax.DURATION, fact)}
        case FactType.NUMBER | FactType.MONEY:
            return {"description": f'{description}. ">= 5"', **_comparison(syntax.NUMBER, fact)}
        case _:
            assert_never(fact.type)


def _comparison(value: str, fact: FactDefinition) -> Schema:
    right = "|".join((value, *comparable_with(fact)))
    return {"anyOf": [_PRESENCE, _patterned(syntax.COMPARISON % right)]}


def _text() -> Schema:
    value: Schema = {"type": "string", "pattern": f"^({syntax.VALUE_START}|$)", "not": _PRESENCE}
    negatable: Schema = {
        "type": "string",
        "pattern": f"^({syntax.TEXT_START}|$)",
        "not": {"enum": [f"!{PRESENT}", f"!{ABSENT}"]},
    }
    return {
        "description": 'A value, a glob with * and ?, a list of them, "!value", present or absent.',
        "anyOf": [
            _PRESENCE,
            negatable,
            _BARE_VALUE,
            {"type": "array", "minItems": 1, "items": {"anyOf": [value, _BARE_VALUE]}},
        ],
    }


def _tags() -> Schema:
    return {
        "anyOf": [
            _PRESENCE,
            {
                "type": "object",
                "minProperties": 1,
                "patternProperties": {f"^{syntax.TAG_KEY}$": _ref("text")},
                "additionalProperties": False,
            },
        ]
    }


def _choice(choices: tuple[str, ...]) -> Schema:
    values = [str(choice) for choice in choices]
    return {
        "anyOf": [
            {"enum": [*values, *(f"!{value}" for value in values), PRESENT, ABSENT]},
            _patterned(f"!?{_CHOICE_GLOB}"),
            {"type": "array", "minItems": 1, "items": {"anyOf": [{"enum": values}, _patterned(_CHOICE_GLOB)]}},
        ]
    }


def _words(words: Iterable[str]) -> Schema:
    return {"type": "array", "minItems": 1, "uniqueItems": True, "items": {"enum": [str(word) for word in words]}}


def _count(description: str, default: int, largest: int = syntax.MAX_COUNT) -> Schema:
    limits: Schema = {"type": "integer", "minimum": 0, "maximum": largest}
    return {"description": description, **limits, "default": default}


def _share(description: str, default: float) -> Schema:
    return {"description": description, "type": "number", "minimum": 0, "maximum": 1, "default": default}


def _price(default: float) -> Schema:
    limits: Schema = {"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": syntax.MAX_PRICE}
    return {"description": f"USD. Default: {default}.", **limits}


def _patterned(pattern: str) -> Schema:
    """A text that fits ``pattern`` as a whole; in many engines ``$`` alone would let a line break follow."""
    return {"type": "string", "pattern": f"^{pattern}$", "not": {"pattern": "\\n"}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _ref_with_siblings(name: str) -> Schema:
    """A reference that may have a description beside it: draft-04 ignores what stands beside a bare ``$ref``."""
    return {"allOf": [_ref(name)]}
