"""The ledger in DynamoDB: the requests it makes, and what its items look like."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from infra.ledger import ACTIONS
from localcloud.client import LocalCloud
from reaper.core.memory import Unreadable
from reaper.core.names import scope_name
from reaper.core.records import PolicyCount, ScopeRecord, StopTaken, SweepRecord
from reaper.core.session import ScopeKey
from reaper.ledger.dynamodb import DynamoDbLedger
from reaper.sweep.ports import LedgerError
from tests.support.ledgers import FULL_MEMORY, FULL_SWEEP, SCIENCE, T0, memory, ref
from tests.support.tables import make_table, refusal

# What is sent


def test_250_memories_take_three_reads_and_with_their_sweep_three_writes(bench):
    many = [memory(f"s{number}") for number in range(250)]

    bench.ledger.write(many, FULL_SWEEP)
    assert bench.wire.operations == ["TransactWriteItems"] * 3
    bench.wire.sent.clear()
    bench.ledger.recall([one.ref for one in many])
    assert bench.wire.operations == ["BatchGetItem"] * 3
    assert all(request["RequestItems"][bench.table]["ConsistentRead"] for _, request in bench.wire.sent)


def test_nothing_to_read_or_write_takes_no_request(bench):
    bench.ledger.recall([])
    bench.ledger.write([])
    bench.ledger.sweeps(limit=0)

    assert bench.wire.sent == []


@pytest.mark.parametrize(
    ("strange", "why"),
    [
        (replace(memory("strange"), held_since=float("nan")), "nan is no"),
        (replace(memory("strange"), idle_cost=float("inf")), "inf is no"),
        (replace(memory("strange"), likeness="x" * 400_000), "bytes"),
        (memory("strange\ud800"), "surrogates"),
    ],
    ids=["not a number", "infinite", "large", "not text"],
)
def test_what_no_item_can_hold_of_one_session_is_singled_out_and_the_rest_is_written(bench, strange, why, caplog):
    assert bench.ledger.write([strange, memory("sound")]) == {strange.ref}

    kept = bench.ledger.recall([memory("sound").ref])
    assert kept == {memory("sound").ref: replace(memory("sound"), version=1)}
    assert re.search(f"cannot hold the session glue .*{why}", caplog.text)
    assert caplog.text.encode()


def test_half_a_surrogate_pair_in_a_text_is_kept_as_a_question_mark(bench):
    assert bench.ledger.write([replace(memory(), likeness="team \ud800")]) == frozenset()

    [kept] = bench.ledger.recall([memory().ref]).values()
    assert kept.likeness == "team ?"


def test_an_id_that_is_no_text_is_not_remembered_and_hides_no_other(bench):
    strange = memory("strange\ud800").ref
    bench.ledger.write([memory("sound")])

    recalled = bench.ledger.recall([strange, memory("sound").ref])

    assert recalled[strange] == Unreadable(strange, "its id is no text that the ledger can hold")
    assert recalled[memory("sound").ref] == replace(memory("sound"), version=1)


def test_the_latest_sweeps_take_one_consistent_query(bench):
    for number in range(25):
        bench.ledger.write([], replace(FULL_SWEEP, started_at=T0 + number))
    bench.wire.sent.clear()

    assert len(bench.ledger.sweeps()) == 20
    assert bench.wire.operations == ["Query"]
    assert bench.wire.sent[0][1]["ConsistentRead"] is True


def test_the_sweep_is_written_with_the_last_of_its_memories(bench):
    bench.wire.answers = [None, refusal("InternalServerError", 500)]

    with pytest.raises(LedgerError):
        bench.ledger.write([memory(f"s{number}") for number in range(101)], FULL_SWEEP)

    assert bench.ledger.sweeps() == ()


def test_what_is_too_large_for_one_transaction_is_written_in_more(bench):
    large = [replace(memory(f"s{number}"), likeness="x" * 60_000) for number in range(100)]

    assert bench.ledger.write(large) == frozenset()
    assert bench.wire.operations == ["TransactWriteItems"] * 2


def test_only_the_operations_that_the_stack_grants_are_called(bench):
    bench.ledger.write([memory()], FULL_SWEEP)
    bench.ledger.write([memory()])
    bench.ledger.recall([ref()])
    bench.ledger.sweeps()

    assert set(bench.wire.operations) == {"BatchGetItem", "Query", "TransactWriteItems"}
    puts = [action for op, sent in bench.wire.sent if op == "TransactWriteItems" for action in sent["TransactItems"]]
    assert {verb for action in puts for verb in action} == {"Put"}


def test_the_permissions_that_the_stack_grants_are_enough_and_none_is_left_over():
    with LocalCloud.start(auth=True) as cloud:

        def client(service: str, **credentials: str) -> Any:
            keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", **credentials}
            make: Any = botocore.session.Session().create_client
            made = make(service, region_name="us-east-1", endpoint_url=cloud.url, config=Config(proxies={}), **keys)
            closing.callback(made.close)
            return made

        def ledger_of_a_role_with(actions: Iterable[str]) -> DynamoDbLedger:
            name = f"reaper-{uuid.uuid4()}"
            trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
            role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
            may = {"Effect": "Allow", "Action": sorted(actions), "Resource": f"arn:aws:dynamodb:*:*:table/{table}"}
            iam.put_role_policy(RoleName=name, PolicyName="ledger", PolicyDocument=document(may))
            keys = sts.assume_role(RoleArn=role, RoleSessionName="sweep")["Credentials"]
            return DynamoDbLedger(
                client(
                    "dynamodb",
                    aws_access_key_id=keys["AccessKeyId"],
                    aws_secret_access_key=keys["SecretAccessKey"],
                    aws_session_token=keys["SessionToken"],
                ),
                table,
                "us-east-1",
            )

        with ExitStack() as closing:
            iam, sts = client("iam"), client("sts")
            table = make_table(client("dynamodb"))
            use(ledger_of_a_role_with(ACTIONS))
            for action in ACTIONS:
                with pytest.raises(LedgerError, match="was denied: grant it to the caller"):
                    use(ledger_of_a_role_with(set(ACTIONS) - {action}))


def use(ledger: DynamoDbLedger) -> None:
    """Have ``ledger`` call all that it ever does."""
    ledger.write([memory(str(uuid.uuid4()))], FULL_SWEEP)
    ledger.recall([ref()])
    ledger.sweeps()


def document(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# What is kept


def test_a_session_is_one_item_that_a_person_can_read_and_that_expires(bench):
    bench.ledger.write([replace(FULL_MEMORY, ref=SCIENCE, version=0)])

    assert bench.item("session/athena/123456789012/eu-central-1/workgroup=science/8f1c") == {
        "pk": {"S": "session/athena/123456789012/eu-central-1/workgroup=science/8f1c"},
        "sk": {"S": "memory"},
        "schema": {"N": "1"},
        "version": {"N": "1"},
        # 2026-03-01T12:00:00.1Z, rounded up, and 90 days: 2026-05-30T12:00:01Z
        "expires": {"N": "1780142401"},
        "service": {"S": "athena"},
        "account": {"S": "123456789012"},
        "region": {"S": "eu-central-1"},
        "scope": {"M": {"workgroup": {"S": "science"}}},
        "id": {"S": "8f1c"},
        "first_matched": {"N": "1772359199.875"},
        "last_matched": {"N": "1772366400.1"},
        "policy": {"S": "render-idle"},
        "held_since": {"N": "1772362799.7"},
        "outcome": {"S": "not_stopping"},
        "outcome_since": {"N": "1772366340"},
        "told_by": {"S": "run-6"},
        "told": {"BOOL": True},
        "told_at": {"N": "1772366340.5"},
        "warned_by": {"S": ""},
        "promise": {
            "M": {
                "policy": {"S": "render-idle"},
                "stage": {"S": "enforce"},
                "enforced": {"BOOL": True},
                "by": {"S": "run-5"},
                "at": {"N": "1772362800.3"},
                "grace": {"N": "900"},
                "due_at": {"N": "1772363700.5"},
                "told_at": {"N": "1772362800.5"},
            }
        },
        "not_before": {"N": "1772363700.75"},
        "snooze": {
            "M": {
                "until": {"N": "1772452800"},
                "by": {"S": "ada"},
                "at": {"N": "1772365499.5"},
                "times": {"N": "2"},
            }
        },
        "hurry": {"M": {"at": {"N": "1772366397.5"}, "by": {"S": "ana@example.com, by the link"}}},
        "card": {
            "M": {
                "name": {"S": "Szene 7"},
                "owner": {"S": "ada"},
                "team": {"S": "render"},
                "state": {"S": "STARTED"},
                "idle_since": {"N": "1772360999.5"},
                "evidence": {"S": "its last action ended 2026-03-01T10:30:00Z"},
                "hourly_cost": {"N": "0.44"},
                "detail": {"S": "nobody renders"},
                "due": {"N": "1772367300.25"},
                "snooze_max": {"N": "7200"},
                "snooze_times": {"N": "2"},
                "timezone": {"S": "Europe/Berlin"},
                "acts": {"BOOL": True},
            }
        },
        "claim": {"M": {"run_id": {"S": "run-7"}, "at": {"N": "1772366398.75"}, "policy": {"S": "render-idle"}}},
        "stopped_at": {"N": "1772366399.25"},
        "stopped_by": {"S": "render-idle"},
        "confirmed_at": {"N": "1772366399.5"},
        "regretted_at": {"N": "1772366399.75"},
        "likeness": {"S": "deadline 123456789012 us-west-2|farm=farm-1|ada|Söder"},
        "idle_cost": {"N": "1.2345678901234567"},
    }


def test_a_sweep_is_one_item_sorted_by_its_moment_that_expires(bench):
    bench.ledger.write([], FULL_SWEEP)

    item = bench.item("sweep", "2026-03-01T12:00:00.123456Z/run-7")
    frame = (
        "deadline/123456789012/us-west-2/farm=farm-1/fleet=fleet-0/worker=worker-3/queue=queue-2/job=job-4/session-9"
    )
    assert item["expires"] == {"N": "1780142401"}
    assert item["live"] == {
        "M": {"glue 123456789012 eu-central-1": {"N": "31"}, "athena unknown us-east-1": {"N": "0"}}
    }
    assert item["blind"] == {"L": [{"S": "deadline 123456789012 us-west-2"}]}
    assert item["claims"] == {"L": [{"S": frame}, {"S": "athena/123456789012/eu-central-1/workgroup=science/8f1c"}]}
    assert item["unconfirmed"]["L"][0] == {
        "M": {
            "session": {"S": frame},
            "policy": {"S": "render-idle"},
            "at": {"N": "1772365799.5"},
            "likeness": {"S": "deadline|ada"},
        }
    }
    assert "omitted" not in item


def test_a_scope_too_large_for_an_item_keeps_the_latest_of_its_stops(bench):
    stops = tuple(
        StopTaken(ref=ref(f"s-{number}-{'x' * 500}"), policy="idle", at=T0 + number, likeness="x" * 500)
        for number in range(1000)
    )
    bench.ledger.write((), None, [ScopeRecord(key=ref().key, stops=stops)])

    kept = bench.ledger.scopes([ref().key])[ref().key].stops
    assert 100 < len(kept) < 1000
    assert kept == stops[-len(kept) :]


def test_a_scope_that_was_never_swept_wholly_lives_as_long_as_its_stops_matter(bench):
    stop = StopTaken(ref=ref(), policy="idle", at=T0)
    bench.ledger.write((), None, [ScopeRecord(key=ref().key, stops=(stop,))])

    item = bench.item("scope", scope_name(ref().key))
    # 2026-03-01T12:00:00Z and 90 days.
    assert item["expires"] == {"N": "1780142400"}


def test_a_sweep_too_large_for_an_item_keeps_all_claims_then_the_latest_stops_and_the_largest_populations(bench):
    claims = tuple(ref(f"claim-{number}") for number in range(50))
    unconfirmed = tuple(StopTaken(ref=ref(f"s{number}"), policy="p", at=T0 + number) for number in range(1500))
    live = {ScopeKey("glue", f"{number:012}", "eu-central-1"): number for number in range(6000)}
    counts = (PolicyCount(policy="p", day="2026-03-01", stops=1),)
    sweep = SweepRecord(run_id="run-1", started_at=T0, claims=claims, unconfirmed=unconfirmed, live=live, counts=counts)

    assert bench.ledger.write([], sweep) == frozenset()

    [kept] = bench.ledger.sweeps()
    assert kept.claims == claims
    assert kept.unconfirmed == unconfirmed
    assert 3000 < len(kept.live) < 6000
    assert min(kept.live.values()) == 6000 - len(kept.live)
    assert kept.counts == ()
    assert bench.item("sweep", "2026-03-01T12:00:00.000000Z/run-1")["omitted"] == {
        "M": {"live": {"N": str(6000 - len(kept.live))}, "counts": {"N": "1"}}
    }


def test_a_sweep_that_left_something_out_says_so(bench, caplog):
    unconfirmed = tuple(StopTaken(ref=ref(f"s{number}"), policy="p", at=T0 + number) for number in range(5000))

    bench.ledger.write([], SweepRecord(run_id="run-1", started_at=T0, unconfirmed=unconfirmed))

    [kept] = bench.ledger.sweeps()
    assert kept.unconfirmed == unconfirmed[-len(kept.unconfirmed) :]
    assert "no room for all of sweep run-1" in caplog.text


@pytest.mark.parametrize(
    ("memories", "sweep", "why"),
    [
        ([memory("sound")], SweepRecord(run_id="r", started_at=1e30), "cannot hold the sweep r"),
        (
            [memory("sound")],
            SweepRecord(run_id="r", started_at=T0, claims=tuple(ref(f"{n:0200}") for n in range(2000))),
            "cannot hold the sweep r: its 2000 claims alone",
        ),
    ],
    ids=["no moment", "claims"],
)
def test_what_no_item_can_hold_is_refused_before_anything_is_sent(bench, memories, sweep, why):
    with pytest.raises(LedgerError, match=why):
        bench.ledger.write(memories, sweep)

    assert bench.wire.sent == []
