"""Adding a service is one folder, and nothing elsewhere has to know its name."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from reaper.core.session import Service

REAPER = Path(__file__).resolve().parents[2] / "lambdas" / "reaper"
PROVIDERS = REAPER / "providers"
SHARED = {"aws"}
FOLDERS = sorted(path.parent for path in PROVIDERS.glob("*/__init__.py") if path.parent.name not in SHARED)
SERVICE = re.compile(r"\b(glue|athena|deadline|emr[-_]serverless[-_]spark)\b", re.IGNORECASE)
# Where a service is named because a person writes or reads its name there, or because its documentation gives a number.
VOCABULARY = {"core/session.py", "core/policy/parse_policy.py", "core/prices.py"}
FLOW = sorted(
    path
    for folder in ("core", "sweep", "notifiers")
    for path in (REAPER / folder).rglob("*.py")
    if str(path.relative_to(REAPER)) not in VOCABULARY
)


def docstrings(tree: ast.AST) -> set[ast.Constant]:
    """Texts that stand alone: they explain, and decide nothing."""
    return {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def names_a_service(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    explained = docstrings(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in explained:
            text = node.value
        elif isinstance(node, ast.Attribute):
            text = node.attr
        elif isinstance(node, ast.Name):
            text = node.id
        else:
            continue
        # A price or a sentence may speak of a service; a word by itself is what code branches on.
        if SERVICE.fullmatch(text):
            found.append(f"line {node.lineno}: {text}")
    return found


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_provider_is_a_spec_and_a_provider(folder):
    assert (folder / "spec.py").is_file(), "data: the service's name, its facts and its IAM actions"
    assert (folder / "provider.py").is_file(), "discover, observe, stop"


def test_every_service_of_the_vocabulary_has_its_folder():
    assert {folder.name.replace("_", "-") for folder in FOLDERS} == {service.value for service in Service}


@pytest.mark.parametrize("path", FLOW, ids=lambda path: str(path.relative_to(REAPER)))
def test_the_flow_decides_nothing_by_the_name_of_a_service(path):
    assert names_a_service(path) == []
