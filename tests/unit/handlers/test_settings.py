from __future__ import annotations

import pytest

from reaper.settings import AlibabaTarget, DeliverySettings, Mode, Notify, SettingsError, SweepSettings

SETTINGS = SweepSettings(
    mode=Mode.ENFORCE,
    services=("glue", "emr-serverless-spark"),
    account="123456789012",
    regions=("eu-central-1", "us-east-1"),
    topic_arn="arn:aws:sns:eu-central-1:123456789012:reports",
    delivery=DeliverySettings(application="a", environment="e", policies="p", switch="s"),
    ledger_table="ledger",
    history_bucket="history",
    notify=Notify.ALWAYS,
    alibaba=AlibabaTarget(region="cn-hangzhou", secret="x", account="42", endpoint="http://127.0.0.1:1"),
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
}


@pytest.mark.parametrize("name", sorted(set(SETTINGS.to_env()) - OPTIONAL))
def test_nothing_that_is_needed_is_made_up(name):
    env = {key: value for key, value in SETTINGS.to_env().items() if key != name}

    with pytest.raises(SettingsError, match=name):
        SweepSettings.from_env(env)
