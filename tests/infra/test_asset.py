"""The function's code, built for real."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from infra import asset
from infra.asset import AssetError, build_asset
from infra.function import ARCHITECTURE, RUNTIME
from tests.support.asset import ALL_CALLS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def built() -> Path:
    return build_asset(ROOT, ALL_CALLS)


@pytest.fixture(scope="module")
def built_for_host() -> Path:
    return build_asset(ROOT, ALL_CALLS, for_host=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_compiled_module_fits_the_function_and_nothing_else_is_in_it(built):
    assert len(list(built.glob("*.dist-info/WHEEL"))) == len(requirements())
    assert [path.name for path in built.rglob("*.so")] == ["_core.cpython-314-aarch64-linux-gnu.so"]


def test_one_that_runs_here_too_has_the_same_files_and_the_compiled_modules_of_this_python(built, built_for_host):
    here = f"msgspec/_core{sysconfig.get_config_var('EXT_SUFFIX')}"
    ours, theirs = contents(built_for_host), contents(built)

    assert ours.keys() - theirs.keys() == {here}
    assert {name: text for name, text in ours.items() if name != here} == theirs


def requirements() -> list[str]:
    lines = (ROOT / "lambdas" / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


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
        "appconfig",
        "appconfigdata",
        "athena",
        "cloudwatch",
        "deadline",
        "dynamodb",
        "events",
        "glue",
        "lambda",
        "s3",
        "secretsmanager",
        "sns",
    }
    assert (data / "endpoints.json").exists()
    assert (data / "partitions.json").exists()


def test_the_command_line_stays_out_of_it(built):
    assert (built / "reaper" / "handlers" / "sweep.py").exists()
    assert not (built / "reaper" / "cli").exists()
    assert not list(built.rglob("__pycache__")) or sys.version_info[:2] == (3, 14)


def test_the_same_inputs_make_the_same_bytes_so_that_deploying_again_uploads_nothing(built, tmp_path):
    shutil.copytree(ROOT / "lambdas", tmp_path / "lambdas", ignore=shutil.ignore_patterns("__pycache__"))

    again = build_asset(tmp_path, reversed(ALL_CALLS))

    assert contents(again) == contents(built)
    assert again.name == built.name


def test_packages_that_cannot_be_had_stop_the_build_with_a_sentence(tmp_path):
    (tmp_path / "lambdas" / "reaper").mkdir(parents=True)
    (tmp_path / "lambdas" / "requirements.txt").write_text("botocore==0.0.0.0\n")

    with pytest.raises(AssetError, match="pip could not fetch"):
        build_asset(tmp_path, ["glue:ListSessions"])
