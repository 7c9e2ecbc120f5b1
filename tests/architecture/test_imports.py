"""Who may import whom: the contracts in pyproject.toml, and what import contracts cannot say."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REAPER = ROOT / "lambdas" / "reaper"
CORE = sorted((REAPER / "core").rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The modules that a file names in its import statements, wherever in the file they are."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno} imports relatively"
            yield node.module or ""


def test_every_import_contract_is_kept(tmp_path):
    # In a process of its own: it sets up logging for itself, and so switches off that of everybody else.
    command = [str(Path(sys.executable).with_name("lint-imports")), "--cache-dir", str(tmp_path), "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own tool

    assert done.returncode == 0, done.stdout


def test_the_core_imports_nothing_but_the_standard_library_the_catalog_and_itself():
    foreign = {
        f"{path.relative_to(REAPER)} imports {name}"
        for path in CORE
        for name in imported(path)
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not name.startswith(("reaper.core", "reaper.catalog"))
    }

    assert not foreign


OUTSIDE = re.compile(r"(.*\.)?(datetime\.(now|utcnow|today)|date\.today)|open|input|print|exec|eval")


@pytest.mark.parametrize("path", CORE, ids=lambda path: str(path.relative_to(REAPER / "core")))
def test_the_core_reads_no_clock_and_touches_nothing_outside(path):
    called = {
        f"line {node.lineno}: {ast.unparse(node.func)}()"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and OUTSIDE.fullmatch(ast.unparse(node.func))
    }
    modules = {
        name for name in imported(path) if name in {"time", "os", "pathlib", "io", "random", "socket", "logging"}
    }

    assert not called | modules


@pytest.mark.parametrize("handler", ["sweep", "slack"])
def test_the_deployed_function_loads_nothing_that_only_the_command_line_or_the_build_needs(handler):
    # Counted in an interpreter of its own: this one has loaded most of it already.
    heavy = [
        "aws_cdk",
        "alibabacloud_emr_serverless_spark20230808",
        "boto3",
        "click",
        "jsonschema",
        "pydantic",
        "reaper.core.savings",
        "reaper.history.reports",
        "reaper.pages.layout",
        "rich",
        "slack_sdk",
    ]
    program = (
        f"import sys, reaper.handlers.{handler}; print(*[name for name in {[*heavy, 'yaml']} if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(REAPER.parent), "POWERTOOLS_SERVICE_NAME": "test"}

    done = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_the_stack_takes_from_the_product_its_settings_and_what_a_spec_is():
    taken = {
        f"{path.name} imports {name}"
        for path in (ROOT / "infra").glob("*.py")
        for name in imported(path)
        if name.startswith("reaper")
        and name not in {"reaper.settings", "reaper.catalog.spec", "reaper.catalog.services"}
    }

    assert not taken


def test_nothing_deployed_knows_the_embedded_cloud_or_the_tests():
    deployed = [ROOT / "app.py", *(ROOT / "infra").rglob("*.py"), *REAPER.rglob("*.py")]

    knowing = {
        path.name for path in deployed for name in imported(path) if name.split(".")[0] in {"localcloud", "tests"}
    }

    assert not knowing
