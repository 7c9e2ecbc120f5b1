"""The service models in the asset: small, and whole for what is called."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import botocore.session
import pytest
from botocore.loaders import Loader

from infra.asset import OWN_CALLS, build_asset
from infra.models import reduce_models, reduced_model
from tests.support.asset import ALL_CALLS

ROOT = Path(__file__).resolve().parents[2]
MODEL = {
    "metadata": {"protocol": "json"},
    "documentation": "<p>prose</p>",
    "operations": {
        "List": {
            "name": "List",
            "input": {"shape": "ListIn"},
            "errors": [{"shape": "Denied"}],
            "documentation": "prose",
        },
        "Delete": {"name": "Delete", "input": {"shape": "DeleteIn"}},
    },
    "shapes": {
        "ListIn": {"type": "structure", "members": {"documentation": {"shape": "Text", "documentation": "prose"}}},
        "DeleteIn": {"type": "structure", "members": {"tree": {"shape": "Tree"}}},
        "Denied": {"type": "structure", "members": {}, "exception": True},
        "Text": {"type": "string"},
        "Tree": {"type": "list", "member": {"shape": "Tree"}},
    },
}

OPERATIONS: dict[str, set[str]] = {}
for call in (*ALL_CALLS, *OWN_CALLS):
    OPERATIONS.setdefault(call.partition(":")[0], set()).add(call.partition(":")[2])


def test_an_operation_keeps_all_that_it_refers_to_and_nothing_else_stays():
    assert reduced_model(MODEL, {"List"}) == {
        "metadata": {"protocol": "json"},
        "operations": {"List": {"name": "List", "input": {"shape": "ListIn"}, "errors": [{"shape": "Denied"}]}},
        "shapes": {
            # A member that happens to be called so is no prose.
            "ListIn": {"type": "structure", "members": {"documentation": {"shape": "Text"}}},
            "Denied": {"type": "structure", "members": {}, "exception": True},
            "Text": {"type": "string"},
        },
    }


def test_a_shape_that_holds_itself_ends():
    assert set(reduced_model(MODEL, {"Delete"})["shapes"]) == {"DeleteIn", "Tree"}


def test_an_operation_that_the_model_lacks_stops_the_build(tmp_path):
    folder = tmp_path / "glue" / "2017-03-31"
    folder.mkdir(parents=True)
    (folder / "service-2.json.gz").write_bytes(gzip.compress(json.dumps(MODEL).encode()))

    with pytest.raises(LookupError, match="glue has no operation Vanish"):
        reduce_models(tmp_path, "glue", {"List", "Vanish"})


@pytest.mark.parametrize("service", sorted(OPERATIONS))
def test_a_client_made_from_the_asset_has_the_provider_s_calls_as_the_whole_model_has_them(service):
    asset = build_asset(ROOT, ALL_CALLS) / "botocore" / "data"
    reduced = Loader(extra_search_paths=[str(asset)], include_default_search_paths=False)
    ours = botocore.session.Session()
    ours.register_component("data_loader", reduced)
    client = ours.create_client(
        service, region_name="eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    whole = botocore.session.Session().get_service_model(service)

    assert set(client.meta.service_model.operation_names) == OPERATIONS[service]
    assert [one.name for one in client.meta.service_model.client_context_parameters] == [
        one.name for one in whole.client_context_parameters
    ]
    for name in OPERATIONS[service]:
        one, other = client.meta.service_model.operation_model(name), whole.operation_model(name)
        assert one.http == other.http
        for mine, theirs in ((one.input_shape, other.input_shape), (one.output_shape, other.output_shape)):
            assert (mine is None) == (theirs is None)
            if mine is not None and theirs is not None:
                assert list(mine.members) == list(theirs.members)
                assert mine.required_members == theirs.required_members
        assert [shape.name for shape in one.error_shapes] == [shape.name for shape in other.error_shapes]
