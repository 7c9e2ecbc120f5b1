"""What is made of the words of EMR Serverless Spark, row by row."""

from __future__ import annotations

import pytest

from reaper.core.facts import Undecidable
from reaper.providers.emr_serverless_spark.facts import facts_of, tags_of
from reaper.providers.emr_serverless_spark.model import session_cluster_of, workspace_of
from reaper.providers.emr_serverless_spark.spec import SPEC
from reaper.providers.instants import Instants

NINE = 1772355600  # 2026-03-01T09:00:00Z
INSTANTS = Instants("EMR Serverless Spark", SPEC.since, lambda: NINE + 3600.0)


def created_at(**row: object) -> object:
    session = session_cluster_of({"sessionClusterId": "sc-1", "state": "Running", **row})
    assert session is not None
    return facts_of(session, {}, INSTANTS).created_at


def tags(**row: object) -> object:
    workspace = workspace_of({"workspaceId": "w-1", **row})
    assert workspace is not None
    return tags_of(workspace)


def test_the_start_counts_and_the_creation_where_there_is_no_start():
    assert created_at(startTime=NINE * 1000, gmtCreate=1) == NINE
    assert created_at(gmtCreate=NINE * 1000) == NINE


@pytest.mark.parametrize("start", [0, -5, 1000, (NINE + 86_400) * 1000])
def test_a_start_that_cannot_be_is_not_replaced_by_the_creation(start):
    age = created_at(startTime=start, gmtCreate=NINE * 1000)

    assert isinstance(age, Undecidable)
    assert "startTime" in age.reason


@pytest.mark.parametrize(
    "given",
    [
        {"keep": "yes"},
        None,
        "keep=yes",
        [{"key": "keep", "value": "yes"}],
        [{"tagKey": "env", "tagValue": "dev"}, {"tagValue": "yes"}],
        [{"tagKey": "keep", "tagValue": ["yes"]}],
        ["keep"],
    ],
)
def test_tags_of_another_shape_are_undecidable_because_one_may_protect(given):
    assert isinstance(tags(tags=given), Undecidable)


def test_a_list_of_tags_that_is_left_out_or_empty_is_no_tags():
    assert tags() == tags(tags=[]) == {}
    assert tags(tags=[{"tagKey": "keep", "tagValue": "yes"}, {"tagKey": "bare"}]) == {"keep": "yes", "bare": ""}
