"""The `reaper` command from the outside: what it prints, where, and how it exits, on the embedded services."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localcloud.emr_serverless_spark import ACCESS_KEY_ID, ACCESS_KEY_SECRET, AlibabaServer
from localcloud.server import LocalServer
from reaper.cli.main import main

LAMBDAS = Path(__file__).parents[2] / "lambdas"

POLICIES = """\
version: 1
policies:
  - name: production
    when: {tags: {env: "prod*"}}
    then: protect
  - name: idle
    description: Nobody has run anything for an hour.
    when: {phase: idle, idle_for: ">= 1h"}
    then: stop
"""


def glue(id_: str, *statements: dict[str, str], created: str = "-9h", **fields: Any) -> dict[str, Any]:
    return {"id": id_, "created": created, "statements": list(statements), **fields}


DONE = {"started": "-8h", "completed": "-8h"}
RUNNING = {"state": "RUNNING", "started": "-1h"}


def world(*sessions: dict[str, Any], account: str = "000000000000", region: str = "us-east-1") -> dict[str, Any]:
    return {"accounts": {account: {region: {"glue": list(sessions)}}}}


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


@pytest.fixture
def server(aws_server: LocalServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LocalServer]:
    """The embedded services in real time, the environment that leads there, and a policy file in the directory."""
    aws_server.gateway.reset()
    for name in list(os.environ):
        if name.startswith(("AWS_", "ALIBABA_", "REAPER_")):
            monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    for name, value in aws_server.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    Path("policies.yaml").write_text(POLICIES)
    yield aws_server
    aws_server.gateway.reset()


Reaper = Callable[..., Result]


@pytest.fixture
def reaper(server: LocalServer, capsys: pytest.CaptureFixture[str]) -> Reaper:  # noqa: ARG001 - for its environment
    def run(*arguments: str) -> Result:
        code = main(arguments)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Result(code, captured.out, captured.err)

    return run


def operations(server: LocalServer) -> list[str]:
    return [call.operation for call in server.calls.list()]


def outcomes(result: Result) -> dict[str, str]:
    return {finding["ref"]["id"]: finding["outcome"] for finding in result.json["findings"]}


# --- what keeps it from starting: exit code 1, one sentence, and no call but the one that failed


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("scan --service glew", "there is no service 'glew'; did you mean `glue`?"),
        ("scan --region us-est-1", "'us-est-1' is no region of AWS that is known here"),
        ("scan --service emr-serverless-spark", "emr-serverless-spark needs a region"),
        ("scan --profile nobody", "profile (nobody) could not be found"),
        ("scan --output xml", "'xml' is not one of"),
        ("scan --now yesterday", "'yesterday' is no RFC 3339 date-time"),
        ("scan --output-file missing/scan.json", "missing/scan.json cannot be written"),
        ("plan --out missing/plan.json", "missing/plan.json cannot be written"),
        ("plan -p nowhere.yaml", "nowhere.yaml: the file cannot be read"),
        ("plan -p .", "the file cannot be read"),
        ("run --topic sessions", "'sessions' is no ARN of an SNS topic"),
        ("run --enforce --now 2999-01-01T00:00:00Z", "is yet to come"),
        ("run --enforce --ledger table --now 2026-01-01T00:00:00Z", "nothing to remember in a --ledger"),
        ("run --plan policies.yaml", "policies.yaml is not a plan"),
        ("explain", "Missing argument 'ID'"),
        ("pan", "there is no command 'pan'; did you mean `plan`?"),
        ("--frobnicate", "No such option"),
        ("", "Quick start:"),
    ],
)
def test_a_wrong_invocation_says_what_is_wrong_and_makes_no_call(
    reaper: Reaper, server: LocalServer, arguments: str, sentence: str
):
    result = reaper(*arguments.split())
    assert result.code == 1
    assert sentence in result.err
    assert result.out == ""
    assert operations(server) == []


def test_without_a_policy_file_it_says_how_to_name_one(reaper: Reaper):
    Path("policies.yaml").unlink()
    result = reaper("plan")
    assert result.code == 1
    assert "there is no policies.yaml in this directory: name a policy file with -p FILE" in result.err


@pytest.mark.parametrize("command", [("plan",), ("run", "--enforce"), ("explain", "x")])
def test_an_invalid_policy_file_is_told_whole_and_nothing_is_looked_at(
    reaper: Reaper, server: LocalServer, command: tuple[str, ...]
):
    Path("policies.yaml").write_text("version: 1\npolicies:\n  - name: a\n    whn: {}\n    then: stpo\n")
    result = reaper(*command)
    assert result.code == 1
    assert "policies.yaml:4:5: policies[0].whn" in result.err
    assert "policies.yaml:5:11: policies[0].then" in result.err
    assert operations(server) == []


def test_without_credentials_it_says_so(reaper: Reaper, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    result = reaper("scan")
    assert result.code == 1
    assert "needs credentials" in result.err
    assert result.err.count("\n") == 1


def test_expired_credentials_are_told_as_such(reaper: Reaper, server: LocalServer):
    server.faults.add("expired_credentials", "sts")
    result = reaper("scan")
    assert result.code == 1
    assert "the credentials have expired" in result.err


def test_the_region_of_the_environment_is_looked_at_whichever_variable_names_it(
    reaper: Reaper, server: LocalServer, monkeypatch: pytest.MonkeyPatch
):
    server.world.seed(world(glue("nightly", DONE), region="eu-west-1"))
    monkeypatch.delenv("AWS_REGION")
    assert "name one with --region, or set AWS_REGION" in reaper("scan").err
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert len(reaper("scan", "--output", "json").json["sessions"]) == 1
    # As with AWS's other SDKs, it outranks the older one.
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert len(reaper("scan", "--output", "json").json["sessions"]) == 1
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert len(reaper("scan", "--output", "json").json["sessions"]) == 1


@pytest.mark.parametrize("command", [("snoozes",), ("snooze", "nightly", "--for", "1h")])
def test_the_ledger_is_in_the_region_of_the_environment(
    reaper: Reaper, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert "table sessions, eu-west-1" in reaper(*command, "--ledger", "sessions").err


@pytest.mark.parametrize("order", ["ap-east-1,us-east-1", "us-east-1,ap-east-1"])
def test_a_region_that_is_not_enabled_is_blind_in_whatever_order_they_are_named(
    reaper: Reaper, server: LocalServer, order: str
):
    server.world.seed(world(glue("nightly", DONE)))
    server.faults.add("invalid_credentials", region="ap-east-1")
    result = reaper("scan", "--service", "glue", "--region", order, "--output", "json")
    assert result.code == 2
    assert [one["ref"]["id"] for one in result.json["sessions"]] == ["nightly"]
    assert "ap-east-1" in result.err


def test_where_no_region_answers_the_first_is_told(reaper: Reaper, server: LocalServer):
    server.faults.add("invalid_credentials", "sts")
    result = reaper("scan", "--region", "ap-east-1,us-east-1")
    assert result.code == 1
    assert (
        "the credentials were not accepted (InvalidClientTokenId for sts:GetCallerIdentity in ap-east-1)" in result.err
    )


def test_an_endpoint_that_cannot_be_reached_is_named(reaper: Reaper, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    result = reaper("scan")
    assert result.code == 1
    assert "got no answer from 127.0.0.1" in result.err


# --- validate and schema


def test_validate_prints_every_problem_of_every_file_on_stdout(reaper: Reaper):
    Path("bad.yaml").write_text("version: 1\npolicies:\n  - name: a\n    when: {idle_fr: '> 1h'}\n    then: stpo\n")
    result = reaper("validate", "bad.yaml", "missing.yaml", "policies.yaml")
    assert result.code == 1
    lines = result.out.splitlines()
    assert lines[0].startswith("bad.yaml:4:12: policies[0].when.idle_fr: ")
    assert "did you mean `idle_for`?" in lines[0]
    assert lines[1].startswith("bad.yaml:5:11: policies[0].then: ")
    assert lines[2].startswith("missing.yaml: the file cannot be read")
    assert len(lines) == 3
    assert "policies.yaml: valid, 2 policies" in result.err


def test_validate_lets_warnings_pass_and_marks_them(reaper: Reaper):
    Path("none.yaml").write_text("version: 1\npolicies: []\n")
    result = reaper("validate", "none.yaml")
    assert result.code == 0
    assert "warning: no policies" in result.out


@pytest.mark.parametrize("text", ["", "# only a comment\n", "version: 1\n", "version: 1\npolicies:\n"])
def test_validate_refuses_an_empty_file_and_one_that_was_cut_off(reaper: Reaper, text):
    Path("empty.yaml").write_text(text)
    assert reaper("validate", "empty.yaml").code == 1


def test_validate_speaks_json(reaper: Reaper):
    Path("empty.yaml").write_text("version: 2\n")
    result = reaper("validate", "empty.yaml", "--output", "json")
    assert result.code == 1
    [file] = result.json["files"]
    assert (file["file"], file["valid"]) == ("empty.yaml", False)
    assert (file["problems"][0]["severity"], file["problems"][0]["line"]) == ("error", 1)


def test_schema_prints_the_json_schema(reaper: Reaper):
    result = reaper("schema")
    assert result.code == 0
    assert result.json["$schema"] == "http://json-schema.org/draft-04/schema#"


# --- scan


def test_scan_lists_live_sessions_with_every_fact_asked(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("nightly", DONE, tags={"owner": "ana"}), glue("old", state="STOPPED")))
    result = reaper("scan", "--output", "json")
    assert result.code == 0
    assert result.json["schema_version"] == 1
    assert result.json["blind"] == []
    [session] = result.json["sessions"]
    assert session["ref"] == {
        "service": "glue",
        "account": "000000000000",
        "region": "us-east-1",
        "scope": {},
        "id": "nightly",
    }
    facts = session["facts"]
    assert (facts["state"], facts["phase"], facts["owner"]) == ("READY", "idle", "ana")
    assert facts["tags"] == {"owner": "ana"}
    assert facts["idle_timeout"] is None
    assert 28_800 <= facts["idle_for"] < 28_900


def test_scan_all_adds_the_ended_ones(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("nightly", DONE), glue("old", state="STOPPED")))
    result = reaper("scan", "--all", "--output", "json")
    assert [one["facts"]["phase"] for one in result.json["sessions"]] == ["idle", "ended"]


def test_a_region_that_is_denied_is_blind_and_the_others_are_shown(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("nightly", DONE), region="eu-west-1"))
    server.faults.add("denied", "glue", "ListSessions", region="us-east-1")
    result = reaper("scan", "--service", "glue", "--region", "us-east-1", "--region", "eu-west-1")
    assert result.code == 2
    assert "nightly" in result.out
    assert "COULD NOT BE READ" in result.out
    assert "glue:ListSessions was denied in us-east-1" in result.out
    assert "1 scope COULD NOT BE READ" in result.err


def test_quiet_does_not_hide_blindness(reaper: Reaper, server: LocalServer):
    server.faults.add("denied", "glue", "ListSessions")
    result = reaper("scan", "--quiet", "--output", "json")
    assert result.code == 2
    assert "COULD NOT BE READ" in result.err


def test_alibaba_is_looked_at_by_default_once_its_key_pair_is_set(
    reaper: Reaper, server: LocalServer, alibaba_server: AlibabaServer, monkeypatch: pytest.MonkeyPatch
):
    server.world.seed(world(glue("nightly", DONE)))
    alibaba_server.world.reset()
    alibaba_server.faults.clear()
    sessions = [{"id": "sc-1", "state": "Running", "started": "-3h"}]
    workspaces = [{"id": "w-1", "name": "team", "sessions": sessions}]
    alibaba_server.world.seed({"alibaba": {"regions": {"cn-hangzhou": {"workspaces": workspaces}}}})
    for name, value in {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ACCESS_KEY_SECRET,
        "ALIBABA_CLOUD_ENDPOINT_EMR_SERVERLESS_SPARK": alibaba_server.url,
    }.items():
        monkeypatch.setenv(name, value)
    result = reaper("scan", "--alibaba-region", "cn-hangzhou", "--output", "json")
    assert result.code == 0
    assert [one["ref"]["id"] for one in result.json["sessions"]] == ["sc-1", "nightly"]
    assert result.json["sessions"][0]["ref"]["account"] == "unknown"
    assert "undecidable" in result.json["sessions"][0]["facts"]["idle_for"]


def test_output_goes_to_a_file_whole_and_nothing_to_stdout(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("nightly", DONE)))
    result = reaper("scan", "--output", "json", "--output-file", "scan.json")
    assert (result.code, result.out) == (0, "")
    assert json.loads(Path("scan.json").read_text())["sessions"][0]["ref"]["id"] == "nightly"


def test_names_cannot_steer_a_terminal(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("nightly", DONE, description="\x1b[2Jgone", tags={"owner": "=cmd|'/c calc'!A1"})))
    for output in ("table", "json", "jsonl", "csv", "markdown"):
        assert "\x1b" not in reaper("scan", "--output", output).out
    assert "'=cmd" in reaper("scan", "--output", "csv").out


# --- plan and run


MIXED = (
    glue("nightly", DONE),
    glue("busy", RUNNING),
    glue("prod", DONE, tags={"env": "production"}),
    glue("connect", session_type="SPARK_CONNECT"),
    glue("fresh", created="-1m"),
)


def test_plan_says_what_would_be_stopped_and_changes_nothing(reaper: Reaper, server: LocalServer):
    server.world.seed(world(*MIXED))
    result = reaper("plan", "--output", "json")
    assert result.code == 0
    assert outcomes(result) == {"nightly": "would_stop", "prod": "protected", "connect": "undetermined"}
    assert result.json["mode"] == "report"
    assert result.json["sessions"] == {"seen": 5, "live": 5}
    assert "StopSession" not in operations(server)
    assert "This is a plan: nothing was changed." in result.err


def test_run_without_enforce_stops_nothing_and_says_how_to(reaper: Reaper, server: LocalServer):
    server.world.seed(world(*MIXED))
    result = reaper("run", "--output", "json")
    assert outcomes(result) == {"nightly": "would_stop", "prod": "protected", "connect": "undetermined"}
    assert "StopSession" not in operations(server)
    assert "Report mode: nothing was stopped; add --enforce to stop." in result.err


def test_run_enforce_stops_what_is_idle_and_nothing_else(reaper: Reaper, server: LocalServer):
    server.world.seed(world(*MIXED))
    result = reaper("run", "--enforce", "--output", "json")
    assert result.code == 0
    assert outcomes(result) == {"nightly": "stopped", "prod": "protected", "connect": "undetermined"}
    assert operations(server).count("StopSession") == 1
    assert "add --enforce" not in result.err


def test_enforcing_at_a_past_moment_judges_by_it_and_stops_what_was_idle_then(reaper: Reaper, server: LocalServer):
    server.world.seed(world(*MIXED, glue("recent", {"started": "-50m", "completed": "-50m"})))
    earlier = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1200))
    result = reaper("run", "--enforce", "--now", earlier, "--output", "json")
    assert result.code == 0, result.err
    assert outcomes(result) == {"nightly": "stopped", "prod": "protected", "connect": "undetermined"}


def test_a_session_that_wakes_up_before_its_stop_is_spared(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("nightly", DONE)))
    server.wake("glue", "nightly", operation="GetTags")
    result = reaper("run", "--enforce", "--output", "json")
    assert outcomes(result) == {"nightly": "spared"}
    assert "StopSession" not in operations(server)


def test_a_failed_stop_is_for_a_person_to_look_at(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("nightly", DONE)))
    server.faults.add("denied", "glue", "StopSession")
    result = reaper("run", "--enforce")
    assert result.code == 2
    assert "glue:StopSession" in result.out
    assert "1 could not be stopped" in result.err


def test_stops_that_a_guard_withholds_are_for_a_person_to_look_at(reaper: Reaper, server: LocalServer):
    server.world.seed(world(*(glue(f"s{number}", DONE) for number in range(6))))
    result = reaper("run", "--enforce", "--detailed-exitcode", "--output", "json")
    assert result.code == 2
    assert set(outcomes(result).values()) == {"withheld"}
    assert "StopSession" not in operations(server)


def test_blind_scopes_outrank_offenders_in_the_exit_code(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("nightly", DONE)))
    assert reaper("plan").code == 0
    assert reaper("plan", "--detailed-exitcode").code == 3
    server.faults.add("denied", "athena", "ListWorkGroups")
    result = reaper("plan", "--detailed-exitcode", "--output", "json")
    assert result.code == 2
    assert [blind["service"] for blind in result.json["blind"]] == ["athena"]
    assert outcomes(result) == {"nightly": "would_stop"}


def test_without_offenders_the_detailed_exit_code_is_zero(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("busy", RUNNING)))
    assert reaper("plan", "--detailed-exitcode").code == 0


def test_now_replays_another_moment(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("nightly", {"started": "-20m", "completed": "-20m"})))
    assert reaper("plan", "--output", "json").json["findings"] == []
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200))
    result = reaper("plan", "--output", "json", "--now", later)
    assert outcomes(result) == {"nightly": "would_stop"}
    assert result.json["started_at"] == later


def test_enforcing_at_a_past_moment_keeps_to_the_stop_hours_of_the_present(reaper: Reaper, server: LocalServer):
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    yesterday = time.gmtime(time.time() - 86_400)
    hours = f'{{days: {days[yesterday.tm_wday]}, from: "00:00", to: "24:00", timezone: UTC}}'
    Path("policies.yaml").write_text(f"{POLICIES}guards:\n  stop_hours: [{hours}]\n")
    result = reaper("run", "--enforce", "--now", time.strftime("%Y-%m-%dT%H:%M:%SZ", yesterday))
    assert result.code == 1
    assert "which is not now, whatever --now says" in result.err
    assert operations(server) == []


def test_a_report_that_could_not_be_published_is_printed_all_the_same_and_looked_at(
    reaper: Reaper, server: LocalServer
):
    server.world.seed(world(glue("nightly", DONE)))
    # There is no SNS at this endpoint.
    result = reaper("run", "--output", "json", "--topic", "arn:aws:sns:us-east-1:000000000000:sessions")
    assert result.code == 2
    assert outcomes(result) == {"nightly": "would_stop"}
    assert "the report was not published to arn:aws:sns:us-east-1:000000000000:sessions" in result.err


def test_nothing_is_stopped_of_which_nobody_could_be_told(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("nightly", DONE)))
    # There is no SNS at this endpoint.
    result = reaper("run", "--enforce", "--topic", "arn:aws:sns:us-east-1:000000000000:sessions")
    assert result.code == 1
    assert "nobody could be told what is stopped" in result.err
    assert not [one for one in operations(server) if one != "GetCallerIdentity"]


def test_nothing_is_looked_at_that_could_not_be_recorded(reaper: Reaper, server: LocalServer):
    result = reaper("run", "--enforce", "--history", "policies.yaml/history")
    assert result.code == 1
    assert "policies.yaml/history cannot be made: Not a directory" in result.err
    assert not [one for one in operations(server) if one.startswith(("List", "Stop"))]


# --- a plan, reviewed and applied


def test_a_plan_is_applied_to_its_own_sessions_and_no_others(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("nightly", DONE), region="eu-west-1"))
    assert reaper("plan", "--region", "eu-west-1", "--out", "plan.json").code == 0
    server.world.seed(world(glue("nightly", DONE), glue("newcomer", DONE), region="eu-west-1"))
    # The plan's own region is looked at without being named again.
    result = reaper("run", "--plan", "plan.json", "--enforce", "--output", "json")
    assert outcomes(result) == {"nightly": "stopped", "newcomer": "withheld"}


def test_a_planned_session_that_is_used_again_is_spared_and_one_that_ended_is_named(
    reaper: Reaper, server: LocalServer
):
    server.world.seed(world(glue("nightly", DONE), glue("gone", DONE)))
    reaper("plan", "--out", "plan.json")
    server.world.seed(world(glue("nightly", RUNNING)))
    result = reaper("run", "--plan", "plan.json", "--enforce", "--output", "json")
    assert outcomes(result) == {"nightly": "spared", "gone": "already_gone"}
    assert "StopSession" not in operations(server)


@pytest.mark.parametrize(
    ("arguments", "policies", "sentence"),
    [
        ((), POLICIES.replace(">= 1h", ">= 2h"), "made with other policies"),
        (("--service", "athena"), POLICIES, "1 stop outside what was selected"),
        (("--plan-max-age", "0s", "--now", "2999-01-01T00:00:00Z"), POLICIES, "old, and plans are applied up to 0s"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused(
    reaper: Reaper, server: LocalServer, arguments: tuple[str, ...], policies: str, sentence: str
):
    server.world.seed(world(glue("nightly", DONE)))
    reaper("plan", "--out", "plan.json")
    server.calls.clear()
    Path("policies.yaml").write_text(policies)
    result = reaper("run", "--plan", "plan.json", *arguments)
    assert result.code == 1
    assert sentence in result.err
    assert "ListSessions" not in operations(server)


def test_comments_and_layout_do_not_make_other_policies(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("nightly", DONE)))
    reaper("plan", "--out", "plan.json")
    Path("policies.yaml").write_text("# reviewed\n" + POLICIES)
    assert reaper("run", "--plan", "plan.json").code == 0


def test_a_plan_of_another_account_is_refused(reaper: Reaper, server: LocalServer, monkeypatch: pytest.MonkeyPatch):
    server.world.seed(world(glue("nightly", DONE)))
    reaper("plan", "--out", "plan.json")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "222222222222")
    result = reaper("run", "--plan", "plan.json", "--enforce")
    assert result.code == 1
    assert "was made for account 000000000000, and these credentials are of 222222222222" in result.err


# --- explain


def test_explain_shows_conditions_evidence_guards_and_when(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("nightly", DONE), glue("busy", RUNNING)))
    result = reaper("explain", "night")
    assert result.code == 0
    assert result.out.startswith("glue 000000000000 us-east-1 nightly\n")
    assert "Verdict: stop (by idle)" in result.out
    assert "yes  idle_for: >= 1h  = 8h" in result.out
    assert "glue:ListStatements" in result.out
    assert "ok   max_stops: 1 would be stopped in glue 000000000000 us-east-1; 25 allowed in one sweep" in result.out
    assert "session-reaper/keep-until=" in result.out
    assert "StopSession" not in operations(server)


def test_explain_says_when_a_session_will_be_stopped(reaper: Reaper, server: LocalServer):
    server.world.clock.freeze("2026-03-01T10:00:00Z")
    server.world.seed(world(glue("nightly", {"started": "-20m", "completed": "-20m"})))
    result = reaper("explain", "nightly", "--now", "2026-03-01T10:00:00Z")
    assert "Verdict: keep" in result.out
    assert "Would be stopped: from 2026-03-01 10:40:00 UTC (in 40m) on by policy idle" in result.out


def test_explain_speaks_json(reaper: Reaper, server: LocalServer):
    server.world.clock.freeze("2026-03-01T10:00:00Z")
    server.world.seed(world(glue("connect", session_type="SPARK_CONNECT")))
    document = reaper("explain", "connect", "--output", "json", "--now", "2026-03-01T10:00:00Z").json
    assert (document["verdict"], document["outcome"], document["stops_at"]) == ("undetermined", "undetermined", None)
    [_, idle] = document["policies"]
    assert "Spark Connect" in idle["applies"]["undecidable"]
    assert [step["condition"] for step in idle["conditions"]][:2] == ["phase: idle", "idle_for: >= 1h"]


def test_explain_names_the_guard_that_withholds(reaper: Reaper, server: LocalServer):
    Path("policies.yaml").write_text(POLICIES.replace('">= 1h"', '">= 0s"'))
    server.world.seed(world(glue("fresh", created="-1m")))
    result = reaper("explain", "fresh", "--output", "json")
    assert result.json["outcome"] == "withheld"
    assert [guard["guard"] for guard in result.json["guards"] if not guard["allows"]] == ["min_age"]
    assert result.json["stops_at"] is not None


def test_explain_of_a_beginning_that_several_share_lists_them(reaper: Reaper, server: LocalServer):
    server.world.seed(world(glue("night-1"), glue("night-2"), glue("night")))
    result = reaper("explain", "night-")
    assert result.code == 1
    assert "glue 000000000000 us-east-1 night-1\n" in result.err
    assert "2 sessions match 'night-'" in result.err
    # A whole id is never mistaken for the beginning of others.
    assert reaper("explain", "night").code == 0


def test_explain_of_a_session_that_is_not_there_tells_absence_from_blindness(reaper: Reaper, server: LocalServer):
    result = reaper("explain", "nobody")
    assert result.code == 1
    assert "there is no session 'nobody' in what was selected" in result.err
    server.faults.add("denied", "glue", "ListSessions")
    result = reaper("explain", "nobody")
    assert result.code == 2
    assert "it may be where nothing could be read" in result.err
    assert "glue:ListSessions was denied" in result.err


# --- as a process: streams, signals, terminals


def spawn(*arguments: str, **options: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(LAMBDAS)}
    command = [sys.executable, "-m", "reaper.cli.main", *arguments]
    return subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


@pytest.mark.usefixtures("server")
def test_help_and_validate_load_neither_an_sdk_nor_the_other_commands():
    code = (
        "import sys; from reaper.cli.main import main; main(sys.argv[1:]); "
        "print(sorted({'boto3', 'botocore', 'rich', 'urllib3'} & set(sys.modules)))"
    )
    for arguments in (["--help"], ["validate", "policies.yaml"], ["run", "--help"]):
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, "PYTHONPATH": str(LAMBDAS)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.endswith("[]\n"), arguments


def test_data_goes_to_stdout_alone_and_the_policy_may_come_from_stdin(server: LocalServer):
    server.world.seed(world(glue("nightly", DONE)))
    process = spawn("plan", "-p", "-", "--output", "json", stdin=subprocess.PIPE)
    out, err = process.communicate(POLICIES, timeout=30)
    assert process.returncode == 0
    assert json.loads(out)["totals"] == {"would_stop": 1}
    assert "\x1b" not in out + err
    assert "\r" not in err


def test_ctrl_c_ends_at_once_with_one_line_and_130(server: LocalServer):
    server.faults.add("slow", "glue", "ListSessions", seconds=20)
    process = spawn("scan", "--service", "glue")
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Reading glue")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert err == "reaper: interrupted; nothing was stopped\n"


@pytest.mark.usefixtures("server")
def test_a_reader_that_goes_away_is_no_error():
    process = spawn("schema")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 0
    assert err == ""


def test_an_internal_error_is_one_sentence(
    reaper: Reaper, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("reaper.cli.commands.schema.as_text", fail)
    result = reaper("schema")
    assert result.code == 1
    assert result.err == "reaper: internal error: RuntimeError: two\\nlines; REAPER_DEBUG=1 shows where\n"
    monkeypatch.setenv("REAPER_DEBUG", "1")
    assert main(["schema"]) == 1
    assert "Traceback" in capsys.readouterr().err


def terminal_output(*arguments: str, **environment: str) -> tuple[int, str]:
    """What the command shows on a terminal of 80 columns."""
    pty = pytest.importorskip("pty")
    pid, descriptor = pty.fork()
    if pid == 0:
        os.environ.update(PYTHONPATH=str(LAMBDAS), COLUMNS="80", TERM="xterm", **environment)
        os.execv(sys.executable, [sys.executable, "-m", "reaper.cli.main", *arguments])  # noqa: S606 - none is wanted
    shown = b""
    while True:
        try:
            chunk = os.read(descriptor, 65_536)
        except OSError:
            break
        if not chunk:
            break
        shown += chunk
    os.close(descriptor)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), shown.decode()


def test_a_terminal_gets_colour_a_table_that_fits_and_progress(server: LocalServer):
    server.world.seed(world(glue("nightly", DONE, description="x" * 120)))
    code, shown = terminal_output("plan")
    assert code == 0
    assert "\x1b[1mWould be stopped (1)\x1b[0m" in shown
    assert "Reading" in shown
    table = shown[shown.index("Would be stopped") : shown.index("session seen")]
    plain = [line.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "") for line in table.splitlines()]
    assert max(map(len, plain)) <= 80


def test_no_color_leaves_every_escape_sequence_out(server: LocalServer):
    server.world.seed(world(glue("nightly", DONE)))
    code, shown = terminal_output("plan", NO_COLOR="1")
    assert code == 0
    assert "nightly" in shown
    assert "\x1b" not in shown
