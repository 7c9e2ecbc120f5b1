from __future__ import annotations

import pytest

from reaper.settings import (
    AnswersSettings,
    CloudTarget,
    DeliverySettings,
    Mode,
    Notify,
    PeopleSettings,
    SettingsError,
    SlackSettings,
    SweepSettings,
    WeeklySettings,
)

SETTINGS = SweepSettings(
    mode=Mode.ENFORCE,
    services=("glue", "emr-serverless-spark"),
    account="123456789012",
    regions=("eu-central-1", "us-east-1"),
    topic_arn="arn:aws:sns:eu-central-1:123456789012:reports",
    delivery=DeliverySettings(application="a", environment="e", policies="p", switch="s", owners="o"),
    people=PeopleSettings(
        owners_topic_arn="arn:aws:sns:eu-central-1:123456789012:owners",
        chat_topic_arn="arn:aws:sns:eu-central-1:123456789012:chat",
        answers_url="https://x.lambda-url.eu-central-1.on.aws/",
        link_secret="links",
        event_bus="default",
        told_already="email:ops@example.com",
        timezone="Europe/Berlin",
    ),
    ledger_table="ledger",
    history_bucket="history",
    notify=Notify.ALWAYS,
    elsewhere=(
        CloudTarget(cloud="alibaba", region="cn-hangzhou", secret="x", account="42", endpoint="http://127.0.0.1:1"),
    ),
)


def test_what_the_stack_writes_is_what_the_function_reads():
    assert SweepSettings.from_env(SETTINGS.to_env()) == SETTINGS


def test_everything_missing_or_wrong_is_said_at_once():
    env = {**SETTINGS.to_env(), "REAPER_MODE": "stop", "REAPER_SERVICES": "glue,glew", "REAPER_ACCOUNT": " "}
    del env["REAPER_TOPIC_ARN"]

    with pytest.raises(SettingsError) as caught:
        SweepSettings.from_env(env)

    said = str(caught.value)
    assert "REAPER_MODE is 'stop'" in said
    assert "REAPER_SERVICES names 'glew'" in said
    assert "REAPER_ACCOUNT is not set" in said
    assert "REAPER_TOPIC_ARN is not set" in said


OPTIONAL = {
    "REAPER_NOTIFY",
    "REAPER_HISTORY_BUCKET",
    "ALIBABA_CLOUD_ACCOUNT_ID",
    "ALIBABA_CLOUD_ENDPOINT_EMR_SERVERLESS_SPARK",
    "REAPER_APPCONFIG_OWNERS",
    "REAPER_OWNERS_TOPIC_ARN",
    "REAPER_CHAT_TOPIC_ARN",
    "REAPER_ANSWERS_URL",
    "REAPER_LINK_SECRET",
    "REAPER_EVENT_BUS",
    "REAPER_TOLD_ALREADY",
    "REAPER_TIMEZONE",
}


@pytest.mark.parametrize("name", sorted(set(SETTINGS.to_env()) - OPTIONAL))
def test_nothing_that_is_needed_is_made_up(name):
    env = {key: value for key, value in SETTINGS.to_env().items() if key != name}

    with pytest.raises(SettingsError, match=name):
        SweepSettings.from_env(env)


OTHERS = (
    SlackSettings(
        slack_secret="slack", ledger_table="ledger", slack_channel="#ops", slack_buttons="true", timezone="Asia/Tokyo"
    ),
    AnswersSettings(
        ledger_table="ledger",
        link_secret="links",
        slack_signing_secret="signing",
        history_bucket="b",
        event_bus="default",
    ),
    WeeklySettings(history_bucket="b", topic_arn="t", answers_url="https://x/", link_secret="l", timezone="Asia/Tokyo"),
)


@pytest.mark.parametrize("settings", OTHERS, ids=lambda settings: type(settings).__name__)
def test_what_the_stack_writes_is_what_each_other_function_reads(settings):
    assert type(settings).from_env(settings.to_env()) == settings


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (SlackSettings, ["REAPER_SLACK_SECRET", "REAPER_LEDGER_TABLE"]),
        (AnswersSettings, ["REAPER_LEDGER_TABLE", "REAPER_LINK_SECRET"]),
        (WeeklySettings, ["REAPER_HISTORY_BUCKET", "REAPER_TOPIC_ARN"]),
    ],
)
def test_what_another_function_cannot_do_without_is_said_at_once(kind, names):
    with pytest.raises(SettingsError) as caught:
        kind.from_env({})

    assert str(caught.value) == "; ".join(f"{name} is not set" for name in names)


def test_a_reader_without_a_timezone_reads_utc():
    env = {key: value for key, value in SETTINGS.to_env().items() if key != "REAPER_TIMEZONE"}

    assert SweepSettings.from_env(env).people.timezone == "UTC"
