"""Globs mean what they should, and take time that grows with a stranger's text and no faster."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper.cli.yaml_document import read_yaml
from reaper.core.explain import explain
from reaper.core.judge import compile_book
from reaper.core.owners import Contact, Owners, OwnersBook, load_owners, resolve
from reaper.core.policy.globs import first_of, matcher
from reaper.core.policy.load import load
from reaper.core.policy.problems import did_you_mean
from tests.support.growth import cost
from tests.support.sessions import NOW, session

MANY_RUNS = "*-*-*-*-*-*-*-*-dev"
SHORT, LONG = 64, 256
"""Characters. Four times the text may take four times as long; a matcher that tries each run again takes 64 times as long
with three runs, and does not end within a lifetime with eight."""
MOST = 20


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*-dev", "-dev", True),
        ("*-dev", "a-dev-dev", True),
        ("*-dev", "a-dev-", False),
        ("a*b*a", "aba", True),
        ("a*b*a", "ab", False),
        ("a*a", "a", False),
        ("*a?c*a?c", "abcaxc", True),
        ("*a?c*a?c", "abc", False),
        ("*ab*b", "ab", False),
        ("*aab*", "aaab", True),
        ("**", "", True),
        ("?*?", "a", False),
        ("?*?", "ab", True),
        ("a.c*", "abc", False),
        ("[ab]*", "a", False),
        ("a*\n*b", "a\n\nb", True),
        ("??", "\n\n", True),
    ],
)
def test_a_glob_means(pattern, text, fits):
    assert matcher((pattern,))(text) is fits
    assert (first_of([("x",), (pattern,)])(text) == 1) is fits


@given(st.text("ab*?\n", max_size=8), st.text("ab\n", max_size=10))
def test_a_glob_means_what_a_shell_means_by_it(pattern, text):
    assert matcher((pattern,))(text) is fnmatchcase(text, pattern)


@pytest.mark.parametrize("of_globs", [False, True])
def test_four_times_the_text_never_takes_much_more_than_four_times_as_long(of_globs):
    pattern = "*-*-*-dev"
    for asked in (matcher((pattern,)), first_of([(pattern,)], of_globs=of_globs)):
        assert cost(asked, "-" * LONG) < MOST * cost(asked, "-" * SHORT)


DASHES = session(name="-" * 2_000, tags={"project": "-" * 256}, creator="-" * 1_000)


@pytest.mark.parametrize("when", [f'{{name: "{MANY_RUNS}"}}', f'{{tags: {{project: ["x", "{MANY_RUNS}"]}}}}'])
def test_a_name_or_tag_of_dashes_is_judged_and_explained(when):
    loaded = load(read_yaml(f"version: 1\npolicies: [{{name: p, when: {when}, then: report}}]"))
    assert loaded.book is not None
    explained = explain(compile_book(loaded.book), DASHES, NOW)
    assert [policy.applies for policy in explained.policies] == [False]


def test_an_owner_of_dashes_is_looked_up():
    book = OwnersBook((Owners((MANY_RUNS,), Contact("dev")), Owners(("?-*-*-*-*-*-*-*-*x",), Contact("x"))))
    assert resolve(book, "-" * 1_000) is None
    assert resolve(book, "-" * 1_000 + "dev") == Contact("dev")


def test_owners_patterns_are_compared_with_each_other():
    patterns = f'["{MANY_RUNS}", "{"-" * 1_000}", "{"-" * 1_000}dev"]'
    loaded = load_owners(read_yaml(f"version: 1\nowners: [{{match: {patterns}, team: dev, email: a@example.com}}]"))
    assert ["never matches" in problem.message for problem in loaded.problems] == [True]


def test_a_glob_on_a_closed_list_is_checked():
    loaded = load(read_yaml('version: 1\npolicies: [{name: p, when: {service: "*-*-*-*-*-*-x"}, then: report}]'))
    assert ["matches no service" in problem.message for problem in loaded.problems] == [True]


def test_what_a_long_word_may_have_meant_is_not_looked_for():
    assert did_you_mean("glue-idel", ["glue-idle"]) == "did you mean `glue-idle`?"
    assert not did_you_mean("ab" * 5_000, ["ab" * 5_000 + "c"])
