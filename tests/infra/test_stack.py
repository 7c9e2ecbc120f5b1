"""What the stack means, read off the template that CloudFormation gets."""

from __future__ import annotations

import json

import pytest

from reaper.handlers import sweep as handlers
from reaper.handlers.continuation import MOST_PARTS
from reaper.settings import Metric, Mode, SweepSettings
from tests.support.stacks import ALIBABA, POLICIES, SCHEMA, Resources, as_list, check_with_nag, flat, stack

ALL = "glue,athena,deadline,emr-serverless-spark"
READS = {
    "glue": {"glue:ListSessions", "glue:ListStatements", "glue:GetTags"},
    "athena": {"athena:ListWorkGroups", "athena:ListSessions", "athena:GetSession", "athena:ListTagsForResource"},
    "deadline": {
        "deadline:ListFarms",
        "deadline:ListFleets",
        "deadline:ListWorkers",
        "deadline:ListSessionsForWorker",
        "deadline:ListSessionActions",
        "deadline:ListTagsForResource",
    },
}
STOPS = {
    "glue": {"glue:GetSession", "glue:StopSession"},
    "athena": {"athena:TerminateSession"},
    "deadline": {"deadline:GetSession", "deadline:UpdateSession"},
}
OWN = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sns:Publish",
    "sns:GetTopicAttributes",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "appconfig:StartConfigurationSession",
    "appconfig:GetLatestConfiguration",
    "sqs:SendMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
    "dynamodb:PutItem",
    "s3:GetObject",
    "s3:PutObject",
    "lambda:InvokeFunction",
    "secretsmanager:GetSecretValue",
    "events:PutEvents",
}


def sweeper(**context: str) -> Resources:
    """What belongs to the function that sweeps."""
    return stack(**context).part("Sweeper")


@pytest.mark.parametrize("service", ["glue", "athena", "deadline"])
def test_in_report_mode_the_role_can_read_one_service_and_stop_nothing(service):
    assert sweeper(services=service).granted() == OWN | READS[service]


@pytest.mark.parametrize("service", ["glue", "athena", "deadline"])
def test_in_enforce_mode_the_role_can_also_stop_that_one_service(service):
    assert sweeper(services=service, mode="enforce").granted() == OWN | READS[service] | STOPS[service]


def test_in_report_mode_with_every_service_no_action_changes_anything():
    own_verbs = {"CreateLogStream", "PutLogEvents", "Publish", "GenerateDataKey", "Decrypt", "SendMessage"}
    own_verbs |= {"BatchGetItem", "Query", "PutItem", "PutObject", "InvokeFunction", "PutEvents"}
    verbs = {action.partition(":")[2] for action in sweeper(services=ALL, **ALIBABA).granted()} - own_verbs

    assert {verb for verb in verbs if not verb.startswith(("List", "Get"))} == {"StartConfigurationSession"}


def test_alibaba_takes_one_secret_and_nothing_else_of_aws():
    found = sweeper(services="emr-serverless-spark", mode="enforce", answers="false", **ALIBABA)

    assert found.granted() == OWN
    assert found.resources_of("secretsmanager:GetSecretValue") == {
        "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:reaper/alibaba-??????"
    }


def test_a_secret_given_by_its_arn_is_granted_as_it_is():
    arn = "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:reaper-AbCdEf"
    found = sweeper(services="emr-serverless-spark", answers="false", **{**ALIBABA, "alibaba_secret": arn})

    assert found.resources_of("secretsmanager:GetSecretValue") == {arn}


def test_permissions_are_for_the_regions_swept_in_whatever_partition():
    here = sweeper(services="glue", mode="enforce")
    elsewhere = sweeper(services="glue", mode="enforce", regions="eu-central-1,eu-west-1")

    assert here.resources_of("glue:StopSession") == {
        "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:session/*"
    }
    assert elsewhere.resources_of("glue:StopSession") == {
        "arn:${AWS::Partition}:glue:eu-central-1:${AWS::AccountId}:session/*",
        "arn:${AWS::Partition}:glue:eu-west-1:${AWS::AccountId}:session/*",
    }


def test_only_a_list_that_knows_no_resource_is_granted_on_everything():
    found = sweeper(services=ALL, mode="enforce", **ALIBABA)
    unbounded = {action for action in found.granted() if "*" in found.resources_of(action)}

    assert unbounded == {"glue:ListSessions", "athena:ListWorkGroups"}


def test_no_arn_names_a_partition():
    assert '"arn:aws:' not in json.dumps(stack(services=ALL, mode="enforce", **ALIBABA).everything())


@pytest.mark.parametrize("mode", ["report", "enforce"])
def test_cdk_nag_finds_nothing_that_is_not_acknowledged_with_a_reason(mode):
    check_with_nag(mode=mode, services=ALL, emails="a@example.org", regions="eu-west-1,us-east-1", **ALIBABA)


def test_the_function_runs_the_handler_on_arm_with_the_newest_python():
    function = sweeper().only("AWS::Lambda::Function")

    assert function["Handler"] == "reaper.handlers.sweep.handler"
    assert callable(handlers.handler)
    assert function["Runtime"] == "python3.14"
    assert function["Architectures"] == ["arm64"]


def test_the_function_reads_back_the_settings_it_was_deployed_with():
    found = stack(services=ALL, mode="enforce", regions="eu-west-1,us-east-1", notify="always", **ALIBABA)
    variables = found.part("Sweeper").only("AWS::Lambda::Function")["Environment"]["Variables"]
    settings = SweepSettings.from_env({name: flat(value) for name, value in variables.items()})

    assert settings.mode is Mode.ENFORCE
    assert settings.services == ("glue", "athena", "deadline", "emr-serverless-spark")
    assert settings.regions == ("eu-west-1", "us-east-1")
    assert settings.account == "${AWS::AccountId}"
    assert settings.notify == "always"
    assert [(target.cloud, target.secret) for target in settings.elsewhere] == [("alibaba", "reaper/alibaba")]
    [(topic, _)] = found.part("Reports").named("AWS::SNS::Topic")
    assert settings.topic_arn == f"${{{topic}}}"


def test_no_concurrency_is_reserved_by_default_since_a_new_account_has_none_to_reserve():
    everything = stack(owners="owners.yaml", slack_secret="reaper/slack")

    assert [one for one in everything.all("AWS::Lambda::Function") if "ReservedConcurrentExecutions" in one] == []


def test_where_it_is_asked_for_one_sweep_runs_at_a_time_and_nothing_else_is_reserved():
    found = stack(reserve_concurrency="true")
    [reserved] = [one for one in found.all("AWS::Lambda::Function") if "ReservedConcurrentExecutions" in one]

    assert reserved["Handler"] == "reaper.handlers.sweep.handler"
    assert reserved["ReservedConcurrentExecutions"] == 1


def test_a_long_sweep_may_invoke_itself_as_often_as_its_own_bound_allows():
    # Lambda stops a function that invokes itself after about 16 times, unless told otherwise.
    assert MOST_PARTS == 20
    assert sweeper().only("AWS::Lambda::Function")["RecursiveLoop"] == "Allow"
    others = [one for one in stack(slack_secret="reaper/slack").all("AWS::Lambda::Function") if "RecursiveLoop" in one]
    assert [one["Handler"] for one in others] == ["reaper.handlers.sweep.handler"]


def test_a_sweep_that_failed_is_kept_in_an_encrypted_queue_and_not_run_again():
    found = sweeper()
    asynchronous = found.only("AWS::Lambda::EventInvokeConfig")
    [(queue, properties)] = found.named("AWS::SQS::Queue")

    assert asynchronous["MaximumRetryAttempts"] == 0
    assert flat(asynchronous["DestinationConfig"]["OnFailure"]["Destination"]) == f"${{{queue}.Arn}}"
    assert properties["SqsManagedSseEnabled"] is True
    assert properties["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_the_schedule_starts_the_function_and_an_event_it_cannot_hand_over_is_kept():
    found = stack(schedule="cron(0/15 8-18 ? * MON-FRI *)")
    rule = found.part("Schedule").only("AWS::Events::Rule")
    [(function, _)] = found.part("Sweeper").named("AWS::Lambda::Function")
    [(queue, _)] = found.part("Sweeper").named("AWS::SQS::Queue")
    [target] = rule["Targets"]

    assert rule["ScheduleExpression"] == "cron(0/15 8-18 ? * MON-FRI *)"
    assert rule["State"] == "ENABLED"
    assert flat(target["Arn"]) == f"${{{function}.Arn}}"
    assert flat(target["DeadLetterConfig"]["Arn"]) == f"${{{queue}.Arn}}"
    assert found.part("Schedule").only("AWS::Lambda::Permission")["Principal"] == "events.amazonaws.com"


def test_the_log_is_kept_as_long_as_asked_and_no_longer():
    found = sweeper(log_retention_days="731")
    [(log, properties)] = found.named("AWS::Logs::LogGroup")

    assert properties["RetentionInDays"] == 731
    assert found.only("AWS::Lambda::Function")["LoggingConfig"] == {"LogGroup": {"Ref": log}}


def test_reports_are_encrypted_with_a_key_that_rotates_and_never_travel_in_the_clear():
    found = stack(emails="a@example.org,b@example.org")
    [(key, properties)] = found.named("AWS::KMS::Key")
    reports = found.part("Reports")
    denied = [one for one in topic_statements(found) if one["Effect"] == "Deny"]

    assert properties["EnableKeyRotation"] is True
    assert flat(reports.only("AWS::SNS::Topic")["KmsMasterKeyId"]) == f"${{{key}.Arn}}"
    assert denied[0]["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert {(one["Protocol"], one["Endpoint"]) for one in reports.all("AWS::SNS::Subscription")} == {
        ("email", "a@example.org"),
        ("email", "b@example.org"),
    }


def test_alarms_of_this_account_may_publish_to_the_encrypted_topic():
    found = stack()
    key_statements = found.only("AWS::KMS::Key")["KeyPolicy"]["Statement"]
    for statements, needed in (
        (topic_statements(found), {"sns:Publish"}),
        (key_statements, {"kms:Decrypt", "kms:GenerateDataKey"}),
    ):
        [allowed] = [one for one in statements if one["Principal"] == {"Service": "cloudwatch.amazonaws.com"}]
        assert set(as_list(allowed["Action"])) == needed
        assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def topic_statements(found):
    return found.part("Reports").only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]


@pytest.mark.parametrize(
    ("metric", "namespace"),
    [
        ("Errors", "AWS/Lambda"),
        ("Throttles", "AWS/Lambda"),
        ("ApproximateNumberOfMessagesVisible", "AWS/SQS"),
        ("BlindScopes", "SessionReaper"),
        ("FailedStops", "SessionReaper"),
        ("CorruptPolicy", "SessionReaper"),
        ("Untold", "SessionReaper"),
        ("FailedAnswers", "SessionReaper"),
        ("NoSubscriber", "SessionReaper"),
    ],
)
def test_one_is_enough_to_alarm_and_silence_is_no_recovery(metric, namespace):
    found = stack()
    alarms = [one for one in found.all("AWS::CloudWatch::Alarm") if one["MetricName"] == metric]
    [(topic, _)] = found.part("Reports").named("AWS::SNS::Topic")

    assert alarms
    for alarm in alarms:
        assert alarm["Namespace"] == namespace
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
        assert alarm["Threshold"] == 1
        assert alarm["TreatMissingData"] == "ignore"
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]


def test_alarms_watch_the_metrics_that_the_function_writes():
    found = stack(stack_name="Reaper-2")
    function = found.part("Sweeper").only("AWS::Lambda::Function")["Environment"]["Variables"]
    ours = [one for one in found.all("AWS::CloudWatch::Alarm") if not one["Namespace"].startswith("AWS/")]

    assert {one["MetricName"] for one in ours} <= set(Metric)
    assert {one["Namespace"] for one in ours} == {function["POWERTOOLS_METRICS_NAMESPACE"]}
    assert all(one["Dimensions"] == [{"Name": "service", "Value": function["POWERTOOLS_SERVICE_NAME"]}] for one in ours)
    assert function["POWERTOOLS_SERVICE_NAME"] == "Reaper-2"


def test_a_run_that_is_missing_alarms_because_of_the_silence():
    [alarm] = [
        one
        for one in stack(schedule="rate(30 minutes)", timeout_minutes="5").all("AWS::CloudWatch::Alarm")
        if one["MetricName"] == "Sweeps"
    ]

    assert alarm["ComparisonOperator"] == "LessThanThreshold"
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (40 * 60, 1)
    assert (alarm["Namespace"], alarm["Statistic"]) == ("SessionReaper", "Sum")


def test_policies_and_switch_are_delivered_through_validators():
    found = stack()
    contents = {one["Content"] for one in found.all("AWS::AppConfig::HostedConfigurationVersion")}
    validators = [
        validator for one in found.all("AWS::AppConfig::ConfigurationProfile") for validator in one["Validators"]
    ]

    assert contents == {POLICIES, '{"report_only": false}'}
    assert {validator["Type"] for validator in validators} == {"JSON_SCHEMA"}
    assert SCHEMA in [validator["Content"] for validator in validators]
    assert all(len(validator["Content"]) <= 32_768 for validator in validators)


def test_what_is_delivered_takes_effect_at_once():
    strategy = stack().only("AWS::AppConfig::DeploymentStrategy")

    assert (strategy["DeploymentDurationInMinutes"], strategy["FinalBakeTimeInMinutes"]) == (0, 0)
    assert strategy["GrowthFactor"] == 100


def test_the_function_may_read_its_own_configurations_and_no_other():
    found = stack(owners="owners.yaml")
    profiles = {name for name, _ in found.named("AWS::AppConfig::ConfigurationProfile")}
    readable = found.part("Sweeper").resources_of("appconfig:GetLatestConfiguration")

    assert {arn.rpartition("/")[2].strip("${}") for arn in readable} == profiles
    assert not any("*" in arn for arn in readable)


def test_resources_have_no_names_of_their_own_so_that_two_stacks_fit_one_account():
    names = {"FunctionName", "RoleName", "QueueName", "TopicName", "LogGroupName", "AlarmName", "Name"}
    named = {
        one["Type"]
        for one in stack().everything()
        if names & set(one.get("Properties", {})) and not one["Type"].startswith("AWS::AppConfig::")
    }

    # These name the function they belong to; the API has to have a name, which several may share.
    assert named == {"AWS::Lambda::Permission", "AWS::Lambda::EventInvokeConfig", "AWS::ApiGatewayV2::Api"}
