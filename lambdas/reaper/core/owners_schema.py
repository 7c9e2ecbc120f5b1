"""The JSON Schema of owners files, built from the words and patterns that the loader of :mod:`reaper.core.owners` uses.

It is draft-04 for AWS AppConfig, like that of policies. Where a schema cannot say what the loader checks (existing time
zones) it accepts more; it never accepts less.
"""

from __future__ import annotations

import json
from typing import Final

from reaper.core import owners
from reaper.core.policy import syntax
from reaper.core.policy.model import SCHEMA_VERSION

Schema = dict[str, object]

_CONTACT: Final[dict[str, Schema]] = {
    "team": {"description": "Names the team in messages and their attributes."},
    "email": {"description": "Where its digests are mailed, in lower case. Amazon SNS asks for a confirmation first."},
    "slack": {
        "description": 'A channel ("#data", in quotes), or the id of a channel (C.., G..) or of a user (U.., W..).'
    },
    "timezone": {"description": "IANA name, Europe/Berlin, for the times it reads. Default: the deployment's."},
}


def build() -> Schema:
    """The schema as a JSON object."""
    return {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "Session Reaper owners",
        "type": "object",
        "required": ["version"],
        "anyOf": [{"required": ["owners"]}, {"required": ["default"]}],
        "additionalProperties": False,
        "properties": {
            "version": {"description": "The grammar of this file.", "type": "integer", "enum": [SCHEMA_VERSION]},
            "owners": {
                "description": "Who hears of whose sessions. The first entry that fits the owner wins.",
                "type": "array",
                "items": _entry(),
            },
            "default": {
                "description": "Who hears of what nobody else owns.",
                "type": "object",
                "required": ["team"],
                "additionalProperties": False,
                "properties": _contact(),
            },
        },
        "definitions": {"pattern": _pattern()},
    }


def as_text() -> str:
    """The schema as the file ``schema/owners.schema.json`` holds it."""
    return json.dumps(build(), indent=2) + "\n"


def _entry() -> Schema:
    match: Schema = {
        "description": 'Globs on the fact `owner`, case-sensitive: "ana", "*@data.example.com". One, or a list.',
        "anyOf": [
            {"$ref": "#/definitions/pattern"},
            {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/pattern"}},
        ],
    }
    return {
        "type": "object",
        "required": list(owners.REQUIRED),
        "additionalProperties": False,
        "properties": {"match": match, **_contact()},
    }


def _contact() -> dict[str, Schema]:
    checks: dict[str, Schema] = {
        "team": _patterned(syntax.NAME),
        "email": {**_patterned(owners.EMAIL), "maxLength": owners.LONGEST_EMAIL},
        "slack": _patterned(owners.SLACK),
        "timezone": {"type": "string", "minLength": 1},
    }
    return {key: {**_CONTACT[key], **checks[key]} for key in owners.CONTACT}


def _pattern() -> Schema:
    """A glob; a number or a boolean is read as the text it looks like."""
    text: Schema = {"type": "string", "pattern": f"^{syntax.VALUE_START}"}
    return {"anyOf": [text, {"type": ["number", "boolean"]}]}


def _patterned(pattern: str) -> Schema:
    """A text that fits ``pattern`` as a whole; in many engines ``$`` alone would let a line break follow."""
    return {"type": "string", "pattern": f"^{pattern}$", "not": {"pattern": "\\n"}}
