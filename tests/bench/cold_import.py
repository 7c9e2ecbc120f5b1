"""A cold start of the function against boto3 with the same clients and the same logging, in fresh interpreters.

Both sides are CPU time of a process that has started already, from the first import to the last client. The function's
side is the asset that would be deployed; the other side is the same packages as they are installed, with boto3. Both are
compiled beforehand for the interpreter that runs them, as the deployed one is for the function's.
"""

from __future__ import annotations

import compileall
import re
import shutil
import statistics
import tempfile
from importlib.metadata import distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from infra.asset import build_asset
from tests.bench.result import Result, check, median_ratio, side_by_side, spread
from tests.bench.worker import ROOT, measured
from tests.support.asset import ALL_CALLS

CLIENTS = 5
"""Those of the three services, AppConfig's and SNS's."""
ROUNDS = 11
LIMIT = 0.8

_INSTALLED = (
    "aws_lambda_powertools",
    "boto3",
    "botocore",
    "dateutil",
    "jmespath",
    "s3transfer",
    "six",
    "typing_extensions",
    "urllib3",
)


def run() -> list[Result]:
    """The ratio of CPU times, and what it takes of memory."""
    with tempfile.TemporaryDirectory() as scratch:
        asset, plain = Path(scratch, "asset"), Path(scratch, "plain")
        shutil.copytree(build_asset(ROOT, ALL_CALLS, for_host=True), asset)
        plain.mkdir()
        for name in _INSTALLED:
            _copy(name, plain)
        for folder in (asset, plain):
            # Our own package is compiled already: for this Python as for the function's.
            compileall.compile_dir(folder, quiet=1, force=True, rx=re.compile("/asset/reaper/"))
        _check_versions(asset)
        found: dict[str, list[dict[str, Any]]] = {"handler": [], "boto3": []}

        def start(side: str, folder: Path) -> float:
            found[side].append(
                measured("tests.bench.start_cold", side, env={"BENCH_PACKAGES": str(folder)}, flags=["-S"])
            )
            return float(found[side][-1]["cpu"])

        # Not counted: the files are read from disk the first time.
        start("handler", asset)
        start("boto3", plain)
        ours, theirs = side_by_side(lambda: start("handler", asset), lambda: start("boto3", plain), ROUNDS)
    for side, starts in found.items():
        check(all(one["clients"] == CLIENTS for one in starts), f"{side} did not make {CLIENTS} clients")
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    memory = {side: statistics.median(one["megabytes"] for one in starts) for side, starts in found.items()}
    return [
        Result(
            what="cold import of the handler and its clients / boto3, the same clients, Logger, Metrics",
            measured=median_ratio(ours, theirs),
            limit=LIMIT,
            detail=f"{min(ours) * 1000:.0f} ms, boto3 {min(theirs) * 1000:.0f} ms; {spread(ratios)}; "
            f"{memory['handler']:.0f} MB, boto3 {memory['boto3']:.0f} MB",
        )
    ]


def _copy(name: str, folder: Path) -> None:
    spec = find_spec(name)
    check(spec is not None and spec.origin is not None, f"{name} is not installed: run `make setup`")
    assert spec is not None and spec.origin is not None  # noqa: PT018 - narrows for the type checker
    origin = Path(spec.origin)
    if origin.name == "__init__.py":
        shutil.copytree(origin.parent, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(origin, folder)


def _check_versions(asset: Path) -> None:
    """Both sides have to have the same packages, or it is these that are compared."""
    ours = {one.name.lower().replace("-", "_"): one.version for one in distributions(path=[str(asset)])}
    installed = {one.name.lower().replace("-", "_"): one.version for one in distributions()}
    different = sorted(name for name, version in ours.items() if installed.get(name, version) != version)
    check(bool(ours) and not different, f"the asset and this environment have different versions of {different}")
