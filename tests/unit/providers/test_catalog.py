"""Providers are found by their folders, and their data without any SDK."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields

import pytest

from reaper.catalog.services import specs
from reaper.core.facts import Facts
from reaper.providers.factory import provider_factory

FIELDS = {field.name for field in fields(Facts)}
LOADED = """
import json, sys
from {module} import {name}
{call}
print(json.dumps(sorted(sys.modules)))
"""


def modules_after(module: str, name: str, call: str) -> set[str]:
    script = LOADED.format(module=module, name=name, call=call)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="lambdas")  # noqa: S603
    return set(json.loads(done.stdout))


def test_specs_are_read_without_any_sdk_or_provider():
    loaded = modules_after("reaper.catalog.services", "specs", "specs()")

    assert "reaper.providers.glue.spec" in loaded
    assert not {module for module in loaded if module.partition(".")[0] in {"boto3", "botocore", "urllib3"}}
    assert not {module for module in loaded if module.endswith(".provider")}


def test_a_factory_brings_its_own_provider_and_no_other():
    loaded = modules_after("reaper.providers.factory", "provider_factory", "provider_factory('athena')")

    assert {module for module in loaded if module.endswith(".provider")} == {"reaper.providers.athena.provider"}


def test_an_unknown_service_is_told_which_there_are():
    with pytest.raises(LookupError, match=f"no provider for 'redshift'; there are {', '.join(specs())}"):
        provider_factory("redshift")


@pytest.mark.parametrize("spec", specs().values(), ids=lambda spec: spec.service)
def test_sources_and_evidence_speak_of_fields_there_are(spec):
    for source in spec.sources:
        assert source.fields <= FIELDS, source
    assert set(spec.list_evidence) <= FIELDS


@pytest.mark.parametrize("spec", specs().values(), ids=lambda spec: spec.service)
def test_every_source_is_a_call_that_report_mode_is_granted(spec):
    granted = {action for grant in spec.read for action in grant.actions}

    assert not spec.read or {source.call for source in spec.sources} <= granted


@pytest.mark.parametrize("spec", specs().values(), ids=lambda spec: spec.service)
def test_resources_are_everything_or_an_arn_of_any_partition(spec):
    for grant in (*spec.read, *spec.stop):
        assert grant.actions
        for resource in grant.resources:
            assert resource == "*" or resource.startswith(f"arn:{{partition}}:{spec.service}:{{region}}:{{account}}:")
