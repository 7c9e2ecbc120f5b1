"""The CDK app: context -> settings -> stack. It calls nothing of AWS, and needs no credentials and no Docker.

Everything wrong with the context and the policy file is said in sentences, all at once, before anything is built.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "lambdas"))

import aws_cdk as cdk  # noqa: E402 - the product's package is not installed where only the stack is built
from aws_cdk import aws_lambda as lambda_  # noqa: E402
from cdk_nag import AwsSolutionsChecks  # noqa: E402

from infra.asset import AssetError, build_asset  # noqa: E402
from infra.settings import ContextError, read_context  # noqa: E402
from infra.stack import SessionReaperStack  # noqa: E402
from reaper.cli.yaml_document import read_policy_file  # noqa: E402
from reaper.core.policy.document import DocumentError, canonical_json  # noqa: E402
from reaper.core.policy.load import load  # noqa: E402
from reaper.providers.catalog import specs  # noqa: E402


class InvalidPolicyError(Exception):
    """The policy file has errors. ``str(error)`` has one a line, as ``reaper validate`` prints them."""


def read_policies(path: Path) -> str:
    """The policy file as the JSON that is deployed; raises :class:`InvalidPolicyError`. Warnings go to stderr."""
    try:
        document = read_policy_file(path)
    except DocumentError as error:
        raise InvalidPolicyError(error.problem.render(path.name)) from error
    loaded = load(document)
    said = "\n".join(problem.render(path.name) for problem in loaded.problems)
    if loaded.book is None:
        raise InvalidPolicyError(said)
    if said:
        sys.stderr.write(said + "\n")
    return canonical_json(document)


def main() -> None:
    """Synthesise the stack that the context describes."""
    app = cdk.App(analytics_reporting=False)
    settings = read_context(app.node.get_all_context(), root=ROOT)
    policies = read_policies(settings.policies)
    chosen = [specs()[service] for service in settings.services]
    called = {action for spec in chosen for grant in (*spec.read, *spec.stop) for action in grant.actions}
    SessionReaperStack(
        app,
        settings.stack_name,
        settings=settings,
        specs=chosen,
        code=lambda_.Code.from_asset(str(build_asset(ROOT, called))),
        policies=policies,
        schema=(ROOT / "schema" / "policies.schema.json").read_text(encoding="utf-8"),
        description="Finds cloud sessions nobody uses, and reports or stops them",
    )
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    try:
        main()
    except (ContextError, InvalidPolicyError, AssetError) as error:
        sys.exit(str(error))
