"""Reads policy and owners files from disk or standard input."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from reaper.cli.console import say
from reaper.cli.errors import CommandError
from reaper.cli.text import clean, count
from reaper.cli.yaml_document import read_policy_file, read_yaml
from reaper.core.owners import OwnersBook, is_owners, load_owners
from reaper.core.policy.document import DocumentError, Node, digest
from reaper.core.policy.load import load
from reaper.core.policy.model import PolicyBook
from reaper.core.policy.problems import Problem, Severity

DEFAULT_FILE = "policies.yaml"


@dataclass(frozen=True, slots=True)
class Checked:
    """A policy file as read. ``book`` and ``sha256`` are ``None`` when there is any error in it."""

    name: str
    book: PolicyBook | None
    sha256: str | None
    problems: tuple[Problem, ...]
    document: Node | None = None
    """What was read, if that is a document at all."""

    @property
    def errors(self) -> int:
        """How many of the problems keep the file from being used."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)

    def lines(self) -> tuple[str, ...]:
        """Every problem as ``file:line:column: path: message``."""
        return tuple(problem.render(self.name) for problem in self.problems)


@dataclass(frozen=True, slots=True)
class CheckedOwners:
    """An owners file as read. ``book`` is ``None`` when there is any error in it."""

    name: str
    book: OwnersBook | None
    problems: tuple[Problem, ...]
    document: Node

    errors = Checked.errors
    lines = Checked.lines


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy file that can be used; ``sha256`` names its meaning, whatever its layout and comments."""

    name: str
    book: PolicyBook
    sha256: str


def check(path: str) -> Checked:
    """Everything that is wrong with the policy file at ``path`` (``-``: standard input). Raises nothing."""
    try:
        return _check_policies(path, _read(path))
    except DocumentError as error:
        return Checked(_name(path), None, None, (error.problem,))


def check_any(path: str) -> Checked | CheckedOwners:
    """Everything that is wrong with the policy or owners file at ``path``; its keys tell which it is. Raises nothing."""
    try:
        document = _read(path)
        if not is_owners(document):
            return _check_policies(path, document)
    except DocumentError as error:
        return Checked(_name(path), None, None, (error.problem,))
    loaded = load_owners(document)
    return CheckedOwners(_name(path), loaded.book, loaded.problems, document)


def _check_policies(path: str, document: Node) -> Checked:
    loaded = load(document)
    sha256 = None if loaded.book is None else digest(document)
    return Checked(_name(path), loaded.book, sha256, loaded.problems, document)


def _read(path: str) -> Node:
    return read_yaml(sys.stdin.buffer.read()) if path == "-" else read_policy_file(Path(path))


def _name(path: str) -> str:
    return "<stdin>" if path == "-" else clean(path)


def load_policies(path: str | None) -> PolicyFile:
    """The policy file at ``path``, by default ``policies.yaml`` here; its warnings go to standard error.

    Raises:
        CommandError: there is none, or it has errors; all of them are told.
    """
    if path is None:
        if not Path(DEFAULT_FILE).is_file():
            raise CommandError(f"there is no {DEFAULT_FILE} in this directory: name a policy file with -p FILE")
        path = DEFAULT_FILE
    checked = check(path)
    if checked.book is None or checked.sha256 is None:
        message = f"{checked.name} cannot be used ({count(checked.errors, 'error')}); nothing was looked at or stopped"
        raise CommandError(message, lines=checked.lines())
    for line in checked.lines():
        say(line)
    return PolicyFile(checked.name, checked.book, checked.sha256)
