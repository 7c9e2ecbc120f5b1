"""The stack as CloudFormation gets it, for a context; synthesised once for each."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from cdk_nag import AwsSolutionsChecks

from app import read_owners
from infra.settings import read_context
from infra.stack import SessionReaperStack
from reaper.catalog.services import specs

ROOT = Path(__file__).resolve().parents[2]
POLICIES = '{"version":1,"policies":[]}'
SCHEMA = (ROOT / "schema" / "policies.schema.json").read_text(encoding="utf-8")
ALIBABA = {"alibaba_region": "cn-hangzhou", "alibaba_secret": "reaper/alibaba", "alibaba_account": "1234567890123456"}


class Resources:
    """The resources of a template, by type."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._template = template

    def template(self) -> dict[str, Any]:
        """All of it, as CloudFormation gets it, to be changed at will."""
        return copy.deepcopy(dict(self._template))

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [found for _, found in self.named(kind)]

    def named(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, resource in self._template["Resources"].items():
            if resource["Type"] == kind:
                yield name, resource.get("Properties", {})

    def only(self, kind: str) -> dict[str, Any]:
        [found] = self.all(kind)
        return found

    def everything(self) -> list[dict[str, Any]]:
        return list(self._template["Resources"].values())

    def by_name(self) -> dict[str, dict[str, Any]]:
        """Every resource with all that is said of it, by its logical id."""
        return dict(self._template["Resources"])

    def part(self, construct: str) -> Resources:
        """Those of one construct of the stack, by its id."""
        found = {name: one for name, one in self._template["Resources"].items() if name.startswith(construct)}
        assert found, f"there is no {construct} in the stack"
        return Resources({"Resources": found})

    def has(self, construct: str) -> bool:
        """Whether the stack has a construct of this id."""
        return any(name.startswith(construct) for name in self._template["Resources"])

    def outputs(self) -> dict[str, str]:
        return {name: flat(output["Value"]) for name, output in self._template["Outputs"].items()}

    def role_statements(self) -> list[dict[str, Any]]:
        """What the function's role may do: every statement of every policy on the only role there is."""
        assert "ManagedPolicyArns" not in self.only("AWS::IAM::Role")
        assert "Policies" not in self.only("AWS::IAM::Role")
        return [one for policy in self.all("AWS::IAM::Policy") for one in policy["PolicyDocument"]["Statement"]]

    def granted(self) -> set[str]:
        return {action for one in self.role_statements() for action in as_list(one["Action"])}

    def resources_of(self, action: str) -> set[str]:
        return {
            flat(resource)
            for one in self.role_statements()
            if action in as_list(one["Action"])
            for resource in as_list(one["Resource"])
        }


def stack(**context: str) -> Resources:
    """The stack that ``context`` makes, as ``cdk -c`` would give it, without owners unless it names a file of them."""
    return _synthesised(tuple(sorted(context.items())))


@cache
def _synthesised(context: tuple[tuple[str, str], ...]) -> Resources:
    app = _app(dict(context))
    return Resources(app.synth().stacks[0].template)


def check_with_nag(**context: str) -> None:
    """Synthesise under cdk-nag's AwsSolutions; raises when it finds anything that is not acknowledged."""
    app = _app(context)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


def _app(context: Mapping[str, str]) -> cdk.App:
    settings = read_context({"owners": "", **context}, root=ROOT)
    app = cdk.App(outdir=tempfile.mkdtemp(prefix="cdk.out-"), analytics_reporting=False)
    SessionReaperStack(
        app,
        settings.stack_name,
        settings=settings,
        specs=[specs()[service] for service in settings.services],
        code=lambda_.Code.from_inline("# stands for the asset, which other tests build"),
        policies=POLICIES,
        schema=SCHEMA,
        owners=read_owners(settings.owners) if settings.owners else None,
    )
    return app


def flat(value: Any) -> str:
    """A value of a template as text: ``${AWS::Region}`` and the like where CloudFormation fills in."""
    match value:
        case str():
            return value
        case {"Ref": name}:
            return f"${{{name}}}"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"${{{name}.{attribute}}}"
        case {"Fn::Join": [separator, parts]}:
            return separator.join(map(flat, parts))
        case _:
            return json.dumps(value)


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
