"""The CDK app: context -> settings -> stack. It calls nothing of AWS, and needs no credentials and no Docker.

Everything wrong with the context and the policy file is said in sentences, all at once, before anything is built.

The key ``session-reaper:host`` (any value) has the function's code run on the processor and Python of this machine as well,
which the embedded cloud needs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "lambdas"))

import aws_cdk as cdk  # noqa: E402 - the product's package is not installed where only the stack is built
from aws_cdk import aws_lambda as lambda_  # noqa: E402
from cdk_nag import AwsSolutionsChecks  # noqa: E402

from infra.asset import AssetError, build_asset  # noqa: E402
from infra.context_reader import ContextError  # noqa: E402
from infra.owners import OwnersFile  # noqa: E402
from infra.settings import read_context  # noqa: E402
from infra.stack import SessionReaperStack  # noqa: E402
from reaper.catalog.services import specs  # noqa: E402
from reaper.cli.yaml_document import read_policy_file  # noqa: E402
from reaper.core.owners import load_owners  # noqa: E402
from reaper.core.policy.document import DocumentError, Node, canonical_json  # noqa: E402
from reaper.core.policy.load import load  # noqa: E402
from reaper.core.policy.problems import Problem  # noqa: E402

HOST = "session-reaper:host"


class InvalidFileError(Exception):
    """The policy file, or that of the owners, has errors. ``str(error)`` has one a line, as ``reaper validate`` prints them."""


def read_policies(path: Path) -> str:
    """The policy file as the JSON that is deployed; raises :class:`InvalidFileError`. Warnings go to stderr."""
    document = _read(path)
    loaded = load(document)
    _say(loaded.problems, path, failed=loaded.book is None)
    return canonical_json(document)


def read_owners(path: Path) -> OwnersFile:
    """The file of the owners as it is deployed, and the mail addresses in it; as :func:`read_policies`."""
    document = _read(path)
    loaded = load_owners(document)
    _say(loaded.problems, path, failed=loaded.book is None)
    contacts = loaded.book.contacts() if loaded.book else ()
    return OwnersFile(
        content=canonical_json(document),
        schema=(ROOT / "schema" / "owners.schema.json").read_text(encoding="utf-8"),
        emails=tuple(dict.fromkeys(contact.email for contact in contacts if contact.email)),
    )


def _read(path: Path) -> Node:
    try:
        return read_policy_file(path)
    except DocumentError as error:
        raise InvalidFileError(error.problem.render(path.name)) from error


def _say(problems: Sequence[Problem], path: Path, *, failed: bool) -> None:
    said = "\n".join(problem.render(path.name) for problem in problems)
    if failed:
        raise InvalidFileError(said)
    if said:
        sys.stderr.write(said + "\n")


def main() -> None:
    """Synthesise the stack that the context describes."""
    app = cdk.App(analytics_reporting=False)
    # The CDK's command line says so where the stack goes; without credentials or a region it may not know.
    settings = read_context(app.node.get_all_context(), root=ROOT, region=os.environ.get("CDK_DEFAULT_REGION", ""))
    policies = read_policies(settings.policies)
    owners = read_owners(settings.owners) if settings.owners else None
    chosen = [specs()[service] for service in settings.services]
    called = {action for spec in chosen for grant in (*spec.read, *spec.stop) for action in grant.actions}
    SessionReaperStack(
        app,
        settings.stack_name,
        settings=settings,
        specs=chosen,
        code=lambda_.Code.from_asset(str(build_asset(ROOT, called, for_host=bool(app.node.try_get_context(HOST))))),
        policies=policies,
        schema=(ROOT / "schema" / "policies.schema.json").read_text(encoding="utf-8"),
        owners=owners,
        description="Finds cloud sessions nobody uses, and reports or stops them",
    )
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    try:
        main()
    except (ContextError, InvalidFileError, AssetError) as error:
        sys.exit(str(error))
