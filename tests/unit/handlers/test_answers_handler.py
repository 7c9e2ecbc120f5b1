"""The handler itself: events in, answers out, with every header, and what it logs and counts."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from reaper.handlers import answers
from reaper.handlers.front import PageError
from reaper.handlers.secret import SecretError
from reaper.sweep.ports import LedgerError
from tests.support.answer_desk import Desk
from tests.support.function_url import event_of
from tests.support.ledgers import ref

NIGHTLY = ref("nightly")
HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex, nofollow",
    "strict-transport-security": "max-age=63072000; includeSubDomains",
}


@pytest.fixture
def desk(mocker, monkeypatch) -> Desk:
    monkeypatch.setenv("REAPER_LEDGER_TABLE", "sessions")
    monkeypatch.setenv("REAPER_LINK_SECRET", "links")
    desk = Desk()
    mocker.patch.object(answers, "_needs", return_value=desk.needs)
    return desk


@pytest.fixture
def ask(mocker):
    context = mocker.Mock(
        function_name="answers", memory_limit_in_mb=256, invoked_function_arn="arn:x", aws_request_id="r-1"
    )

    def ask(event: dict[str, Any]) -> dict[str, Any]:
        return answers.handler(event, context)

    return ask


def get(path: str, method: str = "GET") -> dict[str, Any]:
    return event_of(method, path, {"Host": "x"}, b"")


@pytest.mark.parametrize("path", ["/s/{token}", "/s/forged", "/nothing", "/s/"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_every_answer_has_every_header(desk, ask, path, method):
    desk.remember()

    answer = ask(get(path.format(token=desk.token(NIGHTLY)), method))

    assert HEADERS.items() <= answer["headers"].items()
    policy = dict(part.strip().split(" ", 1) for part in answer["headers"]["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert policy["base-uri"] == "'none'"
    assert policy["style-src"].startswith("'sha256-")
    assert "script-src" not in policy


def test_a_head_is_a_get_without_its_body(desk, ask):
    desk.remember()
    head, got = ask(get(f"/s/{desk.token(NIGHTLY)}", "HEAD")), ask(get(f"/s/{desk.token(NIGHTLY)}"))

    assert (head["statusCode"], head["body"]) == (200, "")
    assert head["headers"] == got["headers"]
    assert "nightly-report" in got["body"]


def test_a_form_arrives_encoded_as_lambda_encodes_it(desk, ask):
    desk.remember()
    event = event_of(
        "POST",
        f"/s/{desk.token(NIGHTLY)}",
        {"Content-Type": "application/x-www-form-urlencoded"},
        b"answer=1h&seen=0",
    )
    assert event["isBase64Encoded"]

    assert ask(event)["statusCode"] == 303
    assert desk.kept(NIGHTLY).snooze is not None


def test_an_http_api_s_stage_is_no_part_of_the_path(desk, ask):
    desk.remember()
    event = get(f"/prod/s/{desk.token(NIGHTLY)}")
    event["requestContext"]["stage"] = "prod"

    assert ask(event)["statusCode"] == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"body": "%%%", "isBase64Encoded": True}, 400),
        ({"body": "\ud800"}, 400),
        ({"body": 5}, 400),
        ({"body": "x" * 900_000}, 413),
        ({"body": base64.b64encode(b"x" * 524_289).decode(), "isBase64Encoded": True}, 413),
        ({"rawPath": None}, 400),
        ({"requestContext": None}, 400),
        ({"requestContext": {"http": {}}}, 400),
    ],
)
@pytest.mark.usefixtures("desk")
def test_an_event_that_is_no_request_is_refused(ask, change, status):
    assert ask({**get("/s/x", "POST"), **change})["statusCode"] == status


def test_what_nobody_foresaw_is_a_page_and_its_message_is_not_logged(desk, ask, mocker):
    said = mocker.spy(answers.logger, "error")

    def burst() -> tuple[()]:
        raise RuntimeError("with the token in it")

    desk.read_keys = burst
    answer = ask(get(f"/s/{desk.token(NIGHTLY)}"))

    assert answer["statusCode"] == 500
    assert "with the token in it" not in answer["body"] + str(said.call_args_list)
    assert "RuntimeError" in str(said.call_args_list)


def test_an_incomplete_environment_is_a_page_too(ask, monkeypatch):
    monkeypatch.delenv("REAPER_LEDGER_TABLE", raising=False)

    assert ask(get("/s/x"))["statusCode"] == 500


def test_a_refusal_is_logged_and_counted_under_the_stack_s_name(capsys, mocker):
    said = mocker.spy(answers.logger, "warning")
    mocker.patch.object(answers.metrics.provider, "service", "my-stack")

    answers._Journal().refused("forged", method="GET")

    metric = json.loads(capsys.readouterr().out)
    assert metric["RefusedAnswers"] == [1.0]
    assert metric["service"] == "my-stack"
    [directive] = metric["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("SessionReaper", [["service"]])
    said.assert_called_once_with("refused", extra={"why": "forged", "method": "GET"})


def emitted(capsys) -> dict[str, float]:
    """The metrics in what was printed, by name."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"CloudWatchMetrics"' in line]
    return {
        metric["Name"]: sum(line[metric["Name"]])
        for line in lines
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
    }


@pytest.fixture
def journal(desk, mocker):
    """The desk, with what records in the deployed function."""
    mocker.patch.object(answers, "_needs", return_value=replace(desk.needs, journal=answers._Journal()))
    return desk


def no_secret() -> tuple[()]:
    raise SecretError("the secret links could not be read: no route to host")


def no_ledger() -> None:
    raise LedgerError("the ledger could not be reached")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_cannot_be_given_is_counted_though_the_invocation_succeeds(journal, ask, capsys, method):
    journal.read_keys = no_secret

    assert ask(get(f"/s/{journal.token(NIGHTLY)}", method))["statusCode"] == 503
    assert emitted(capsys) == {"FailedAnswers": 1.0}


def test_an_answer_whose_writing_fails_is_counted(journal, ask, capsys):
    journal.remember()
    journal.ledger.before_write = no_ledger
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = ask(event_of("POST", f"/s/{journal.token(NIGHTLY)}", form, b"answer=1h&seen=0"))

    assert answer["statusCode"] == 503
    assert emitted(capsys) == {"FailedAnswers": 1.0}


def test_a_failure_that_nobody_foresaw_is_counted(journal, ask, capsys):
    def broken() -> tuple[()]:
        raise RuntimeError

    journal.read_keys = broken

    assert ask(get(f"/s/{journal.token(NIGHTLY)}"))["statusCode"] == 500
    assert emitted(capsys) == {"FailedAnswers": 1.0}


def test_an_answer_that_is_given_counts_no_failure(journal, ask, capsys):
    journal.remember()

    assert ask(get(f"/s/{journal.token(NIGHTLY)}"))["statusCode"] == 200
    assert emitted(capsys) == {}


class Bucket:
    def __init__(self, answer: bytes | str) -> None:
        self.answer = answer

    def get_object(self, **request: Any) -> dict[str, Any]:
        assert request == {"Bucket": "history", "Key": "pages/a.html"}
        if isinstance(self.answer, str):
            raise ClientError({"Error": {"Code": self.answer, "Message": "no"}}, "GetObject")
        return {"Body": io.BytesIO(self.answer)}


def test_a_page_is_read_from_the_bucket(mocker):
    mocker.patch.object(answers, "_client", return_value=Bucket("<p>Zürich".encode()))

    assert answers._page("history", "pages/a.html") == "<p>Zürich"
    assert answers._page("", "pages/a.html") is None


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_a_page_that_is_gone_is_none(mocker, code):
    mocker.patch.object(answers, "_client", return_value=Bucket(code))

    assert answers._page("history", "pages/a.html") is None


@pytest.mark.parametrize("answer", ["SlowDown", b"x" * 4_000_001])
def test_a_page_that_cannot_be_had_is_an_error_not_an_absence(mocker, answer):
    mocker.patch.object(answers, "_client", return_value=Bucket(answer))

    with pytest.raises(PageError):
        answers._page("history", "pages/a.html")


def test_slack_is_not_there_where_it_was_not_set_up(mocker, monkeypatch, ask):
    monkeypatch.setenv("REAPER_LEDGER_TABLE", "sessions")
    monkeypatch.setenv("REAPER_LINK_SECRET", "links")
    monkeypatch.delenv("REAPER_SLACK_SIGNING_SECRET", raising=False)
    client = mocker.patch.object(answers, "_client")

    assert ask(event_of("POST", "/slack", {}, b"payload=x"))["statusCode"] == 404
    client.assert_not_called()
