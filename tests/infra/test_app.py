"""The CDK app as people run it: a process with nothing but a checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app import InvalidFileError, main, read_owners, read_policies
from infra.asset import build_asset
from infra.context_reader import ContextError
from tests.support.asset import ALL_CALLS

ROOT = Path(__file__).resolve().parents[2]
CDK = ROOT / "node_modules" / ".bin" / "cdk"


def bare_environment(home: Path) -> dict[str, str]:
    """No credentials, no profile, no region, no Docker: only what finding Python and Node takes."""
    node = shutil.which("node")
    assert node is not None
    tools = home / "bin"
    tools.mkdir()
    (tools / "node").symlink_to(node)
    return {
        "PATH": f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "HOME": str(home),
        "AWS_EC2_METADATA_DISABLED": "true",
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        **{name: os.environ[name] for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL") if name in os.environ},
    }


def run(tmp_path, command, **context):
    """``command`` in the checkout, with ``context`` as the CDK command line hands it to the app."""
    environment = {
        **bare_environment(tmp_path),
        "CDK_OUTDIR": str(tmp_path / "cdk.out"),
        "CDK_CONTEXT_JSON": json.dumps(context),
    }
    return subprocess.run(  # noqa: S603 - commands of this file
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def template(tmp_path):
    return json.loads((tmp_path / "cdk.out" / "SessionReaper.template.json").read_text())["Resources"].values()


def test_cdk_synth_needs_no_credentials_no_docker_and_no_aws_and_deploys_the_policies_that_ship(tmp_path):
    build_asset(ROOT, ALL_CALLS)  # what pip needs to find packages is not the question here

    done = run(tmp_path, [str(CDK), "synth", "--quiet", "--no-notices", "--output", str(tmp_path / "cdk.out")])

    assert done.returncode == 0, done.stdout + done.stderr
    resources = template(tmp_path)
    assert "AWS::Lambda::Function" in {one["Type"] for one in resources}
    contents = [
        json.loads(one["Properties"]["Content"])
        for one in resources
        if one["Type"] == "AWS::AppConfig::HostedConfigurationVersion"
    ]
    [policies] = [content for content in contents if "policies" in content]
    assert policies["version"] == 1
    assert "glue-idle" in [policy["name"] for policy in policies["policies"]]


def test_a_wrong_context_fails_with_sentences_and_no_traceback(tmp_path):
    done = run(tmp_path, [sys.executable, "app.py"], mode="on", services="glew", policies="nowhere.yaml")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-3:] == [
        (
            "context key services names 'glew': it should be one of athena, deadline, emr-serverless-spark, glue; "
            "did you mean glue?"
        ),
        "context key mode is 'on': it should be report or enforce",
        f"context key policies names 'nowhere.yaml', which is no file in {ROOT}",
    ]
    assert "Traceback" not in done.stderr


def test_what_the_region_of_the_deployment_lacks_is_said_before_anything_is_built(tmp_path, monkeypatch):
    monkeypatch.setenv("CDK_DEFAULT_REGION", "ap-east-2")
    monkeypatch.setenv("CDK_OUTDIR", str(tmp_path))

    with pytest.raises(ContextError, match="no HTTP APIs in ap-east-2"):
        main()


def test_a_wrong_policy_file_fails_with_a_sentence_and_no_traceback(tmp_path):
    (tmp_path / "mine.yaml").write_text("version: 1\npolicies: [\n")

    done = run(tmp_path, [sys.executable, "app.py"], policies=str(tmp_path / "mine.yaml"))

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("mine.yaml:")
    assert "Traceback" not in done.stderr


def test_everything_wrong_with_a_policy_file_is_said_as_the_loader_says_it(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("version: 1\npolicies:\n  - name: x\n    when: {phase: sleeping}\n    then: halt\n")

    with pytest.raises(InvalidFileError) as caught:
        read_policies(path)

    said = str(caught.value).splitlines()
    assert [line.partition(": ")[0] for line in said] == ["mine.yaml:4:19", "mine.yaml:5:11"]


def test_a_policy_file_that_is_only_warned_about_is_deployed(tmp_path, capsys):
    path = tmp_path / "mine.yaml"
    path.write_text("version: 1\npolicies: []\n")

    assert json.loads(read_policies(path)) == {"policies": [], "version": 1}
    assert "mine.yaml" in capsys.readouterr().err


def test_a_wrong_owners_file_fails_with_a_sentence_that_says_where(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("version: 1\nowners:\n  - {match: ana, team: data, email: Data@Example.org}\n")

    done = run(tmp_path, [sys.executable, "app.py"], owners=str(path))

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("mine.yaml:3:")
    assert "data@example.org" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_the_addresses_of_the_owners_are_found_once_each(tmp_path, capsys):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "version: 1\nowners:\n"
        "  - {match: ana, team: data, email: data@example.org}\n"
        "  - {match: bob, team: data, email: data@example.org}\n"
        "default: {team: unowned, email: finops@example.org}\n"
    )

    assert read_owners(path).emails == ("data@example.org", "finops@example.org")
    assert "is told already" in capsys.readouterr().err
