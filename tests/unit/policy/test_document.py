"""JSON documents as trees, and the canonical JSON that a deployed policy is."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reaper.cli.yaml_document import read_yaml
from reaper.core.policy.document import (
    DocumentError,
    ListNode,
    MappingNode,
    ScalarKind,
    ScalarNode,
    canonical_json,
    digest,
    from_json,
)
from reaper.core.policy.load import load
from tests.support.policy_documents import documents


def text(value: str) -> ScalarNode:
    return ScalarNode(ScalarKind.TEXT, value)


def test_json_becomes_a_tree_that_keeps_numbers_as_written_and_duplicate_keys():
    assert from_json('{"a": [1.50, true, null, "x"], "a": 1e3}') == MappingNode(
        (
            (
                text("a"),
                ListNode(
                    (
                        ScalarNode(ScalarKind.NUMBER, "1.50"),
                        ScalarNode(ScalarKind.BOOLEAN, "true"),
                        ScalarNode(ScalarKind.NULL, "null"),
                        text("x"),
                    )
                ),
            ),
            (text("a"), ScalarNode(ScalarKind.NUMBER, "1e3")),
        )
    )


def test_json_may_nest_as_deep_as_the_limit():
    assert isinstance(from_json("[" * 63 + "[1]" + "]" * 63), ListNode)


def test_json_may_be_bytes_with_a_byte_order_mark():
    assert from_json(b"\xef\xbb\xbf[]") == ListNode(())


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("", "f:1:1: not valid JSON: Expecting value"),
        ('{\n  "a": }', "f:2:8: not valid JSON: Expecting value"),
        ("[NaN]", "f: not valid JSON: NaN is not a JSON number"),
        ("[" * 65 + "]" * 65, "f: the document is nested more than 64 deep"),
        ("[" * 200_000, "f: the document is nested more than 64 deep"),
        ('"\\ud800"', "f: a text holds half a surrogate pair, which is no character"),
        (b'{"a": "\xe9"}', "f:1:8: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ('{"version": 1}'.encode("utf-16"), "f:1:1: the file is UTF-16; save it as UTF-8"),
    ],
)
def test_what_is_no_json_document_is_refused_with_a_sentence(source, sentence):
    with pytest.raises(DocumentError) as refused:
        from_json(source)
    assert refused.value.problem.render("f") == sentence


YAML = """
version: 1
prices: {glue_dpu_hour: 0.50}
policies:
  - name: p
    when:
      account: 012345678901
      tags: {env: no, cost: 1.10, since: 2026-03-01, flag: true, quoted: "5"}
      idle_for: "> 1h"
    then: report
  - name: q
    when: {tags: {snooze: 3, times: 4}}
    then: stop
    snooze: {max: 8h, times: 2}
guards:
  max_stops: 3
  max_idle_cost: 12.50
  stop_hours: [{days: mon, from: 08:00, to: 18:00, timezone: UTC}]
"""
CANONICAL = (
    '{"version":1,"prices":{"glue_dpu_hour":0.5},"policies":[{"name":"p","when":{"account":"012345678901",'
    '"tags":{"env":"no","cost":"1.10","since":"2026-03-01","flag":"true","quoted":"5"},"idle_for":"> 1h"},'
    '"then":"report"},{"name":"q","when":{"tags":{"snooze":"3","times":"4"}},"then":"stop",'
    '"snooze":{"max":"8h","times":2}}],"guards":{"max_stops":3,"max_idle_cost":12.5,'
    '"stop_hours":[{"days":"mon","from":"08:00","to":"18:00","timezone":"UTC"}]}}'
)


def test_canonical_json_keeps_every_text_a_string_and_every_number_a_number():
    assert canonical_json(read_yaml(YAML)) == CANONICAL


def test_yaml_and_its_canonical_json_load_to_equal_books():
    book = load(read_yaml(YAML)).book
    assert book is not None
    assert load(from_json(CANONICAL)).book == book


def test_the_digest_names_the_content_and_not_the_language_it_is_written_in():
    assert digest(read_yaml(YAML)) == digest(from_json(CANONICAL))
    assert digest(read_yaml(YAML)) != digest(read_yaml(YAML.replace("1h", "2h")))


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc"])))
def test_any_text_survives_canonical_json(value):
    document = MappingNode(((text("version"), ScalarNode(ScalarKind.NUMBER, "1")), (text("x"), text(value))))
    assert from_json(canonical_json(document)) == document


@settings(max_examples=300, deadline=None)
@given(documents)
def test_a_file_means_the_same_in_yaml_in_json_and_as_canonical_json(document):
    in_yaml = read_yaml(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    book = load(in_yaml).book
    assert load(from_json(json.dumps(document))).book == book
    if book is not None:
        assert load(from_json(canonical_json(in_yaml))).book == book
