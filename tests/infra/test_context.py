from __future__ import annotations

import json
from pathlib import Path

import botocore.session
import pytest

from infra.settings import DEFAULTS, ContextError, read_context
from reaper.settings import CloudTarget, Mode, Notify

ROOT = Path(__file__).resolve().parents[2]


def problems(**context):
    with pytest.raises(ContextError) as caught:
        read_context(context, root=ROOT)
    return caught.value.problems


def test_nothing_said_means_a_report_of_the_three_services_of_aws_every_hour():
    settings = read_context({}, root=ROOT)

    assert settings.mode is Mode.REPORT
    assert settings.services == ("athena", "deadline", "glue")
    assert settings.schedule.expression == "rate(1 hour)"
    assert settings.regions == settings.emails == ()
    assert settings.elsewhere == ()


def test_cdk_json_documents_every_key_with_its_default():
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    documented = {line.split()[0] for line in context.pop("//")[1:]}

    assert context == DEFAULTS
    assert documented == set(DEFAULTS)


def test_text_from_the_command_line_means_what_json_means():
    settings = read_context(
        {
            "mode": "enforce",
            "services": "glue, emr-serverless-spark",
            "regions": "eu-central-1,us-gov-west-1",
            "emails": "a@example.org,b@example.org",
            "notify": "always",
            "memory_mb": "1024",
            "timeout_minutes": "15",
            "log_retention_days": "7",
            "reserve_concurrency": "false",
            "alibaba_region": "ap-southeast-1",
            "alibaba_secret": "reaper/alibaba",
            "alibaba_endpoint": "http://127.0.0.1:8080",
        },
        root=ROOT,
    )

    assert settings.mode is Mode.ENFORCE
    assert settings.services == ("glue", "emr-serverless-spark")
    assert settings.regions == ("eu-central-1", "us-gov-west-1")
    assert settings.emails == ("a@example.org", "b@example.org")
    assert settings.notify is Notify.ALWAYS
    assert (settings.memory_mb, settings.timeout_minutes, settings.log_retention_days) == (1024, 15, 7)
    assert settings.reserve_concurrency is False
    assert settings.elsewhere == (
        CloudTarget(
            cloud="alibaba",
            region="ap-southeast-1",
            secret="reaper/alibaba",
            account="unknown",
            endpoint="http://127.0.0.1:8080",
        ),
    )


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("mode", "enforced", "it should be report or enforce; did you mean enforce?"),
        ("mode", None, "it should be report or enforce"),
        ("schedule", "hourly", "'hourly' is not a schedule"),
        ("schedule", 5, "'5' is not a schedule"),
        ("services", "glew", "names 'glew': it should be one of athena, "),
        ("services", "glew", "did you mean glue?"),
        ("services", "", "is empty: name at least one of"),
        ("services", {"glue": True}, "it should be a list, or text with commas"),
        ("services", ["glue", 1], "it should be a list, or text with commas"),
        ("regions", "eu-centrl-1", "names 'eu-centrl-1': it should be an AWS region"),
        ("regions", "Frankfurt", "it should be an AWS region"),
        ("emails", "nobody", "names 'nobody': it should be an email address"),
        ("notify", "never", "it should be findings or always"),
        ("policies", "nowhere.yaml", "names 'nowhere.yaml', which is no file in"),
        ("policies", "", "which is no file in"),
        ("owners", "nowhere.yaml", "names 'nowhere.yaml', which is no file in"),
        ("timezone", "Europe/Berln", "it should be a timezone such as UTC or Europe/Berlin"),
        ("timezone", "../etc/passwd", "it should be a timezone such as UTC or Europe/Berlin"),
        ("timezone", "localtime", "it should be a timezone such as UTC or Europe/Berlin"),
        ("timezone", 5, "it should be a timezone such as UTC or Europe/Berlin"),
        ("timezone", "Europe", "it should be a timezone such as UTC or Europe/Berlin"),
        ("timezone", "", "it should be a timezone such as UTC or Europe/Berlin"),
        ("timezone", 3, "it should be a timezone such as UTC or Europe/Berlin"),
        ("answers", "maybe", "it should be true or false"),
        ("answers_per_second", 0, "a whole number from 1 to 1000"),
        ("dashboard", "yes", "it should be true or false"),
        ("slack_secret", "a secret", "the name of a Secrets Manager secret, or its whole ARN"),
        (
            "slack_secret",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reaper/slack",
            "its whole ARN with the hyphen and six characters that Secrets Manager put at its end",
        ),
        ("slack_signing_secret", "reaper/signing", "needs slack_secret, the secret that Slack is posted with"),
        ("secrets_key", "alias/reaper", "the ARN of a KMS key, not of an alias"),
        ("secrets_key", "arn:aws:kms:eu-west-1:123456789012:alias/reaper", "the ARN of a KMS key, not of an alias"),
        ("slack_channel", "#sessions", "needs slack_secret, the secret that Slack is posted with"),
        ("chat_workspace", "T012AB3CD", "needs chat_channel beside it"),
        ("chat_channel", "C012AB3CD", "needs chat_workspace beside it"),
        ("weekly", "monday", "'monday' is not a schedule"),
        ("weekly", "cron(0 7 * * MON *)", "needs a ?"),
        ("event_bus", "arn:aws:events:eu-west-1:123456789012:event-bus/x", "the name of an event bus here"),
        ("memory_mb", "128", "a whole number from 256 to 10240"),
        ("memory_mb", True, "a whole number from 256 to 10240"),
        ("memory_mb", "½", "a whole number from 256 to 10240"),
        ("timeout_minutes", 16, "a whole number from 1 to 15"),
        ("log_retention_days", 10, "it should be one of 1, 3, 5, 7"),
        ("reserve_concurrency", "yes", "it should be true or false"),
        ("stack_name", "no spaces", "letters, digits and hyphens"),
    ],
)
def test_a_wrong_value_is_said_in_one_sentence_that_names_its_key(key, value, sentence):
    found = problems(**{key: value})

    assert len(found) == 1
    assert found[0].startswith(f"context key {key} ")
    assert sentence in found[0]


def test_everything_wrong_is_said_at_once():
    found = problems(mode="off", services="glew,athina", memory_mb="lots")

    assert [problem.split()[2] for problem in found] == ["services", "services", "mode", "memory_mb"]


def test_alibaba_needs_its_region_and_its_secret_only_when_it_is_looked_at():
    found = problems(services="emr-serverless-spark")

    assert [problem.split()[2] for problem in found] == ["alibaba_region", "alibaba_secret"]
    assert read_context({"alibaba_region": "nonsense!"}, root=ROOT).elsewhere == ()


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("shedule", "did you mean schedule?"),
        ("policy", "did you mean policies?"),
        ("timeout", "did you mean timeout_minutes?"),
        ("slack", "did you mean slack_secret or slack_channel or slack_signing_secret?"),
        ("keepData", "did you mean keep_data?"),
        ("alibaba", "did you mean alibaba_region or alibaba_secret or alibaba_account?"),
        ("regoin", "did you mean regions?"),
        ("team", "cdk.json lists those that are"),
        ("x", "cdk.json lists those that are"),
    ],
)
def test_every_unknown_key_is_refused_and_the_near_ones_are_named(key, hint):
    assert problems(**{key: "whatever"}) == [f"context key {key} is not known; {hint}"]


def test_two_unknown_keys_are_both_told():
    assert problems(policy="strict.yaml", timeout=5) == [
        "context key policy is not known; did you mean policies?",
        "context key timeout is not known; did you mean timeout_minutes?",
    ]


def test_what_the_cdk_keeps_in_the_context_is_left_alone():
    theirs = {
        "@aws-cdk/core:x": True,
        "aws:cdk:enable-path-metadata": True,
        "availability-zones:account=123456789012:region=eu-west-1": ["eu-west-1a"],
        "acknowledged-issue-numbers": [1],
        "cli-telemetry": False,
        "//": ["a comment"],
    }

    assert read_context(theirs, root=ROOT).mode is Mode.REPORT


def test_every_region_that_botocore_lists_can_be_swept():
    partitions = botocore.session.Session().get_data("endpoints")["partitions"]
    regions = [region for partition in partitions for region in partition["regions"]]
    assert "eusc-de-east-1" in regions

    assert read_context({"regions": regions}, root=ROOT).regions == tuple(regions)


def test_what_is_wrong_with_slack_is_said_though_there_is_a_secret():
    assert problems(slack_secret="reaper/slack", slack_channel="sessions") == [
        "context key slack_channel is 'sessions': it should be a channel such as #sessions, or its id, which begins with C or G"
    ]
    assert problems(chat_workspace="acme", chat_channel="C012AB3CD") == [
        "context key chat_workspace is 'acme': it should be the id of a Slack workspace, such as T012AB3CD"
    ]


def test_the_signing_secret_is_one_of_its_own():
    assert problems(slack_secret="reaper/slack", slack_signing_secret="reaper/slack") == [
        (
            "context key slack_signing_secret is the same as slack_secret: put the signing secret into one of its own, which is "
            "all that the public page reads"
        )
    ]


def test_people_are_reached_by_what_is_configured_alone():
    settings = read_context({}, root=ROOT)

    assert settings.owners == ROOT / "owners.yaml"
    assert settings.timezone == "UTC"
    assert settings.slack is settings.chat is None
    assert settings.weekly is not None
    assert settings.weekly.expression == "cron(0 7 ? * MON *)"
    assert (settings.answers, settings.event_bus, settings.dashboard) == (True, "default", True)


CHAT = {"chat_workspace": "T012AB3CD", "chat_channel": "C012AB3CD"}


@pytest.mark.parametrize("region", ["ap-east-2", "ap-southeast-6"])
def test_where_there_are_no_http_apis_the_page_behind_links_is_refused_with_the_way_out(region):
    with pytest.raises(ContextError) as caught:
        read_context({}, root=ROOT, region=region)

    assert caught.value.problems == [
        (
            f"context key answers is true, but API Gateway has no HTTP APIs in {region}, which links lead to: "
            f"deploy the stack elsewhere and name {region} in regions, or set answers to false"
        )
    ]
    assert read_context({"answers": "false"}, root=ROOT, region=region).answers is False
    assert read_context({"regions": region}, root=ROOT, region="ap-southeast-1").answers is True


@pytest.mark.parametrize("region", ["cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1"])
def test_where_there_is_no_chat_it_is_refused_with_the_way_out(region):
    with pytest.raises(ContextError) as caught:
        read_context(CHAT, root=ROOT, region=region)

    assert caught.value.problems == [
        (
            "context key chat_workspace is set, but Amazon Q Developer in chat applications is not offered in "
            f"{region}: use slack_secret instead"
        )
    ]
    assert read_context({"slack_secret": "reaper/slack"}, root=ROOT, region=region).slack is not None


@pytest.mark.parametrize(
    "region", ["", "eu-central-2", "me-central-1", "il-central-1", "mx-central-1", "ap-southeast-7"]
)
def test_regions_without_function_urls_have_the_page_all_the_same(region):
    settings = read_context(CHAT, root=ROOT, region=region)

    assert settings.answers is True
    assert settings.chat is not None


def test_empty_text_switches_off():
    settings = read_context({"owners": "", "weekly": " ", "event_bus": "", "answers": "false"}, root=ROOT)

    assert settings.owners is settings.weekly is None
    assert (settings.event_bus, settings.answers) == ("", False)
