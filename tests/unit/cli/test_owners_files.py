from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from reaper.cli.main import main

OWNERS = """# Who hears of whose sessions.
version: 1
owners:
  - match: [ana, 123]
    team: data
    slack: "#data"
"""
BAD = "version: 1\nowners:\n  - {match: ana, team: data, emial: data@example.com}\n"
POLICIES = "version: 1\npolicies:\n  - {name: old, when: {age: '> 1d'}, then: report}\nguards: {max_stops: 5}\n"


@pytest.fixture
def reaper(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str):
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_validate_tells_an_owners_file_by_its_keys(reaper):
    Path("people.yaml").write_text(OWNERS)
    Path("policies.yaml").write_text(POLICIES)

    assert reaper("validate", "people.yaml", "policies.yaml") == (
        0,
        "",
        "people.yaml: valid, 1 entry\npolicies.yaml: valid, 1 policy\n",
    )


def test_validate_tells_what_is_wrong_with_owners_and_where(reaper):
    Path("owners.yaml").write_text(BAD)

    code, out, err = reaper("validate", "owners.yaml")

    assert code == 1
    assert out.splitlines() == [
        "owners.yaml:3:5: owners[0]: warning: nobody is told for the team `data`; give it an email or a slack",
        "owners.yaml:3:30: owners[0].emial: no such key `emial`; did you mean `email`?",
    ]
    assert err == "owners.yaml: 1 error, 1 warning\n"


def test_validate_says_of_owners_in_json_whether_they_are_valid(reaper):
    Path("owners.yaml").write_text(OWNERS)

    _, out, _ = reaper("validate", "owners.yaml", "--output", "json")

    assert json.loads(out)["files"] == [{"file": "owners.yaml", "valid": True, "problems": []}]


def test_schema_prints_the_one_asked_for(reaper):
    assert json.loads(reaper("schema", "--owners")[1])["title"] == "Session Reaper owners"
    assert json.loads(reaper("schema")[1])["title"] == "Session Reaper policies"


def test_json_prints_owners_as_appconfig_takes_them(reaper):
    Path("owners.yaml").write_text(OWNERS)

    assert reaper("json", "owners.yaml") == (
        0,
        '{"version":1,"owners":[{"match":["ana","123"],"team":"data","slack":"#data"}]}\n',
        "",
    )


def test_json_prints_policies_as_appconfig_takes_them_and_their_warnings_apart(reaper):
    Path("policies.yaml").write_text(POLICIES)
    Path("none.yaml").write_text("version: 1\npolicies: []\n")

    assert reaper("json", "policies.yaml")[:2] == (
        0,
        '{"version":1,"policies":[{"name":"old","when":{"age":"> 1d"},"then":"report"}],"guards":{"max_stops":5}}\n',
    )
    code, out, err = reaper("json", "none.yaml")
    assert (code, out) == (0, '{"version":1,"policies":[]}\n')
    assert "warning: no policies" in err


@pytest.mark.parametrize("text", [BAD, "version: 1\npolices: []\n", "a: [", "\x00", '{"version": 1}}'])
def test_json_prints_nothing_of_a_file_that_cannot_be_used(reaper, text):
    Path("bad.yaml").write_text(text)

    code, out, err = reaper("json", "bad.yaml", "--output-file", "out.json")

    assert (code, out) == (1, "")
    assert err.startswith("bad.yaml:")
    assert "bad.yaml cannot be used (1 error)" in err
    assert not Path("out.json").exists()


def test_json_reads_standard_input(reaper, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(OWNERS.encode())))

    assert json.loads(reaper("json", "-")[1])["owners"][0]["team"] == "data"


def test_a_file_that_is_not_there_is_named(reaper):
    code, _, err = reaper("json", "nowhere.yaml")

    assert code == 1
    assert "nowhere.yaml: the file cannot be read" in err


def test_owners_are_no_policies_to_sweep_by(reaper):
    Path("owners.yaml").write_text(OWNERS)

    code, _, err = reaper("plan", "-p", "owners.yaml")

    assert code == 1
    assert "no such key `owners`" in err
