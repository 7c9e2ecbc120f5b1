"""What the ledger in DynamoDB does when DynamoDB fails, garbles its answer, or puts off what it was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from reaper.core.records import SweepRecord
from reaper.ledger.dynamodb import DynamoDbLedger
from reaper.sweep.ports import LedgerError
from tests.support.ledgers import FULL_SWEEP, T0, memory, ref
from tests.support.tables import answer, refusal, silence, wire_of

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse

URL = "https://dynamodb.eu-central-1.amazonaws.com"
OPERATIONS = {
    "BatchGetItem": lambda ledger: ledger.recall([ref()]),
    "Query": lambda ledger: ledger.sweeps(),
    "TransactWriteItems": lambda ledger: ledger.write([memory()]),
}


@pytest.fixture(params=OPERATIONS)
def operation(request: pytest.FixtureRequest) -> str:
    return request.param


# When DynamoDB fails


FAULTS = {
    "denied": (refusal("AccessDeniedException"), "was denied: grant it to the caller"),
    "explicitly denied": (refusal("AccessDeniedException", message="with an explicit deny in x"), "explicit deny"),
    "throttled": (refusal("ThrottlingException"), "was throttled until its retries were used up"),
    "over throughput": (refusal("ProvisionedThroughputExceededException"), "was throttled"),
    "over the account's limit": (refusal("RequestLimitExceeded"), "was throttled"),
    "no table": (refusal("ResourceNotFoundException"), "there is no such table: create it"),
    "server error": (refusal("InternalServerError", 500), "failed on the service's side .*: try again later"),
    "unavailable": (answer(b"<html>no</html>", 503), "failed on the service's side .503.: try again later"),
    "expired": (refusal("ExpiredTokenException"), "credentials have expired .*: renew them"),
    "not accepted": (refusal("UnrecognizedClientException"), "credentials were not accepted"),
    "other keys": (
        refusal("ValidationException", message="The provided key element does not match the schema"),
        "is no ledger, its keys have to be pk and sk",
    ),
    "refused": (refusal("ValidationException", message="no"), "was refused: ValidationException: no"),
    "no answer": (silence(ReadTimeoutError(endpoint_url=URL)), "could not be reached: .*ReadTimeoutError"),
    "no connection": (silence(EndpointConnectionError(endpoint_url=URL, error="")), "could not be reached"),
    "connecting takes too long": (silence(ConnectTimeoutError(endpoint_url=URL)), "could not be reached"),
    "a login page": (answer(b"<html>Log in</html>"), "makes no sense"),
    "an empty answer": (answer({}), "makes no sense"),
    "half an answer": (answer(b'{"Responses": {"x": [{"pk": '), "makes no sense"),
    "an unheard-of error": (silence(KeyError("Responses")), "makes no sense"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_failure_is_a_ledger_error_of_one_sentence_that_names_the_table_and_what_to_do(bench, operation, fault):
    bench.wire.always, sentence = FAULTS[fault]

    with pytest.raises(LedgerError, match=sentence) as raised:
        OPERATIONS[operation](bench.ledger)

    said = str(raised.value)
    assert said.startswith(f"the ledger (table {bench.table}, eu-central-1) ")
    assert "\n" not in said
    assert bench.wire.operations == [operation]


def test_credentials_that_are_missing_are_said_to_be(mocker):
    session = mocker.Mock(spec=["batch_get_item"])
    session.batch_get_item.side_effect = NoCredentialsError()

    with pytest.raises(LedgerError, match=r"needs credentials .*: set them up"):
        DynamoDbLedger(session, "t", "eu-central-1").recall([ref()])


@pytest.mark.parametrize(
    "garbage",
    [
        {"Responses": []},
        {"Responses": {"t": None}},
        {"Responses": {"t": ["nightly"]}},
        {"Responses": {"t": [{"pk": {"S": "session/glue/1/eu-west-1/another"}, "sk": {"S": "memory"}}]}},
        {"Responses": {"t": [{"sk": {"S": "memory"}}]}},
    ],
)
def test_an_answer_that_cannot_be_right_is_not_taken_for_nothing_remembered(bench, garbage):
    bench.wire.always = answer(garbage)

    with pytest.raises(LedgerError, match="makes no sense"):
        bench.ledger.recall([ref()])


def test_a_page_of_sweeps_cut_short_is_read_on(bench):
    for number in range(3):
        bench.ledger.write([], SweepRecord(run_id=f"run-{number}", started_at=T0 + number))
    newest = bench.item("sweep", "2026-03-01T12:00:02.000000Z/run-2")
    last = {key: newest[key] for key in ("pk", "sk")}
    bench.wire.answers = [None, answer({"Items": [newest], "LastEvaluatedKey": last})]

    assert [sweep.run_id for sweep in bench.ledger.sweeps()] == ["run-2", "run-1", "run-0"]


def test_a_page_of_sweeps_that_repeats_is_an_error(bench):
    bench.wire.always = answer({"Items": [], "LastEvaluatedKey": {"pk": {"S": "sweep"}, "sk": {"S": "x"}}})

    with pytest.raises(LedgerError, match="the same page twice"):
        bench.ledger.sweeps()


# When DynamoDB puts off


def test_keys_dynamodb_did_not_come_to_are_asked_for_again_after_a_pause(bench):
    bench.ledger.write([memory("a"), memory("b")])
    bench.wire.sent.clear()
    bench.wire.answers = [answer({"Responses": {}, "UnprocessedKeys": bench.unprocessed("a", "b")})]

    assert set(bench.ledger.recall([ref("a"), ref("b")])) == {ref("a"), ref("b")}
    assert bench.wire.operations == ["BatchGetItem"] * 2
    assert len(bench.pauses) == 1


def test_only_the_keys_left_over_are_asked_for_again_and_all_answers_count(bench):
    bench.ledger.write([memory("a"), memory("b")])
    found = bench.item("session/glue/123456789012/eu-central-1/a")
    bench.wire.sent.clear()
    left = bench.unprocessed("b")
    bench.wire.answers = [answer({"Responses": {bench.table: [found]}, "UnprocessedKeys": left})]

    assert set(bench.ledger.recall([ref("a"), ref("b"), ref("c")])) == {ref("a"), ref("b")}
    assert bench.wire.sent[1][1]["RequestItems"] == left


def test_keys_dynamodb_never_comes_to_are_an_error_and_the_pauses_grow(bench):
    bench.wire.always = answer({"Responses": {}, "UnprocessedKeys": bench.unprocessed("nightly")})

    with pytest.raises(LedgerError, match="put dynamodb:BatchGetItem off 8 times"):
        bench.ledger.recall([ref()])
    assert len(bench.pauses) == 7
    assert all(0.025 * 2**n <= pause <= 0.05 * 2**n for n, pause in enumerate(bench.pauses))


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_put_off_is_tried_again_with_a_token_of_its_own(bench, code):
    bench.wire.answers = [bench.cancelled(code, "None")]

    assert bench.ledger.write([memory("a"), memory("b")]) == frozenset()
    assert set(bench.ledger.recall([ref("a"), ref("b")])) == {ref("a"), ref("b")}
    first, second = (sent["ClientRequestToken"] for op, sent in bench.wire.sent if op == "TransactWriteItems")
    assert first != second
    assert len(bench.pauses) == 1


def test_of_a_transaction_both_lost_in_part_and_put_off_the_rest_is_tried_again(bench):
    bench.wire.answers = [bench.cancelled("None", "ConditionalCheckFailed", "TransactionConflict")]

    assert bench.ledger.write([memory("a"), memory("b"), memory("c")]) == {ref("b")}
    assert set(bench.ledger.recall([ref("a"), ref("b"), ref("c")])) == {ref("a"), ref("c")}


def test_a_transaction_put_off_for_ever_is_an_error(bench):
    bench.wire.always = bench.cancelled("TransactionConflict")

    with pytest.raises(LedgerError, match="put dynamodb:TransactWriteItems off 8 times"):
        bench.ledger.write([memory()])


@pytest.mark.parametrize(
    ("codes", "why"),
    [
        (("ValidationError",), "refused dynamodb:TransactWriteItems: ValidationError"),
        (("ItemCollectionSizeLimitExceeded",), "refused .*ItemCollectionSizeLimitExceeded"),
        (("ADayWillCome",), "refused .*ADayWillCome"),
        (("None",), "cancelled without a reason"),
        ((), "cancelled without a reason"),
        (("ConditionalCheckFailed", "None"), "cancelled without a reason"),
    ],
)
def test_a_transaction_cancelled_for_no_known_reason_is_an_error_never_a_success(bench, codes, why):
    bench.wire.always = bench.cancelled(*codes)

    with pytest.raises(LedgerError, match=why):
        bench.ledger.write([memory()])


def test_a_write_whose_answer_was_lost_is_sent_again_and_written_once(bench, mocker):
    mocker.patch("botocore.endpoint.time.sleep")
    patient: Any = botocore.session.Session().create_client(
        "dynamodb",
        region_name="us-east-1",
        config=Config(retries={"mode": "standard", "total_max_attempts": 2}, proxies={}),
    )

    def lose_the_answer(request: Any) -> AWSResponse:
        assert patient._endpoint.http_session.send(request).status_code == 200
        raise ReadTimeoutError(endpoint_url=request.url)

    with wire_of(patient) as wire:
        wire.answers = [lose_the_answer]
        ledger = DynamoDbLedger(patient, bench.table, "eu-central-1")
        assert ledger.write([memory("a"), memory("b")], FULL_SWEEP) == frozenset()
    (first, once), (second, again) = wire.sent
    assert first == second == "TransactWriteItems"
    assert once == again
    patient.close()

    assert {one.version for one in bench.ledger.recall([ref("a"), ref("b")]).values()} == {1}
    assert [sweep.version for sweep in bench.ledger.sweeps()] == [1]
