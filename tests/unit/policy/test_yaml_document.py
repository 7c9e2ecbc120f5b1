"""YAML files as trees: positions, YAML's surprises taken out, and clear sentences for what is no document."""

from __future__ import annotations

import pytest

from reaper.cli.yaml_document import MAX_NODES, read_policy_file, read_yaml
from reaper.core.policy.document import DocumentError, ListNode, MappingNode, ScalarKind, ScalarNode


def refusal(source: str | bytes) -> str:
    with pytest.raises(DocumentError) as refused:
        read_yaml(source)
    return refused.value.problem.render("f")


def test_every_part_knows_its_line_and_column():
    assert read_yaml("# a comment\na:\n  - x\n  - {b: 'y'}\n") == MappingNode(
        (
            (
                ScalarNode(ScalarKind.TEXT, "a", 2, 1),
                ListNode(
                    (
                        ScalarNode(ScalarKind.TEXT, "x", 3, 5),
                        MappingNode(
                            ((ScalarNode(ScalarKind.TEXT, "b", 4, 6), ScalarNode(ScalarKind.TEXT, "y", 4, 9)),), 4, 5
                        ),
                    ),
                    3,
                    3,
                ),
            ),
        ),
        2,
        1,
    )


@pytest.mark.parametrize(
    ("written", "kind", "text"),
    [
        ("no", ScalarKind.TEXT, "no"),
        ("on", ScalarKind.TEXT, "on"),
        ("Yes", ScalarKind.TEXT, "Yes"),
        ("true", ScalarKind.BOOLEAN, "true"),
        ("'true'", ScalarKind.TEXT, "true"),
        ("12", ScalarKind.NUMBER, "12"),
        ("-0.5", ScalarKind.NUMBER, "-0.5"),
        ("1e3", ScalarKind.NUMBER, "1e3"),
        ('"12"', ScalarKind.TEXT, "12"),
        ("!!str 12", ScalarKind.TEXT, "12"),
        ("012", ScalarKind.TEXT, "012"),
        ("0x1F", ScalarKind.TEXT, "0x1F"),
        ("1_000", ScalarKind.TEXT, "1_000"),
        (".5", ScalarKind.TEXT, ".5"),
        (".inf", ScalarKind.TEXT, ".inf"),
        ("08:00", ScalarKind.TEXT, "08:00"),
        ("18:00", ScalarKind.TEXT, "18:00"),
        ("2026-03-01", ScalarKind.TEXT, "2026-03-01"),
        ("~", ScalarKind.NULL, "~"),
        ("null", ScalarKind.NULL, "null"),
        ("", ScalarKind.NULL, ""),
        ("''", ScalarKind.TEXT, ""),
        ("!red", ScalarKind.MARKUP, "!red"),
        ("! red", ScalarKind.MARKUP, "! red"),
        ("*prod", ScalarKind.MARKUP, "*prod"),
        ("!!int 5", ScalarKind.MARKUP, "tag:yaml.org,2002:int 5"),
    ],
)
def test_a_scalar_is_what_json_would_make_of_it_and_else_the_text_as_written(written, kind, text):
    root = read_yaml(f"key: {written}")
    assert isinstance(root, MappingNode)
    value = root.entries[0][1]
    assert isinstance(value, ScalarNode)
    assert (value.kind, value.text) == (kind, text)


def test_duplicate_keys_are_kept_for_the_loader_to_report():
    root = read_yaml("a: 1\na: 2\n")
    assert isinstance(root, MappingNode)
    assert [(key.text, key.line) for key, _ in root.entries] == [("a", 1), ("a", 2)]


def test_an_alias_stands_for_what_it_names():
    root = read_yaml("a: &x [1]\nb: *x\n")
    assert isinstance(root, MappingNode)
    assert root.entries[0][1] == root.entries[1][1]


@pytest.mark.parametrize("source", ["", "\n", "# only a comment\n", "---\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_a_document_that_says_nothing(source):
    root = read_yaml(source)
    assert isinstance(root, ScalarNode)
    assert root.kind is ScalarKind.NULL


def test_a_byte_order_mark_is_skipped():
    assert read_yaml(b"\xef\xbb\xbfa: 1") == read_yaml("\ufeffa: 1") == read_yaml("a: 1")


def test_other_blanks_may_stand_in_a_text():
    assert read_yaml("a: |\n  \u00a0b: 1\n") == MappingNode(
        ((ScalarNode(ScalarKind.TEXT, "a", 1, 1), ScalarNode(ScalarKind.TEXT, "\u00a0b: 1\n", 1, 4)),), 1, 1
    )
    assert isinstance(read_yaml('"\u00a0a": 1\n'), MappingNode)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("a: 1\n---\nb: 2\n", "f:2:1: the file holds more than one document; keep one, without `---`"),
        ("a:\n\tb: 1\n", "f:2:1: a line is indented with a tab; YAML is indented with spaces"),
        (
            "a:\n\u00a0\u00a0b: 1\n",
            "f:2:1: a line is indented with U+00A0, no-break space; YAML is indented with spaces",
        ),
        (
            "a:\n  - b: 1\n  \u00a0 c: 1\n",
            "f:3:3: a line is indented with U+00A0, no-break space; YAML is indented with spaces",
        ),
        (
            "a:\n\u3000- b: 1\nc: [\n",
            "f:2:1: a line is indented with U+3000, ideographic space; YAML is indented with spaces",
        ),
        (
            "a:\n  b: {c: 1}\n\u200bd: 1\n",
            "f:3:1: a line is indented with U+200B, zero width space; YAML is indented with spaces",
        ),
        ("a: {{x}}\n", "f:1:5: a key is a list or mapping here; text with braces needs quotes"),
        ("a: &x {b: 1}\n<<: *x\n", "f:2:1: merge keys (`<<`) are not supported; write the keys out"),
        ("a: !thing {b: 1}\n", "f:1:4: the tag !thing is not supported; remove it"),
        ("a: \x07\n", "f:1:4: the character U+0007 may not stand in a YAML file"),
        (b"a: 1\nb: \xe9\n", "f:2:4: the byte 0xe9 is not UTF-8; save the file as UTF-8"),
        ("a: 1".encode("utf-16"), "f:1:1: the file is UTF-16; save it as UTF-8"),
        ("[" * 100_000, "f:1:65: the document is nested more than 64 deep"),
    ],
)
def test_what_is_no_document_is_refused_with_a_sentence(source, sentence):
    assert refusal(source) == sentence


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("a: >= 30m\n", 'a value that begins with > needs quotes: ">= 30m"'),
        ("a: > 2h\n", 'a value that begins with > needs quotes: "> 2h"'),
        ("a: {b: > 2h}\n", 'a value that begins with > needs quotes: "> 2h"'),
        ("- *prod*\n", 'a value that begins with * needs quotes: "*prod*"'),
        ("a: [x, @me]\n", 'a value that begins with @ needs quotes: "@me"'),
        ("a: {b: !red}\n", 'a value that begins with ! needs quotes: "!red"'),
    ],
)
def test_a_syntax_error_from_missing_quotes_says_so(source, hint):
    sentence = refusal(source)
    assert sentence.startswith("f:1:")
    assert sentence.endswith(f"; {hint}")


def test_aliases_cannot_make_a_small_file_huge():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    assert f"the document has more than {MAX_NODES} parts; use fewer aliases" in refusal("\n".join(lines))


def test_an_alias_inside_what_it_names_does_not_recurse():
    root = read_yaml("a: &a [*a]")
    assert isinstance(root, MappingNode)
    items = root.entries[0][1]
    assert isinstance(items, ListNode)
    assert items.items == (ScalarNode(ScalarKind.MARKUP, "*a", 1, 8),)


def test_a_file_is_read_by_what_its_name_says_it_is(tmp_path):
    (tmp_path / "p.yaml").write_text("a: 1\n")
    (tmp_path / "p.JSON").write_text('{"a": 1}')
    in_yaml, in_json = read_policy_file(tmp_path / "p.yaml"), read_policy_file(tmp_path / "p.JSON")
    assert isinstance(in_yaml, MappingNode)
    assert isinstance(in_json, MappingNode)
    assert [value.line for _, value in in_yaml.entries] == [1]
    assert [value.line for _, value in in_json.entries] == [None]


def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(DocumentError) as missing:
        read_policy_file(tmp_path / "none.yaml")
    with pytest.raises(DocumentError) as directory:
        read_policy_file(tmp_path)
    assert missing.value.problem.render("f") == (
        "f: the file cannot be read: no such file or directory; check the path and its permissions"
    )
    assert directory.value.problem.render("f") == (
        "f: the file cannot be read: is a directory; check the path and its permissions"
    )
