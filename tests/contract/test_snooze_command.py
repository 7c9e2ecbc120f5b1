"""`reaper snooze` and `reaper snoozes` on a table in DynamoDB, as whoever STS says it is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reaper.cli.main import main
from reaper.core.memory import Card
from reaper.ledger.dynamodb import DynamoDbLedger
from tests.support.ledgers import SCIENCE, memory
from tests.support.tables import make_table


@pytest.fixture
def reaper(dynamodb, capsys):
    table = make_table(dynamodb)
    card = Card(owner="ana", hourly_cost=0.35, snooze_max=7200.0, snooze_times=2, acts=True)
    DynamoDbLedger(dynamodb, table, "us-east-1").write([replace(memory(), card=card, ref=SCIENCE), memory("other")])

    def run(*arguments):
        code = main([*arguments, "--ledger", table])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_a_session_is_kept_listed_and_given_up_again(reaper):
    code, out, err = reaper("snooze", "8f1c", "--for", "2h")
    assert (code, err) == (0, "")
    assert "athena 123456789012 eu-central-1 workgroup=science 8f1c" in out
    assert "It can be snoozed 1 more time, for at most 2h each." in out

    code, out, _ = reaper("snoozes", "--output", "json")
    (listed,) = json.loads(out)["snoozes"]
    assert code == 0
    assert (listed["ref"]["id"], listed["used"], listed["allowed"], listed["state"]) == ("8f1c", 1, 2, "active")
    assert listed["by"].startswith("arn:aws:")

    assert reaper("snooze", listed["ledger_name"], "--end")[0] == 0
    assert reaper("snoozes")[1] == "No session is snoozed.\n"
    assert "\nathena" in reaper("snoozes", "--all")[1]


def test_a_table_that_is_not_there_is_told_in_a_sentence(dynamodb, capsys):  # noqa: ARG001 - for its environment
    for arguments in (["snoozes"], ["snooze", "x", "--for", "1h"], ["snooze", "glue/1/eu/x", "--end"]):
        assert main([*arguments, "--ledger", "nowhere"]) == 1
        err = capsys.readouterr().err
        assert "the ledger (table nowhere, us-east-1) could not be used: there is no such table" in err
        assert len(err.splitlines()) == 1


def test_a_region_that_does_not_exist_is_told_before_anything_is_asked(capsys):
    assert main(["snoozes", "--ledger", "sessions", "--region", "us-est-1"]) == 1
    assert "'us-est-1' is no region of AWS that is known here; did you mean us-" in capsys.readouterr().err
