"""The function's code, built for real."""

from __future__ import annotations

import ast
import importlib.util
import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING

import botocore.session
import pytest
from botocore import xform_name
from botocore.loaders import Loader
from packaging.utils import canonicalize_name

from infra import asset
from infra.asset import OWN_CALLS, SBOM, AssetError, build_asset
from infra.function import ARCHITECTURE, RUNTIME
from reaper.providers.aws.clients import AwsClients
from tests.support.asset import ALL_CALLS

if TYPE_CHECKING:
    from botocore.model import ServiceModel

ROOT = Path(__file__).resolve().parents[2]
NODE = shutil.which("node") or "node"


@pytest.fixture(scope="module")
def built() -> Path:
    return build_asset(ROOT, ALL_CALLS)


@pytest.fixture(scope="module")
def built_for_host() -> Path:
    return build_asset(ROOT, ALL_CALLS, for_host=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_compiled_module_fits_the_function_and_nothing_else_is_in_it(built):
    assert [path.name for path in built.rglob("*.so")] == ["_core.cpython-314-aarch64-linux-gnu.so"]


def test_one_that_runs_here_too_has_the_same_files_and_the_compiled_modules_of_this_python(built, built_for_host):
    ours, theirs = contents(built_for_host), contents(built)
    bytecode = {
        importlib.util.cache_from_source(name) for name in theirs if name.startswith("reaper/") and name.endswith(".py")
    }

    assert ours.keys() - theirs.keys() == {f"msgspec/_core{sysconfig.get_config_var('EXT_SUFFIX')}", *bytecode}
    assert {name: text for name, text in ours.items() if name in theirs} == theirs


def locked() -> dict[str, str]:
    """What the lock file lists: package -> version."""
    lines = (ROOT / "lambdas" / "requirements.txt").read_text().splitlines()
    pins = (line.removesuffix(" \\").split("==") for line in lines if line[:1].isalpha())
    return {canonicalize_name(name): version for name, version in pins}


def test_it_holds_the_packages_of_the_lock_file_which_the_sbom_lists(built):
    sbom = json.loads((built / SBOM).read_text())
    listed = {canonicalize_name(one["name"]): one["version"] for one in sbom["components"]}
    vendored = {canonicalize_name(one.name): one.version for one in distributions(path=[str(built)])}

    assert (sbom["bomFormat"], sbom["specVersion"]) == ("CycloneDX", "1.6")
    assert vendored == locked()
    assert listed == vendored
    assert {canonicalize_purl(one["purl"]) for one in sbom["components"]} == {
        f"pkg:pypi/{name}@{version}" for name, version in vendored.items()
    }
    assert [one["name"] for one in sbom["components"] if not one.get("licenses")] == []


def canonicalize_purl(purl: str) -> str:
    return purl.replace("_", "-").lower()


def test_a_package_that_is_not_the_one_that_was_locked_stops_the_build(tmp_path):
    (tmp_path / "lambdas" / "reaper").mkdir(parents=True)
    (tmp_path / "lambdas" / "requirements.txt").write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n")
    (tmp_path / "lambdas" / SBOM).write_text("{}")

    with pytest.raises(AssetError, match="pip could not fetch"):
        build_asset(tmp_path, ["glue:ListSessions"])

    assert list((tmp_path / "build" / "wheels").iterdir()) == []


def test_every_module_has_the_bytecode_of_the_function_s_python(built):
    modules = [path for path in built.rglob("*.py") if path.name != "__pycache__"]
    compiled = [
        Path(importlib.util.cache_from_source(str(path))).with_name(f"{path.stem}.cpython-314.pyc") for path in modules
    ]

    assert [path for path in compiled if not path.is_file()] == []
    # CPython's magic number of 3.14 (Include/internal/pycore_magic_number.h), and "never look at the source".
    assert {path.read_bytes()[:8] for path in compiled} == {
        (3627).to_bytes(2, "little") + b"\r\n" + (1).to_bytes(4, "little")
    }


def test_what_is_compiled_runs_on_the_python_that_it_is_compiled_for(built):
    reaper = built / "reaper"
    pure = [
        ".".join(path.relative_to(built).with_suffix("").parts).removesuffix(".__init__")
        for room in ("catalog", "core", "sweep")
        for path in sorted((reaper / room).rglob("*.py"))
    ]

    done = subprocess.run(  # noqa: S603 - our own command
        [NODE, ROOT / "tests" / "infra" / "run_compiled.mjs", built, *pure],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "python": asset.PYTHON_VERSION,
        "idle": "stop",
        "busy": "keep",
        "stops": "Stops(count=3, idle_cost=2.5)",
        "alike": True,
        "frozen": True,
    }


def test_wheels_are_chosen_for_the_runtime_and_the_processor_of_the_function():
    assert f"python{asset.PYTHON_VERSION}" == RUNTIME.name
    assert (ARCHITECTURE.name, asset.PLATFORM) == ("arm64", "manylinux2014_aarch64")


def test_the_handler_needs_nothing_that_is_not_in_it(built_for_host):
    code = (
        f"import sys; sys.path.insert(0, {str(built_for_host)!r}); sys.dont_write_bytecode = True\n"
        "import reaper.handlers.sweep\n"
        "from reaper.catalog.services import specs\n"
        "from reaper.providers.factory import provider_factory\n"
        "for service in specs(): provider_factory(service)\n"
    )
    # Without the environment's own packages, and without this project on the path.
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the code above

    assert done.returncode == 0, done.stderr


def test_it_has_the_models_of_the_services_it_calls_and_no_others(built):
    data = built / "botocore" / "data"

    assert {path.name for path in data.iterdir() if path.is_dir()} == {
        call.partition(":")[0] for call in (*ALL_CALLS, *OWN_CALLS)
    }
    assert (data / "endpoints.json").exists()
    assert (data / "partitions.json").exists()


def test_it_knows_all_regions_and_where_its_services_are(built):
    deployed, whole = AwsClients(session_on(built)), AwsClients(botocore.session.Session())

    assert {"eu-central-1", "cn-north-1", "eusc-de-east-1"} <= deployed.regions()
    assert deployed.regions() == whole.regions()
    for service in {call.partition(":")[0] for call in (*ALL_CALLS, *OWN_CALLS)}:
        assert [deployed.lists(region, service) for region in sorted(deployed.regions())] == [
            whole.lists(region, service) for region in sorted(whole.regions())
        ]


def session_on(asset: Path) -> botocore.session.Session:
    """A session that knows what the SDK in ``asset`` knows."""
    session = botocore.session.Session()
    loader = Loader(extra_search_paths=[str(asset / "botocore" / "data")], include_default_search_paths=False)
    session.register_component("data_loader", loader)
    return session


def test_every_operation_that_the_code_calls_is_in_the_models(built):
    """Looked for by name: whatever is called, or named in a string, as an operation of any service that is called is one."""
    session, whole = session_on(built), botocore.session.Session()
    services = {call.partition(":")[0] for call in (*ALL_CALLS, *OWN_CALLS)}
    there = {way for service in services for way in ways_to_name(session.get_service_model(service))}
    known = {way for service in services for way in ways_to_name(whole.get_service_model(service))}
    named = {
        (name, str(path.relative_to(built)))
        for path in (built / "reaper").rglob("*.py")
        for name in names_in(path)
        if name in known
    }

    assert {"publish", "list_objects_v2", "ListStatements"} <= {name for name, _ in named}
    assert {one for one in named if one[0] not in there} == set()


def ways_to_name(model: ServiceModel) -> Iterator[str]:
    for name in model.operation_names:
        yield from (name, xform_name(name), f"{model.service_name}:{name}")


def names_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_the_command_line_stays_out_of_it(built):
    assert (built / "reaper" / "handlers" / "sweep.py").exists()
    assert not (built / "reaper" / "cli").exists()


def test_the_same_inputs_make_the_same_bytes_so_that_deploying_again_uploads_nothing(built, tmp_path):
    shutil.copytree(ROOT / "lambdas", tmp_path / "lambdas", ignore=shutil.ignore_patterns("__pycache__"))
    # What takes long and is pinned by its hashes is made once.
    shutil.copytree(ROOT / "build" / "wheels", tmp_path / "build" / "wheels")

    again = build_asset(tmp_path, reversed(ALL_CALLS))

    assert contents(again) == contents(built)
    assert again.name == built.name
