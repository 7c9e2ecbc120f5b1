"""Documents in and out: what is wrong is refused with its place, and no text of a stranger breaks the JSON."""

from __future__ import annotations

import json

import msgspec
import pytest

from reaper.wire.codec import WireError, builtins_of, convert, decode, encode
from reaper.wire.report import Report
from tests.support.reports import finding, report

HALF = "\ud83d"


def test_what_is_wrong_is_refused_with_its_place():
    broken = report(finding("warned"), finding("stopped", facts={"age": "old"}))

    with pytest.raises(
        WireError, match=r"Expected `float \| object \| null`, got `str` - at `\$\.findings\[1\]\.facts\.age`"
    ):
        decode(json.dumps(broken), Report)
    with pytest.raises(WireError, match=r"missing required field `id` - at `\$\.findings\[0\]\.ref`"):
        convert(report(finding("warned", ref={"service": "glue", "account": "1", "region": "r", "scope": {}})), Report)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, b"\xff{}", '{"a": 1} {}'])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(WireError):
        decode(text, Report)


def test_members_of_a_newer_release_are_left_alone_and_its_outcomes_are_read():
    newer = report(finding("teleported", aura="blue"), weather="mild")

    assert decode(json.dumps(newer), Report).findings[0].outcome == "teleported"


def test_half_a_character_is_replaced_when_written_and_when_read():
    broken = convert(report(finding("warned")), Report)
    broken = msgspec.structs.replace(broken, notes=(f"a{HALF}b",))

    assert json.loads(encode(broken))["notes"] == ["a\ufffdb"]
    assert decode(json.dumps(report(notes=[f"a{HALF}b"])), Report).notes == ("a\ufffdb",)


def test_a_document_is_written_as_it_was_read():
    whole = report(finding("stopped", avoided_cost=1.5, news=False), notes=["x"])

    assert json.loads(encode(decode(json.dumps(whole), Report))) == whole
    assert builtins_of(convert(whole, Report)) == whole
