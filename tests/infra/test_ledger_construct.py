"""What the ledger's table means, read off the template: the embedded cloud ignores TTL, recovery and encryption."""

# jsii names the parameters of a class and of its interface differently, which pyright takes for a mismatch.
# pyright: reportArgumentType=false

from __future__ import annotations

import tempfile
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from cdk_nag import AwsSolutionsChecks

from infra.ledger import ACTIONS, Ledger
from reaper.ledger.items import EXPIRES
from reaper.ledger.names import PARTITION_KEY, SORT_KEY
from tests.support.stacks import Resources

TABLE = "AWS::DynamoDB::GlobalTable"


def app_with_ledger(**arguments: Any) -> cdk.App:
    app = cdk.App(outdir=tempfile.mkdtemp(prefix="cdk.out-"), analytics_reporting=False)
    stack = cdk.Stack(app, "Stack")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    Ledger(stack, "Ledger", **arguments).grant_use(role)
    return app


def template(**arguments: Any) -> Any:
    return app_with_ledger(**arguments).synth().stacks[0].template


@pytest.fixture(scope="module")
def resources() -> Resources:
    return Resources(template())


@pytest.fixture(scope="module")
def table(resources: Resources) -> dict[str, Any]:
    return resources.only(TABLE)


def test_the_keys_are_those_that_the_ledger_writes(table):
    assert table["KeySchema"] == [
        {"AttributeName": PARTITION_KEY, "KeyType": "HASH"},
        {"AttributeName": SORT_KEY, "KeyType": "RANGE"},
    ]
    assert {one["AttributeType"] for one in table["AttributeDefinitions"]} == {"S"}


def test_items_expire_by_the_attribute_that_the_ledger_writes(table):
    assert table["TimeToLiveSpecification"] == {"AttributeName": EXPIRES, "Enabled": True}


def test_it_is_paid_by_request_and_has_no_name_of_its_own(table):
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert "TableName" not in table


def test_it_is_encrypted_with_the_accounts_key_and_can_be_taken_back_in_time(table):
    [replica] = table["Replicas"]

    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS"}
    assert "SSESpecification" not in replica
    assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


@pytest.mark.parametrize(
    ("arguments", "policy"), [({}, "RetainExceptOnCreate"), ({"removal_policy": RemovalPolicy.DESTROY}, "Delete")]
)
def test_it_outlives_the_stack_unless_told_otherwise(arguments, policy):
    [resource] = [one for one in template(**arguments)["Resources"].values() if one["Type"] == TABLE]

    assert resource["DeletionPolicy"] == policy
    assert resource["UpdateReplacePolicy"] == policy.removesuffix("ExceptOnCreate")


def test_its_user_may_read_and_put_items_of_this_table_and_nothing_else(resources):
    assert resources.granted() == {"dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"} == set(ACTIONS)
    [(name, _)] = resources.named(TABLE)
    assert {where for action in ACTIONS for where in resources.resources_of(action)} == {f"${{{name}.Arn}}"}


def test_cdk_nag_finds_nothing():
    app = app_with_ledger()
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()
