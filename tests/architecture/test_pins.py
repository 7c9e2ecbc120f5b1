"""Two installations a year apart get the same packages."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ["", "infra/lock", "localcloud", "tests/bench", "tests/witness"]
DEPLOYED = ROOT / "lambdas" / "requirements.txt"


def listed(path: Path) -> list[Requirement]:
    """The packages a file lists, and those of the files it includes."""
    found: list[Requirement] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.partition(" #")[0].strip().removesuffix(" \\")
        if match := re.fullmatch(r"-[rc] (\S+)", text):
            found += listed(path.parent / match[1])
        elif text and not text.startswith(("#", "--hash")):
            found.append(Requirement(text))
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_package_is_pinned_exactly(folder):
    loose = [
        str(one)
        for one in listed(ROOT / folder / "requirements.txt")
        if not re.fullmatch(r"==[^*,]+", str(one.specifier))
    ]

    assert loose == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_package_is_pinned_twice_and_differently(folder):
    pins: dict[str, set[str]] = {}
    for one in listed(ROOT / folder / "requirements.txt"):
        pins.setdefault(canonicalize_name(one.name), set()).add(str(one.specifier))

    assert {name: versions for name, versions in pins.items() if len(versions) > 1} == {}


def test_what_our_packages_bring_with_them_is_pinned_too():
    pinned = {canonicalize_name(one.name) for one in listed(ROOT / "requirements.txt")}
    waiting = [(one.name, frozenset(one.extras)) for one in listed(ROOT / "requirements.txt")]
    reached: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in reached:
            continue
        reached.add((name, extras))
        try:
            needs = [Requirement(text) for text in distribution(name).requires or ()]
        except PackageNotFoundError:
            continue  # a pin for another platform or Python
        waiting += [
            (canonicalize_name(need.name), frozenset(need.extras))
            for need in needs
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in {"", *extras})
        ]

    assert {name for name, _ in reached if canonicalize_name(name) not in pinned} == set()


def test_what_is_deployed_is_what_is_tested_and_every_package_of_it_has_hashes():
    tested = {canonicalize_name(one.name): str(one.specifier) for one in listed(ROOT / "requirements.txt")}
    deployed = {canonicalize_name(one.name): str(one.specifier) for one in listed(DEPLOYED)}
    entries = re.split(r"\n(?=\S)", DEPLOYED.read_text(encoding="utf-8"))

    assert deployed.items() <= tested.items()
    assert {canonicalize_name(one.name) for one in listed(DEPLOYED.with_suffix(".in"))} <= deployed.keys()
    assert [one for one in entries if not one.startswith("#") and "--hash=sha256:" not in one] == []


def test_the_emulators_lambdas_see_no_package_that_the_asset_lacks():
    """Its environment is on the path of the Lambdas it runs: a package there hides that the asset forgot it."""
    needless = {"aws-lambda-powertools", "tzdata", "click", "rich", "aws-cdk-lib"}

    assert needless & {canonicalize_name(one.name) for one in listed(ROOT / "localcloud" / "requirements.txt")} == set()
