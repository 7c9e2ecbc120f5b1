"""Slack, Amazon Q, the weekly page, the alarms on what they leave behind, and the dashboard, read off the template."""

from __future__ import annotations

import json
import re

import pytest

from reaper.handlers import slack as slack_handler
from reaper.ledger.deliveries import DELIVERED
from reaper.settings import METRICS_NAMESPACE, Metric, SlackSettings, WeeklySettings
from tests.support.stacks import Resources, flat, stack

SLACK = {"slack_secret": "reaper/slack", "slack_channel": "#sessions"}
CHAT = {"chat_workspace": "T012AB3CD", "chat_channel": "C012AB3CD"}
LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
QUEUE = {"sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"}


def variables(found: Resources) -> dict[str, str]:
    return {
        name: flat(value) for name, value in found.only("AWS::Lambda::Function")["Environment"]["Variables"].items()
    }


def topic(found: Resources, construct: str) -> str:
    [(name, _)] = found.part(construct).named("AWS::SNS::Topic")
    return f"${{{name}}}"


def test_slack_gets_whole_reports_and_of_the_digests_its_own():
    found = stack(**SLACK)
    part = found.part("Slack")
    subscriptions = {flat(one["TopicArn"]): one for one in part.all("AWS::SNS::Subscription")}
    [(function, _)] = part.named("AWS::Lambda::Function")
    [(queue, _)] = part.named("AWS::SQS::Queue")

    assert set(subscriptions) == {topic(found, "Reports"), topic(found, "OwnersTopic")}
    assert "FilterPolicy" not in subscriptions[topic(found, "Reports")]
    assert subscriptions[topic(found, "OwnersTopic")]["FilterPolicy"] == {"medium": ["slack"]}
    for one in subscriptions.values():
        assert (one["Protocol"], flat(one["Endpoint"])) == ("lambda", f"${{{function}.Arn}}")
        assert flat(one["RedrivePolicy"]["deadLetterTargetArn"]) == f"${{{queue}.Arn}}"
    assert {(one["Principal"], flat(one["SourceArn"])) for one in part.all("AWS::Lambda::Permission")} == {
        ("sns.amazonaws.com", arn) for arn in subscriptions
    }


def test_what_slack_does_not_take_is_tried_three_times_and_kept():
    part = stack(**SLACK).part("Slack")
    [(queue, properties)] = part.named("AWS::SQS::Queue")
    asynchronous = part.only("AWS::Lambda::EventInvokeConfig")
    function = part.only("AWS::Lambda::Function")

    assert asynchronous["MaximumRetryAttempts"] == 2
    assert flat(asynchronous["DestinationConfig"]["OnFailure"]["Destination"]) == f"${{{queue}.Arn}}"
    assert properties["SqsManagedSseEnabled"] is True
    assert function["Handler"] == "reaper.handlers.slack.handler"
    assert callable(slack_handler.handler)
    assert function["Timeout"] == 60


def test_who_posts_to_slack_may_read_one_secret_and_remember_what_was_delivered():
    found = stack(**SLACK)
    part = found.part("Slack")
    [ledger] = [one for one in part.role_statements() if "dynamodb:PutItem" in one["Action"]]

    assert part.granted() == LOG | QUEUE | {"dynamodb:GetItem", "dynamodb:PutItem", "secretsmanager:GetSecretValue"}
    assert ledger["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [f"{DELIVERED}*"]}}
    assert DELIVERED == "delivered/"
    assert part.resources_of("secretsmanager:GetSecretValue") == {
        "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:reaper/slack-??????"
    }


def test_who_posts_to_slack_knows_where_and_in_which_timezone():
    settings = SlackSettings.from_env(variables(stack(timezone="Europe/Berlin", **SLACK).part("Slack")))

    assert settings.slack_channel == "#sessions"
    assert settings.timezone == "Europe/Berlin"
    assert settings.slack_secret == "reaper/slack"


def test_without_a_secret_there_is_no_slack():
    assert not stack().has("Slack")


def test_amazon_q_shows_notifications_and_alarms_and_nobody_can_do_anything_from_there():
    found = stack(**CHAT)
    part = found.part("Chat")
    channel = part.only("AWS::Chatbot::SlackChannelConfiguration")
    guardrail = part.only("AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"]

    assert (channel["SlackWorkspaceId"], channel["SlackChannelId"]) == ("T012AB3CD", "C012AB3CD")
    assert list(map(flat, channel["SnsTopicArns"])) == [topic(found, "Chat")]
    assert [(one["Effect"], one["Action"], one["Resource"]) for one in guardrail] == [("Deny", "*", "*")]
    assert part.all("AWS::IAM::Policy") == []
    assert "ManagedPolicyArns" not in part.only("AWS::IAM::Role")
    assert {len(one["AlarmActions"]) for one in found.all("AWS::CloudWatch::Alarm")} == {2}
    assert topic(found, "Chat") in found.part("Sweeper").resources_of("sns:Publish")
    assert variables(found.part("Sweeper"))["REAPER_CHAT_TOPIC_ARN"] == topic(found, "Chat")


def test_alarms_of_this_account_may_publish_to_the_chat():
    statements = stack(**CHAT).part("Chat").only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    [allowed] = [one for one in statements if one["Effect"] == "Allow"]

    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_without_a_channel_there_is_no_chat():
    assert not stack().has("Chat")
    assert "REAPER_CHAT_TOPIC_ARN" not in variables(stack().part("Sweeper"))


def test_the_weekly_page_is_made_on_its_schedule_and_a_failure_is_kept():
    part = stack(weekly="cron(30 6 ? * TUE *)").part("Weekly")
    [(function, properties)] = part.named("AWS::Lambda::Function")
    [(queue, _)] = part.named("AWS::SQS::Queue")
    rule = part.only("AWS::Events::Rule")
    asynchronous = part.only("AWS::Lambda::EventInvokeConfig")

    assert rule["ScheduleExpression"] == "cron(30 6 ? * TUE *)"
    assert flat(rule["Targets"][0]["Arn"]) == f"${{{function}.Arn}}"
    assert flat(rule["Targets"][0]["DeadLetterConfig"]["Arn"]) == f"${{{queue}.Arn}}"
    assert flat(asynchronous["DestinationConfig"]["OnFailure"]["Destination"]) == f"${{{queue}.Arn}}"
    assert (properties["Timeout"], properties["MemorySize"]) == (300, 512)
    assert properties["Handler"] == "reaper.handlers.weekly.handler"


def test_who_makes_the_weekly_page_may_read_reports_put_pages_tell_and_sign():
    found = stack(timezone="Europe/Berlin")
    part = found.part("Weekly")
    settings = WeeklySettings.from_env(variables(part))

    assert part.granted() == LOG | QUEUE | {
        "s3:ListBucket",
        "s3:GetObject",
        "s3:PutObject",
        "sns:Publish",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "secretsmanager:GetSecretValue",
    }
    assert part.resources_of("sns:Publish") == {topic(found, "Reports")} == {settings.topic_arn}
    assert part.resources_of("secretsmanager:GetSecretValue") == {settings.link_secret}
    assert settings.answers_url == found.outputs()["AnswersUrl"]
    assert settings.timezone == "Europe/Berlin"


def test_without_answers_the_weekly_page_is_made_all_the_same():
    part = stack(answers="false").part("Weekly")

    assert "secretsmanager:GetSecretValue" not in part.granted()
    assert WeeklySettings.from_env(variables(part)).answers_url == ""


@pytest.mark.parametrize("context", [{"weekly": ""}, {"history_days": "0"}])
def test_without_a_schedule_or_a_history_there_is_no_weekly_page(context):
    assert not stack(**context).has("Weekly")


def test_every_queue_of_failures_is_watched_and_so_is_who_answers():
    found = stack(**SLACK)
    queues = {f"${{{name}.QueueName}}" for name, _ in found.named("AWS::SQS::Queue")}
    alarms = found.all("AWS::CloudWatch::Alarm")
    watched = {flat(one["Dimensions"][0]["Value"]) for one in alarms if one["Namespace"] == "AWS/SQS"}
    erring = {flat(one["Dimensions"][0]["Value"]) for one in alarms if one["MetricName"] == "Errors"}

    assert len(queues) == 3
    assert watched == queues
    for construct in ("Answers", "Links", "Sweeper"):
        [(name, _)] = found.part(construct).named("AWS::Lambda::Function")
        assert f"${{{name}}}" in erring


def dashboard(found: Resources) -> list[dict]:
    # What CloudFormation fills in stands in the text as its names.
    return json.loads(flat(found.only("AWS::CloudWatch::Dashboard")["DashboardBody"]))["widgets"]


def test_the_dashboard_shows_every_metric_that_people_ask_about():
    widgets = dashboard(stack(stack_name="Reaper-2", **SLACK))
    metrics = [metric for widget in widgets for metric in widget["properties"].get("metrics", [])]
    ours = [metric for metric in metrics if metric[0] == METRICS_NAMESPACE]

    assert {metric[1] for metric in ours} == set(Metric) - {Metric.SWEEPS, Metric.SESSIONS_SEEN, Metric.REGRET_RATE}
    assert {tuple(metric[2:4]) for metric in ours} == {("service", "Reaper-2")}
    [search] = [metric[0]["expression"] for metric in metrics if "expression" in metric[0]]
    assert search == "SEARCH('{SessionReaper,policy} MetricName=\"RegretRate\"', 'Maximum', 3600)"
    assert {metric[1] for metric in metrics if metric[0] == "AWS/Lambda"} == {"Invocations", "Errors", "Duration"}
    assert len([metric for metric in metrics if metric[0] == "AWS/SQS"]) == 3


def test_what_holds_now_is_not_added_up_and_what_happened_is():
    metrics = [metric for widget in dashboard(stack()) for metric in widget["properties"].get("metrics", [])]
    statistics = {metric[1]: metric[4].get("stat") for metric in metrics if metric[0] == METRICS_NAMESPACE}

    assert {name for name, statistic in statistics.items() if statistic == "Sum"} == {
        "Stopped",
        "Confirmed",
        "FailedStops",
        "AvoidedCost",
        "Untold",
        "RefusedAnswers",
        "FailedAnswers",
    }
    assert {statistic for name, statistic in statistics.items()} == {"Sum", "Maximum"}


def test_the_dashboard_reads_findings_out_of_the_sweeps_log():
    found = stack()
    [(log, _)] = found.part("Sweeper").named("AWS::Logs::LogGroup")
    queries = [widget["properties"]["query"] for widget in dashboard(found) if widget["type"] == "log"]

    assert all(query.startswith(f"SOURCE '${{{log}}}' | ") for query in queries)
    fields = {field for query in queries for field in re.findall(r"by (finding[.a-z]+)", query)}
    assert fields == {"finding.team", "finding.policy", "finding.ref.service"}


def test_a_row_of_the_dashboard_is_as_wide_as_the_dashboard():
    rows: dict[int, int] = {}
    for widget in dashboard(stack()):
        rows[widget["y"]] = rows.get(widget["y"], 0) + widget["width"]

    assert set(rows.values()) == {24}


def test_there_is_no_dashboard_where_none_is_wanted():
    assert not stack(dashboard="false").has("Dashboard")
