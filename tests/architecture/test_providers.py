"""Adding a service, or another cloud, is one folder, and nothing elsewhere has to know its name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from reaper.catalog.services import clouds, specs
from tests.architecture.test_imports import imported

ROOT = Path(__file__).resolve().parents[2]
REAPER = ROOT / "lambdas" / "reaper"
PROVIDERS = REAPER / "providers"
SHARED = {"aws"}
FOLDERS = sorted(path.parent for path in PROVIDERS.glob("*/__init__.py") if path.parent.name not in SHARED)
ELSEWHERE = sorted(
    path
    for path in [ROOT / "app.py", *(ROOT / "infra").rglob("*.py"), *REAPER.rglob("*.py")]
    if not any(path.is_relative_to(folder) for folder in FOLDERS)
)
# "emr-serverless-spark", "emr_serverless_spark" and "EMR Serverless Spark" are one name.
NAMES = sorted(
    {
        *specs(),
        *(spec.brand.removeprefix("AWS ").removeprefix("Amazon ") for spec in specs().values()),
        *clouds(),
        *(cloud.title for cloud in clouds().values()),
    }
)
NAMED = re.compile("|".join(rf"(?<![a-z]){re.sub('[- _]', '[- _]?', name)}(?![a-z])" for name in NAMES), re.IGNORECASE)


def texts(path: Path, *, explanations: bool) -> Iterator[tuple[int, str]]:
    """Every text and every name of a module; what stands alone explains, and decides nothing."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    explained = {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if explanations or node not in explained:
                yield node.lineno, text
            case ast.Attribute(attr=text) | ast.Name(id=text) | ast.arg(arg=text) | ast.FunctionDef(name=text):
                yield node.lineno, text
            case ast.ClassDef(name=text) | ast.keyword(arg=str(text)):
                yield node.lineno, text
            case _:
                pass


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_provider_is_a_spec_and_a_provider_and_imports_no_other(folder):
    assert (folder / "spec.py").is_file(), "data: the service's name, its facts and its IAM actions"
    assert (folder / "provider.py").is_file(), "discover, observe, stop"
    others = tuple(f"reaper.providers.{other.name}" for other in FOLDERS if other != folder)
    assert not [
        f"{path.name} imports {name}"
        for path in folder.rglob("*.py")
        for name in imported(path)
        if name.startswith(others)
    ]


def test_every_folder_is_a_service_by_its_name():
    assert {folder.name.replace("_", "-") for folder in FOLDERS} == set(specs())


@pytest.mark.parametrize("path", ELSEWHERE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_elsewhere_names_a_service_or_another_cloud(path):
    # What explains a document's members is published with it, in its schema.
    published = path.is_relative_to(REAPER / "wire")
    found = [f"line {line}: {text}" for line, text in texts(path, explanations=published) if NAMED.search(text)]
    assert found == []
