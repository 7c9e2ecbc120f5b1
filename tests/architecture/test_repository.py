"""What holds of every file in the repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_MODULE = 350
# Written so that they do not match themselves: this file is looked at too.
UNFINISHED = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X)\b")
ELSEWHERE = re.compile(r"(?<![\w.-])/(work|root|home/\w+|Users/\w+)(?![\w-])")


def tracked() -> list[Path]:
    """The text files of the repository, or of an exported copy of it; not what locks hashes down."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode:
        pytest.skip("this is not a git checkout")
    paths = [ROOT / name for name in done.stdout.split("\0") if name and name != "package-lock.json"]
    return [path for path in paths if path.is_file()]


def lines_like(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_nothing_is_left_for_later_in_the_code():
    assert lines_like(UNFINISHED) == []


def test_no_file_depends_on_where_somebodys_checkout_is():
    assert lines_like(ELSEWHERE) == []


def test_a_module_is_short_enough_to_be_one_idea():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "lambdas" / "reaper").rglob("*.py")
    }

    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_every_test_that_the_readme_promises_is_there():
    named = re.findall(r"`(tests/[\w/]+\.py)((?:::\w+)*)`", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(named) > 15
    missing = [
        f"{path}{names}"
        for path, names in named
        if not (ROOT / path).is_file()
        or not all(
            re.search(rf"\b(?:def|class) {name}\b|^{name} = ", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
            for name in names.split("::")[1:]
        )
    ]
    assert missing == []
