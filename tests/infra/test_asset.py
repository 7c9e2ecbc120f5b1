"""The function's code, built for real."""

from __future__ import annotations

import shutil
import subprocess
import sys
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


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_wheel_fits_every_processor_and_so_the_function_s(built):
    wheels = list(built.glob("*.dist-info/WHEEL"))

    assert len(wheels) == len(requirements())
    assert all("Root-Is-Purelib: true" in wheel.read_text() for wheel in wheels)
    assert list(built.rglob("*.so")) == []


def requirements() -> list[str]:
    lines = (ROOT / "lambdas" / "requirements.txt").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_wheels_are_chosen_for_the_runtime_and_the_processor_of_the_function():
    assert f"python{asset.PYTHON_VERSION}" == RUNTIME.name
    assert (ARCHITECTURE.name, asset.PLATFORM) == ("arm64", "manylinux2014_aarch64")


def test_the_handler_needs_nothing_that_is_not_in_it(built):
    code = (
        f"import sys; sys.path.insert(0, {str(built)!r}); sys.dont_write_bytecode = True\n"
        "import reaper.handlers.sweep\n"
        "from reaper.providers.catalog import provider_factory, specs\n"
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


def test_a_wheel_that_is_not_pure_python_stops_the_build(tmp_path):
    (tmp_path / "lambdas" / "reaper").mkdir(parents=True)
    (tmp_path / "lambdas" / "requirements.txt").write_text("PyYAML==6.0.3\nbotocore==1.44.5\n")

    with pytest.raises(AssetError, match="compiled code, which does not fit every processor"):
        build_asset(tmp_path, ["glue:ListSessions"])

    assert not any((tmp_path / "build" / "vendored").iterdir())


def test_packages_that_cannot_be_had_stop_the_build_with_a_sentence(tmp_path):
    (tmp_path / "lambdas" / "reaper").mkdir(parents=True)
    (tmp_path / "lambdas" / "requirements.txt").write_text("botocore==0.0.0.0\n")

    with pytest.raises(AssetError, match="pip could not fetch"):
        build_asset(tmp_path, ["glue:ListSessions"])
