from __future__ import annotations

import json
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from reaper.cli.yaml_document import read_policy_file, read_yaml
from reaper.core import owners_schema
from reaper.core.owners import Contact, Owners, OwnersBook, is_owners, load_owners, resolve
from reaper.core.policy.document import canonical_json, from_json
from reaper.core.policy.globs import matcher

ROOT = Path(__file__).parents[3]
SCHEMA_FILE = ROOT / "schema" / "owners.schema.json"
VALIDATOR = Draft4Validator(owners_schema.build())

DATA = Contact("data", "data@example.com", "#data", "Europe/Berlin")
ANA = Contact("ana", slack="U012AB3CD")
UNOWNED = Contact("unowned", "finops@example.com")
BOOK = OwnersBook(
    (Owners(("ana",), ANA), Owners(("*@data.example.com", "arn:aws:iam::*:role/data-?", "ana*"), DATA)), UNOWNED
)


def loaded(text: str):
    return load_owners(read_yaml(text))


def one_entry(**fields: object):
    return {"version": 1, "owners": [{"match": "ana", "team": "data", "email": "data@example.com", **fields}]}


def problems(document: object) -> list[str]:
    return [problem.render("owners.json") for problem in load_owners(from_json(json.dumps(document))).problems]


class TestResolve:
    @pytest.mark.parametrize(
        ("owner", "expected"),
        [
            ("ana", ANA),
            ("anabel", DATA),
            ("Ana", UNOWNED),
            ("bo@data.example.com", DATA),
            ("bo@data_example.com", UNOWNED),
            ("arn:aws:iam::123456789012:role/data-7", DATA),
            ("arn:aws:iam::123456789012:role/data-77", UNOWNED),
            ("ana\nbreak", DATA),
            ("", UNOWNED),
            (None, UNOWNED),
            ("ana" * 5_000, UNOWNED),
        ],
    )
    def test_the_first_entry_that_fits_wins_and_the_default_has_the_rest(self, owner, expected):
        assert resolve(BOOK, owner) == expected

    def test_without_a_default_nobody_hears_of_the_rest(self):
        assert resolve(OwnersBook(BOOK.entries), "zoe") is None
        assert resolve(OwnersBook(), "ana") is None

    @given(st.lists(st.text("ab*?", min_size=1, max_size=4), min_size=1, max_size=5), st.text("ab", max_size=5))
    def test_patterns_mean_what_they_mean_in_policies(self, patterns, owner):
        book = OwnersBook(tuple(Owners((pattern,), Contact(str(index))) for index, pattern in enumerate(patterns)))
        fitting = [str(index) for index, pattern in enumerate(patterns) if owner and matcher((pattern,))(owner)]

        found = resolve(book, owner)

        assert (found.team if found else None) == (fitting[0] if fitting else None)

    def test_the_default_is_not_taken_for_a_match(self):
        assert BOOK.entry_of("zoe") is None
        assert BOOK.entry_of("ana") == BOOK.entries[0]

    def test_ten_thousand_owners_are_found_among_five_hundred_entries_in_no_time(self):
        book = OwnersBook(
            tuple(Owners((f"user-{i}", f"*@team{i}.example.com"), Contact(f"team{i}")) for i in range(500))
        )
        began = process_time()

        assert resolve(book, "x@team499.example.com") == Contact("team499")
        for number in range(10_000):
            resolve(book, f"person-{number}@elsewhere.example.com")

        assert process_time() - began < 2


class TestLoading:
    def test_a_file_reads_like_this(self):
        found = loaded(
            """
            version: 1
            owners:
              - {match: ana, team: ana, slack: U012AB3CD}
              - match: ["*@data.example.com", "arn:aws:iam::*:role/data-?", ana*]
                team: data
                email: data@example.com
                slack: "#data"
                timezone: Europe/Berlin
            default: {team: unowned, email: finops@example.com}
            """
        )

        assert found.problems == ()
        assert found.book == BOOK

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "f:1:1: nothing is written in this file, or only comments; begin it with version: 1 and owners: []"),
            ("version: 1", "f:1:1: `owners` is missing; to name nobody say so: owners: []"),
            (
                "version: 1\nowners:\n# - match\n",
                "f:2:8: owners: nothing is written here; was the file cut off? to name nobody say so: owners: []",
            ),
            (
                "version: 1\ndefault:",
                "f:2:9: default: nothing is written here; was the file cut off? to name nobody say so: owners: []",
            ),
        ],
    )
    def test_a_file_that_is_empty_or_was_cut_off_is_an_error(self, text, sentence):
        found = loaded(text)

        assert found.book is None
        assert [problem.render("f") for problem in found.problems] == [sentence]

    def test_a_file_that_says_it_names_nobody_is_valid(self):
        found = loaded("version: 1\nowners: []")

        assert found.problems == ()
        assert found.book == OwnersBook()
        assert not found.book

    def test_every_error_is_told_at_once_with_its_place_and_a_hint(self):
        found = loaded(
            """version: 1
owner: []
owners:
  - match: ana
    team: my team
    email: Data@Example.com
    slack: "#Data"
    timezone: Europe/Berln
  - macth: bo
    team: bo
    slack: data
"""
        )

        assert found.book is None
        assert [problem.render("owners.yaml") for problem in found.problems] == [
            "owners.yaml:2:1: owner: no such key `owner`; did you mean `owners`?",
            (
                "owners.yaml:5:11: owners[0].team: `my team` is no name for a team; "
                "write 1 to 64 letters, digits, dots, hyphens or underscores"
            ),
            (
                "owners.yaml:6:12: owners[0].email: `Data@Example.com` is no mail address; "
                "write it in lower case: data@example.com"
            ),
            'owners.yaml:7:12: owners[0].slack: `#Data` is no Slack channel or user; did you mean "#data"?',
            "owners.yaml:8:15: owners[0].timezone: no such time zone `Europe/Berln`; did you mean `Europe/Berlin`?",
            "owners.yaml:9:5: owners[1].macth: no such key `macth`; did you mean `match`?",
            (
                "owners.yaml:9:5: owners[1]: `match` is missing; "
                'write it like {match: "*@data.example.com", team: data, email: data@example.com}'
            ),
            'owners.yaml:11:12: owners[1].slack: `data` is no Slack channel or user; did you mean "#data"?',
        ]

    @pytest.mark.parametrize(
        ("document", "words"),
        [
            ({"owners": []}, "`version` is missing"),
            ({"version": 2, "owners": [{"nonsense": 1}]}, "version 2 is not known here"),
            ({"version": "1"}, "expected version 1, found the text `1`"),
            ([], "expected a mapping with version and owners, found a list"),
            ({"version": 1, "owners": {}}, "expected a list of owners, found a mapping"),
            ({"version": 1, "owners": ["ana"]}, "expected who to tell, found the text `ana`"),
            (one_entry(match=[]), "the list is empty"),
            (one_entry(match=""), "an empty pattern matches no owner"),
            (one_entry(match="!ana"), "nothing is negated or compared here"),
            (one_entry(match=None), "nothing is written here"),
            (one_entry(email="data"), "`data` is no mail address"),
            (one_entry(email="a@b.example.com\n"), "is no mail address"),
            (one_entry(email="a,b@example.com"), "is no mail address"),
            (one_entry(email=f"{'a' * 64}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.com"), "is no mail address"),
            (one_entry(slack=None), "what follows a # is a comment"),
            (one_entry(slack="@ana"), "`@ana` is no Slack channel or user"),
            (one_entry(slack="D012AB3CD"), "`D012AB3CD` is no Slack channel or user"),
            (one_entry(timezone="Mars/Base"), "no such time zone"),
            (one_entry(timezone=1), "expected an IANA time zone, found the number 1"),
            ({"version": 1, "default": {"match": "x", "team": "t", "email": "a@example.com"}}, "no such key `match`"),
            ({"version": 1, "default": {"email": "a@example.com"}}, "`team` is missing"),
        ],
    )
    def test_what_cannot_be_understood_is_an_error(self, document, words):
        found = problems(document)

        assert load_owners(from_json(json.dumps(document))).book is None
        assert len(found) == 1
        assert words in found[0]

    def test_a_later_release_is_told_as_that_and_nothing_else(self):
        assert problems({"version": 2, "owners": "?"}) == [
            "owners.json: version: version 2 is not known here; this release reads version 1"
        ]


class TestWarnings:
    @pytest.mark.parametrize(
        ("earlier", "later"),
        [("ana", "ana"), ("*", "ana"), ("a*", "an?"), ("a*", "a*b"), ("*@example.com", "?*@example.com"), ("?", "x")],
    )
    def test_a_pattern_that_an_earlier_one_takes_whole_is_warned_of(self, earlier, later):
        found = loaded(
            f'version: 1\nowners:\n  - {{match: "{earlier}", team: a, email: a@example.com}}\n'
            f'  - {{match: "{later}", team: b, email: b@example.com}}\n'
        )

        assert [problem.render("f") for problem in found.problems] == [
            (
                f"f:4:13: owners[1].match: warning: `{later}` never matches: `{earlier}` on line 3 takes all of it; "
                "put it before that one"
            )
        ]
        assert found.book is not None

    @pytest.mark.parametrize(
        ("earlier", "later"), [("an?", "a*"), ("?", "*"), ("ana", "anabel"), ("a?", "a*"), ("a", "A")]
    )
    def test_a_pattern_that_takes_more_than_the_earlier_one_is_not(self, earlier, later):
        assert (
            problems(
                {
                    "version": 1,
                    "owners": [
                        {"match": earlier, "team": "a", "email": "a@example.com"},
                        {"match": later, "team": "b", "email": "b@example.com"},
                    ],
                }
            )
            == []
        )

    @given(st.text("ab*?", min_size=1, max_size=5), st.text("ab*?", min_size=1, max_size=5), st.text("ab", max_size=6))
    def test_no_pattern_is_called_hidden_that_could_match(self, earlier, later, owner):
        entries = [
            {"match": earlier, "team": "a", "email": "a@example.com"},
            {"match": later, "team": "b", "email": "b@example.com"},
        ]
        hidden = problems({"version": 1, "owners": entries}) != []
        book = OwnersBook((Owners((later,), DATA),)), OwnersBook((Owners((earlier,), ANA),))

        assert not (hidden and resolve(book[0], owner) and not resolve(book[1], owner))

    def test_a_destination_of_two_entries_is_warned_of(self):
        found = loaded(
            "version: 1\nowners:\n  - {match: a, team: a, email: a@example.com}\n"
            "  - {match: b, team: b, email: a@example.com}\n"
        )

        assert [problem.render("f") for problem in found.problems] == [
            (
                "f:4:32: owners[1].email: warning: `a@example.com` is told already on line 3; "
                "it gets one digest of both, by the first's timezone"
            )
        ]

    def test_a_team_that_nobody_is_told_for_is_warned_of(self):
        found = loaded("version: 1\nowners:\n  - {match: a, team: a}\n")

        assert [problem.render("f") for problem in found.problems] == [
            "f:3:5: owners[0]: warning: nobody is told for the team `a`; give it an email or a slack"
        ]
        assert found.book is not None


class TestSchema:
    def test_the_checked_in_schema_is_the_one_the_code_builds(self):
        assert SCHEMA_FILE.read_text() == owners_schema.as_text(), (
            "run: reaper schema --owners > schema/owners.schema.json"
        )

    def test_it_is_draft_04_and_fits_appconfig(self):
        Draft4Validator.check_schema(owners_schema.build())
        assert len(json.dumps(owners_schema.build())) < 32_000

    def test_the_shipped_file_is_valid_and_names_nobody(self):
        document = read_policy_file(ROOT / "owners.yaml")

        assert is_owners(document)
        assert load_owners(document) == load_owners(from_json('{"version": 1, "owners": []}'))
        assert VALIDATOR.is_valid(json.loads(canonical_json(document)))

    def test_the_examples_in_the_shipped_file_are_valid(self):
        lines = (ROOT / "owners.yaml").read_text().splitlines()
        begin = lines.index("owners: [] # nobody; without the brackets, entries go below")
        lines.insert(begin + 1, "owners:")
        del lines[begin]
        examples = [
            line.replace("# ", "", 1)
            for line in lines[begin:]
            if line.startswith(("owners:", "  # - match", "  #   ", "# default:"))
        ]
        text = "\n".join([*lines[:begin], *examples])

        found = load_owners(read_yaml(text))

        assert found.problems == ()
        assert found.book is not None
        assert [entry.contact.team for entry in found.book.entries] == ["data", "science"]
        assert found.book.default == UNOWNED

    VALUES = (None, "", "ana", "a b", "!a", "*", 1, True, [], ["a"], [""], ["a", 1], [None], {}, "a@example.com", "#data",
              "C012AB3CD", "A@example.com", "a@b", "Europe/Berlin", "#a\n", "x" * 65, f"{'a' * 260}@example.com")  # fmt: skip

    @pytest.mark.parametrize("key", ["match", "team", "email", "slack", "timezone", "nonsense"])
    def test_schema_and_loader_agree(self, key):
        for value in self.VALUES:
            contact = {"team": "t", "email": "t@example.com"}
            for document in (
                one_entry(**{key: value}),
                {"version": 1, "default": {**contact, key: value}},
                {"version": 1, key: value},
                {"version": 1, "owners": value},
            ):
                errors = [
                    one
                    for one in problems(document)
                    if "warning:" not in one and not ("no such time zone" in one and value)
                ]
                assert VALIDATOR.is_valid(document) == (not errors), (document, errors)

    def test_what_appconfig_gets_means_the_same(self):
        document = read_yaml("version: 1\nowners: [{match: [123, yes], team: data, email: a@example.com}]\n")

        assert load_owners(from_json(canonical_json(document))) == load_owners(document)


def test_the_keys_tell_owners_from_policies():
    assert is_owners(read_yaml("version: 1\nowners:\n"))
    assert is_owners(read_yaml("version: 1\ndefault: {}\n"))
    assert not is_owners(read_yaml("version: 1\npolicies: []\nowners: []\n"))
    assert not is_owners(read_yaml("version: 1"))
    assert not is_owners(read_yaml(""))
