"""How the stack reaches people and hears from them, read off the template: owners, answers, events."""

from __future__ import annotations

import json

import pytest

from reaper.handlers import answers, rotate
from reaper.notifiers.event_bus import SOURCE
from reaper.settings import AnswersSettings, SlackSettings, SweepSettings
from tests.support.stacks import ALIBABA, Resources, as_list, check_with_nag, flat, stack

OWNERS = """\
version: 1
owners:
  - {match: ana, team: data, email: data@example.org, slack: "#data"}
  - {match: bob, team: ml, email: team@example.org}
  - {match: eve, team: eve, email: data@example.org}
default: {team: unowned, email: finops@example.org}
"""
WITH_ALL = {
    "slack_secret": "reaper/slack",
    "slack_channel": "#sessions",
    "slack_signing_secret": "reaper/signing",
    "chat_workspace": "T012AB3CD",
    "chat_channel": "C012AB3CD",
}


@pytest.fixture(scope="module")
def owners(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("owners") / "owners.yaml"
    path.write_text(OWNERS)
    return str(path)


def variables(found: Resources) -> dict[str, str]:
    return {
        name: flat(value) for name, value in found.only("AWS::Lambda::Function")["Environment"]["Variables"].items()
    }


def told_of_people(**context: str):
    return SweepSettings.from_env(variables(stack(**context).part("Sweeper"))).people


def test_each_address_of_the_owners_gets_its_own_digests_and_nobody_gets_two(owners):
    found = stack(owners=owners, emails="Team@Example.org").part("OwnersTopic")

    subscriptions = {(one["Protocol"], one["Endpoint"]): one for one in found.all("AWS::SNS::Subscription")}
    assert set(subscriptions) == {("email", "data@example.org"), ("email", "finops@example.org")}
    assert subscriptions["email", "data@example.org"]["FilterPolicy"] == {"audience": ["email:data@example.org"]}
    assert subscriptions["email", "finops@example.org"]["FilterPolicy"] == {"audience": ["email:finops@example.org"]}


@pytest.mark.parametrize("file", ["", "owners.yaml"])
def test_there_is_a_topic_for_owners_even_where_nobody_is_told_by_mail(file):
    found = stack(owners=file)
    [(topic, properties)] = found.part("OwnersTopic").named("AWS::SNS::Topic")
    [(key, _)] = found.named("AWS::KMS::Key")
    [denied] = found.part("OwnersTopic").only("AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]

    assert flat(properties["KmsMasterKeyId"]) == f"${{{key}.Arn}}"
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert found.outputs()["OwnersTopicArn"] == f"${{{topic}}}"
    assert told_of_people(owners=file).owners_topic_arn == f"${{{topic}}}"


def test_the_owners_are_delivered_with_their_own_schema_and_the_sweep_may_read_them(owners):
    found = stack(owners=owners)
    [(profile, properties)] = found.part("DeliveryOwnersConfigurationProfile").named(
        "AWS::AppConfig::ConfigurationProfile"
    )
    [content] = [
        one["Content"]
        for one in found.all("AWS::AppConfig::HostedConfigurationVersion")
        if flat(one["ConfigurationProfileId"]) == f"${{{profile}}}"
    ]

    assert json.loads(content)["owners"][0]["email"] == "data@example.org"
    [validator] = properties["Validators"]
    assert "owners" in json.loads(validator["Content"])["properties"]
    assert len(validator["Content"]) <= 32_768
    assert found.outputs()["OwnersProfileId"] == f"${{{profile}}}"
    assert SweepSettings.from_env(variables(found.part("Sweeper"))).delivery.owners == f"${{{profile}}}"
    assert any(
        arn.endswith(f"${{{profile}}}")
        for arn in found.part("Sweeper").resources_of("appconfig:GetLatestConfiguration")
    )


def test_without_a_file_no_owners_are_delivered():
    assert "OwnersProfileId" not in stack(owners="").outputs()
    assert "REAPER_APPCONFIG_OWNERS" not in variables(stack(owners="").part("Sweeper"))


def test_who_gets_the_whole_report_is_said_to_be_told_already():
    assert told_of_people(emails="Ops@Example.org,b@example.org", **WITH_ALL).told_already == (
        "email:ops@example.org,email:b@example.org,slack:#sessions"
    )
    assert told_of_people(slack_secret="reaper/slack").told_already == ""


def test_a_deployment_has_a_timezone():
    assert told_of_people(timezone="Europe/Berlin").timezone == "Europe/Berlin"


def test_the_key_of_links_is_long_known_to_nobody_and_replaced_every_thirty_days():
    found = stack().part("Links")
    [(secret, properties)] = found.named("AWS::SecretsManager::Secret")
    [(function, rotation)] = found.named("AWS::Lambda::Function")
    schedule = found.only("AWS::SecretsManager::RotationSchedule")

    assert properties["GenerateSecretString"] == {
        "SecretStringTemplate": "{}",
        "GenerateStringKey": "current",
        "PasswordLength": 64,
        "ExcludePunctuation": True,
    }
    assert flat(schedule["SecretId"]) == f"${{{secret}}}"
    assert flat(schedule["RotationLambdaARN"]) == f"${{{function}.Arn}}"
    assert schedule["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert rotation["Handler"] == "reaper.handlers.rotate.handler"
    assert callable(rotate.handler)


def test_rotation_may_change_this_one_secret_and_secrets_manager_alone_may_start_it():
    found = stack().part("Links")
    [(secret, _)] = found.named("AWS::SecretsManager::Secret")
    permission = found.only("AWS::Lambda::Permission")
    own = found.granted() - {"logs:CreateLogStream", "logs:PutLogEvents"}

    assert own == {
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    }
    assert {arn for action in own for arn in found.resources_of(action)} == {f"${{{secret}}}"}
    assert permission["Principal"] == "secretsmanager.amazonaws.com"
    assert flat(permission["SourceArn"]) == f"${{{secret}}}"


def test_the_secret_is_rotated_once_its_rotation_is_allowed_to():
    [schedule] = [one for one in stack().everything() if one["Type"] == "AWS::SecretsManager::RotationSchedule"]

    assert {name.rstrip("0123456789ABCDEF") for name in schedule["DependsOn"]} >= {
        "LinksRotationFunction",
        "LinksRotationFunctionRotate",
        "LinksRotationRoleDefaultPolicy",
    }


def test_everybody_reaches_the_function_behind_the_links_through_one_api_and_nobody_past_it():
    found = stack().part("Answers")
    [(api, properties)] = found.named("AWS::ApiGatewayV2::Api")
    route = found.only("AWS::ApiGatewayV2::Route")
    integration = found.only("AWS::ApiGatewayV2::Integration")
    [(name, function)] = found.named("AWS::Lambda::Function")
    permission = found.only("AWS::Lambda::Permission")

    assert properties["ProtocolType"] == "HTTP"
    assert "CorsConfiguration" not in properties
    assert (route["RouteKey"], route["AuthorizationType"]) == ("$default", "NONE")
    assert (integration["IntegrationType"], integration["PayloadFormatVersion"]) == ("AWS_PROXY", "2.0")
    assert flat(integration["IntegrationUri"]) == f"${{{name}.Arn}}"
    assert stack().all("AWS::Lambda::Url") == []
    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert flat(permission["SourceArn"]).endswith(f":${{{api}}}/*/*")
    assert function["Handler"] == "reaper.handlers.answers.handler"
    assert callable(answers.handler)
    assert (function["Timeout"], function["MemorySize"]) == (10, 512)


@pytest.mark.parametrize(
    ("context", "rate", "burst"),
    [
        ({}, 5, 10),
        ({"reserve_concurrency": "false"}, 5, 10),
        ({"reserve_concurrency": "true", "answers_per_second": "50"}, 50, 100),
    ],
)
def test_a_flood_of_requests_is_turned_away_before_the_function_whatever_is_reserved(context, rate, burst):
    stage = stack(**context).part("Answers").only("AWS::ApiGatewayV2::Stage")

    assert (stage["StageName"], stage["AutoDeploy"]) == ("$default", True)
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}


def test_who_answers_may_touch_what_is_remembered_of_sessions_and_little_else():
    everything = stack(slack_secret="reaper/slack", slack_signing_secret="reaper/signing")
    found = everything.part("Answers")
    [(table, _)] = everything.part("Ledger").named("AWS::DynamoDB::GlobalTable")
    [(secret, _)] = everything.named("AWS::SecretsManager::Secret")
    [(bucket, _)] = everything.named("AWS::S3::Bucket")

    assert found.granted() == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
        "secretsmanager:GetSecretValue",
        "s3:GetObject",
        "events:PutEvents",
    }
    [ledger] = [one for one in found.role_statements() if "dynamodb:PutItem" in one["Action"]]
    assert flat(ledger["Resource"]) == f"${{{table}.Arn}}"
    assert ledger["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["session/*"]}}
    assert found.resources_of("s3:GetObject") == {f"${{{bucket}.Arn}}/pages/*"}
    assert found.resources_of("secretsmanager:GetSecretValue") == {
        f"${{{secret}}}",
        "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:reaper/signing-??????",
    }
    assert AnswersSettings.from_env(variables(found)).slack_signing_secret == "reaper/signing"


def test_the_public_page_can_read_nothing_that_posts_to_slack():
    found = stack(slack_secret="reaper/slack").part("Answers")

    assert not any("slack" in arn for arn in found.resources_of("secretsmanager:GetSecretValue"))
    assert AnswersSettings.from_env(variables(found)).slack_signing_secret == ""


@pytest.mark.parametrize(
    ("context", "buttons"),
    [
        ({"slack_signing_secret": "reaper/signing"}, "true"),
        ({"slack_signing_secret": "reaper/signing", "answers": "false"}, ""),
        ({}, ""),
    ],
)
def test_messages_in_slack_have_buttons_where_somebody_checks_who_pressed_them(context, buttons):
    found = stack(slack_secret="reaper/slack", **context).part("Slack")

    assert SlackSettings.from_env(variables(found)).slack_buttons == buttons


@pytest.mark.parametrize(
    ("construct", "secret"), [("Answers", "reaper/signing"), ("Slack", "reaper/slack"), ("Sweeper", "reaper/alibaba")]
)
def test_a_secret_under_a_key_of_ones_own_is_decrypted_by_secrets_manager_alone_and_no_other_secret_is(
    construct, secret
):
    key = "arn:aws:kms:eu-west-1:123456789012:key/0f0e0d0c-1111-2222-3333-444455556666"
    slack = {"slack_secret": "reaper/slack", "slack_signing_secret": "reaper/signing"}
    services = {"services": "glue,emr-serverless-spark", **ALIBABA}
    found = stack(**slack, **services, secrets_key=key).part(construct)

    [statement] = [one for one in found.role_statements() if one["Resource"] == key]
    assert statement["Action"] == "kms:Decrypt"
    condition = statement["Condition"]
    assert {name: set(keys) for name, keys in condition.items()} == {
        "StringEquals": {"kms:ViaService"},
        "StringLike": {"kms:EncryptionContext:SecretARN"},
    }
    assert flat(condition["StringEquals"]["kms:ViaService"]) == "secretsmanager.${AWS::Region}.${AWS::URLSuffix}"
    [arn] = as_list(condition["StringLike"]["kms:EncryptionContext:SecretARN"])
    assert flat(arn).endswith(f":secret:{secret}-??????")
    assert key not in json.dumps(stack(**slack, **services).part(construct).role_statements())


def test_an_arn_that_may_lack_its_six_characters_is_granted_either_way():
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reaper-signing"
    found = stack(slack_secret="reaper/slack", slack_signing_secret=f"{arn}-secret").part("Answers")
    whole = stack(slack_secret="reaper/slack", slack_signing_secret=f"{arn}-AbCdE1").part("Answers")

    assert {f"{arn}-secret", f"{arn}-secret-??????"} <= found.resources_of("secretsmanager:GetSecretValue")
    assert {one for one in whole.resources_of("secretsmanager:GetSecretValue") if "signing" in one} == {f"{arn}-AbCdE1"}


def test_who_answers_is_granted_no_slack_no_pages_and_no_events_where_there_are_none():
    found = stack(history_days="0", event_bus="").part("Answers")

    assert found.granted() == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "dynamodb:BatchGetItem",
        "dynamodb:PutItem",
        "secretsmanager:GetSecretValue",
    }
    assert len(found.resources_of("secretsmanager:GetSecretValue")) == 1


def test_the_sweep_signs_links_to_the_url_with_the_key_that_answers_are_verified_with():
    found = stack()
    people = told_of_people()
    settings = AnswersSettings.from_env(variables(found.part("Answers")))

    assert people.answers_url == found.outputs()["AnswersUrl"]
    [(api, _)] = found.part("Answers").named("AWS::ApiGatewayV2::Api")
    assert people.answers_url == f"https://${{{api}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/"
    assert people.link_secret == settings.link_secret
    assert people.link_secret in found.part("Sweeper").resources_of("secretsmanager:GetSecretValue")
    assert settings.ledger_table == variables(found.part("Sweeper"))["REAPER_LEDGER_TABLE"]
    assert settings.event_bus == "default"


def test_without_answers_nothing_is_public_and_no_link_is_signed():
    found = stack(answers="false")

    assert not found.has("Answers")
    assert not found.has("Links")
    assert not found.has("EventsStopRequested")
    assert found.all("AWS::ApiGatewayV2::Api") == found.all("AWS::SecretsManager::Secret") == []
    assert "AnswersUrl" not in found.outputs()
    assert (told_of_people(answers="false").answers_url, told_of_people(answers="false").link_secret) == ("", "")
    assert "secretsmanager:GetSecretValue" not in found.part("Sweeper").granted()


@pytest.mark.parametrize("construct", ["Sweeper", "Answers"])
@pytest.mark.parametrize("bus", ["default", "platform/sessions"])
def test_events_may_be_published_to_one_bus_under_one_source(construct, bus):
    found = stack(event_bus=bus).part(construct)
    [statement] = [one for one in found.role_statements() if one["Action"] == "events:PutEvents"]

    assert flat(statement["Resource"]) == (
        f"arn:${{AWS::Partition}}:events:${{AWS::Region}}:${{AWS::AccountId}}:event-bus/{bus}"
    )
    assert (
        statement["Condition"]
        == {"StringEquals": {"events:source": SOURCE}}
        == {"StringEquals": {"events:source": "session-reaper"}}
    )
    assert told_of_people(event_bus=bus).event_bus == bus


@pytest.mark.parametrize("answers", ["true", "false"])
def test_on_a_bus_of_our_own_nobody_publishes_but_the_sweep_and_the_page(answers):
    found = stack(event_bus="own", answers=answers)
    [(bus, _)] = found.named("AWS::Events::EventBus")
    policy = found.only("AWS::Events::EventBusPolicy")
    statement = policy["Statement"]

    assert flat(policy["EventBusName"]) == f"${{{bus}}}"
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "events:PutEvents")
    assert flat(statement["Resource"]) == f"${{{bus}.Arn}}"
    roles = {
        f"${{{name}.Arn}}"
        for construct in ("Sweeper", *(["AnswersFunction"] if answers == "true" else []))
        for name, _ in found.part(construct).named("AWS::IAM::Role")
    }
    [(condition, allowed)] = statement["Condition"]["ArnNotEquals"].items()
    allowed = allowed if isinstance(allowed, list) else [allowed]
    assert condition == "aws:PrincipalArn"
    assert {flat(one) for one in allowed} == roles
    assert told_of_people(event_bus="own", answers=answers).event_bus == f"${{{bus}}}"


def test_a_bus_that_is_not_ours_gets_no_policy_of_ours():
    assert stack(event_bus="sessions").all("AWS::Events::EventBusPolicy") == []


def test_where_no_events_are_wanted_none_may_be_published():
    assert "events:PutEvents" not in {
        action for name in ("Sweeper", "Answers") for action in stack(event_bus="").part(name).granted()
    }
    assert not stack(event_bus="").has("EventsStopRequested")
    assert told_of_people(event_bus="").event_bus == ""


def test_who_asks_for_a_stop_at_once_starts_a_sweep_that_is_told_nothing_by_the_event():
    found = stack(event_bus="sessions")
    rule = found.part("EventsStopRequested").only("AWS::Events::Rule")
    [(sweep, _)] = found.part("Sweeper").named("AWS::Lambda::Function")
    [(queue, _)] = found.part("Sweeper").named("AWS::SQS::Queue")
    [target] = rule["Targets"]

    assert rule["EventBusName"] == "sessions"
    assert rule["EventPattern"]["source"] == ["session-reaper"]
    assert rule["EventPattern"]["detail-type"] == ["Session Stop Requested"]
    assert rule["EventPattern"]["account"] == [{"Ref": "AWS::AccountId"}]
    assert flat(target["Arn"]) == f"${{{sweep}.Arn}}"
    assert flat(target["DeadLetterConfig"]["Arn"]) == f"${{{queue}.Arn}}"
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 900}
    assert json.loads(target["Input"]) == {"requested": True}


@pytest.mark.parametrize(
    "context",
    [
        {"owners": "owners.yaml", **WITH_ALL},
        {"answers": "false", "dashboard": "false"},
        {"history_days": "0", "event_bus": "", "weekly": "", "slack_secret": "reaper/slack"},
    ],
)
def test_cdk_nag_finds_nothing_that_is_not_acknowledged_with_a_reason(context):
    check_with_nag(**context)
