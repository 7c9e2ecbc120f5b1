"""cfn-lint as a witness: the template is what CloudFormation takes in each region, and every action it grants exists."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support.stacks import ALIBABA, stack

ROOT = Path(__file__).resolve().parents[2]
CFN_LINT = ROOT / ".venv-witness" / "bin" / "cfn-lint"
ALL = "glue,athena,deadline,emr-serverless-spark"
KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
SLACK = {"slack_secret": "reaper/slack", "slack_channel": "C0123456789"}
CONTEXTS = {
    "as it ships": {},
    "enforcing all": {"mode": "enforce", "services": ALL, **ALIBABA},
    "mail": {"emails": "ops@example.com,more@example.com", "notify": "always"},
    "slack": SLACK,
    "slack buttons": {**SLACK, "slack_signing_secret": "reaper/signing", "secrets_key": KEY},
    "amazon q": {"chat_workspace": "T0123456789", "chat_channel": "C0123456789"},
    "no answers": {"answers": "false"},
    "own bus": {"event_bus": "own"},
    "least": {"answers": "false", "dashboard": "false", "weekly": "", "event_bus": "", "history_days": "0"},
    "nothing kept": {"keep_data": "false", "history_days": "14", "reserve_concurrency": "true"},
    "regions": {"regions": "us-east-1,eu-west-1", "timeout_minutes": "15", "schedule": "rate(5 minutes)"},
}
NEWER = ("ap-east-2", "ap-south-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-7", "ca-west-1", "eu-central-2")
REGIONS = ("us-east-1", "eu-central-1", "eu-south-2", "il-central-1", "me-central-1", "mx-central-1", *NEWER)
LEFT_OUT = {
    # A DependsOn that a reference implies as well: the CDK writes both.
    "W3005",
}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    assert CFN_LINT.exists(), "the witness environment is missing: run `make setup`"
    folder = tmp_path_factory.mktemp("templates")
    names = {}
    for number, (name, context) in enumerate(CONTEXTS.items()):
        path = folder / f"{number}.json"
        path.write_text(json.dumps(stack(**context).template()), encoding="utf-8")
        names[str(path)] = name
    left_out = [part for rule in sorted(LEFT_OUT) for part in ("--ignore-checks", rule)]
    done = subprocess.run(  # noqa: S603 - our own command
        [CFN_LINT, "--format", "json", "--regions", *REGIONS, *left_out, "--template", *names],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stdout, done.stderr
    return [
        (names[one["Filename"]], one["Rule"]["Id"], one["Message"], "/".join(map(str, one["Location"]["Path"])))
        for one in json.loads(done.stdout)
    ]


def test_cloudformation_takes_the_template_of_every_context_in_every_region(found):
    assert found == []


def test_what_cloudformation_would_refuse_is_found(tmp_path):
    template = stack().template()
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Policy":
            resource["Properties"]["PolicyDocument"]["Statement"][0]["Action"] = "glue:ReadMinds"
    path = tmp_path / "strange.json"
    path.write_text(json.dumps(template), encoding="utf-8")

    done = subprocess.run(  # noqa: S603
        [CFN_LINT, "--format", "json", "--template", path], capture_output=True, text=True, timeout=300, check=False
    )

    assert "W3037" in {one["Rule"]["Id"] for one in json.loads(done.stdout)}
