"""The function's code as one folder: vendored wheels, pruned, and the product's own package. No Docker, no compiler.

Wheels are those of the lock file, hashes and all, chosen for the function's processor and Python, whatever builds them.
Python tells compiled modules apart by the names of their files, so those of another processor can lie beside them. Bytecode
is the function's Python's, whatever Python builds it. All bytes depend on the inputs alone, so that deploying again without
a change uploads nothing.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from infra import models
from infra.bytecode import compile_folder

PYTHON_VERSION: Final = "3.14"
"""The function's Python; a test holds it to the runtime in :mod:`infra.function`."""
PLATFORM: Final = "manylinux2014_aarch64"
SBOM: Final = "sbom.cdx.json"
"""The list of the vendored packages (CycloneDX), which `make lock` makes of the lock file; it is in the asset, too."""
OWN_CALLS: Final = (
    "appconfig:DeleteHostedConfigurationVersion",
    "appconfig:ListHostedConfigurationVersions",
    "appconfigdata:GetLatestConfiguration",
    "appconfigdata:StartConfigurationSession",
    "cloudwatch:GetMetricStatistics",
    "cloudwatch:PutMetricData",
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:TransactWriteItems",
    "events:PutEvents",
    "lambda:Invoke",
    "s3:DeleteObjects",
    "s3:GetObject",
    "s3:HeadBucket",
    "s3:HeadObject",
    "s3:ListObjectsV2",
    "s3:PutObject",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
    "sns:GetTopicAttributes",
    "sns:Publish",
)
"""What the functions themselves call, besides what the sweep's services are asked. A test finds each call in the code."""

_LEFT_OUT: Final = shutil.ignore_patterns("__pycache__", "cli")
"""The command line needs packages that the function does not have."""
_COMPILER: Final = Path(__file__).with_name("bytecode.py")
_COMPILED_BY: Final = Path(__file__).with_name("bytecode.mjs")
_PACKAGE: Final = "reaper"


class AssetError(Exception):
    """The asset could not be built. ``str(error)`` says why, and what to do."""


def build_asset(root: Path, calls: Iterable[str], *, for_host: bool = False) -> Path:
    """The folder to deploy for a sweep that makes ``calls`` (``glue:ListSessions``), under ``root/build``.

    Made once for the same inputs. Of the services it calls it has the operations called alone. ``for_host`` adds the compiled
    modules that the interpreter that builds it can load, so that it runs here as well, as it runs there: in the embedded cloud.

    Raises :class:`AssetError` when the wheels cannot be had, or not compiled.
    """
    lock, sbom, package = (root / "lambdas" / name for name in ("requirements.txt", SBOM, _PACKAGE))
    # What decides how it is built, too: these modules, and the compiler.
    ours = (Path(__file__), Path(models.__file__), _COMPILER, _COMPILED_BY)
    how = [path.read_text(encoding="utf-8") for path in ours]
    wanted = sorted({*OWN_CALLS, *calls})
    host = [sysconfig.get_config_var("EXT_SUFFIX")] if for_host else []
    sources = sorted(path for path in package.rglob("*.py") if "cli" not in path.relative_to(package).parts)
    # Each on its own, since it takes a while and changes more seldom than what follows.
    wheels = _once(root / "build" / "wheels" / _digest(root, [lock], *how), lambda folder: _vendor(lock, folder))
    own = _once(root / "build" / "package" / _digest(root, sources, *how), lambda folder: _package(package, folder))

    def assemble(folder: Path) -> None:
        for part in (wheels, own):
            shutil.copytree(part, folder, dirs_exist_ok=True)
        if for_host:
            _add_modules_of_this_machine(lock, folder)
        shutil.copy(sbom, folder)
        _prune(folder, wanted)

    key = _digest(root, [lock, sbom, *sources], *how, *wanted, *host)
    return _once(root / "build" / "asset" / key, assemble)


def _once(target: Path, make: Callable[[Path], None]) -> Path:
    """``target``, made in a folder beside it and moved there whole, so that two builds at once do not mix."""
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made = Path(scratch) / "made"
        made.mkdir()
        make(made)
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():
                raise
    return target


def _vendor(lock: Path, folder: Path) -> None:
    _install(folder, lock, "--platform", PLATFORM, "--implementation", "cp", "--python-version", PYTHON_VERSION)
    _compile(folder)


def _package(package: Path, folder: Path) -> None:
    shutil.copytree(package, folder / _PACKAGE, ignore=_LEFT_OUT)
    _compile(folder, _PACKAGE)


def _add_modules_of_this_machine(lock: Path, folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        host = Path(scratch)
        _install(host, lock)
        for module in host.rglob("*.so"):
            shutil.copy(module, folder / module.relative_to(host))
    if f"{sys.version_info.major}.{sys.version_info.minor}" != PYTHON_VERSION:
        compile_folder(folder, folder / _PACKAGE, write_out=True)


def _install(folder: Path, lock: Path, *options: str) -> None:
    done = _run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--no-compile", "--no-deps", "--target", str(folder), "--only-binary=:all:", "--require-hashes"),
        *("--requirement", str(lock), *options),
    )
    if done.returncode:
        raise AssetError(f"pip could not fetch what {lock} lists ({' '.join(options)}): {_last_line(done)}")


def _compile(folder: Path, *own: str) -> None:
    """Put the bytecode of :data:`PYTHON_VERSION` beside each module, from a CPython that Node.js runs."""
    try:
        done = _run("node", str(_COMPILED_BY), PYTHON_VERSION, str(folder), *own)
    except OSError as error:
        raise AssetError(f"Node.js could not be started ({error}): install it, as the AWS CDK needs it, too") from error
    if done.returncode:
        raise AssetError(f"the modules could not be compiled: {_last_line(done)}; `make setup` installs what does it")


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own arguments


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    return (done.stderr.strip() or "no reason given").splitlines()[-1]


def _prune(folder: Path, calls: Sequence[str]) -> None:
    """Remove what a function never reads: the models of what it does not call, scripts, pip's own records."""
    shutil.rmtree(folder / "bin", ignore_errors=True)
    for record in folder.glob("*.dist-info/*"):
        if record.name in {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}:
            record.unlink()
    data = folder / "botocore" / "data"
    operations: dict[str, set[str]] = {}
    for service, _, name in (call.partition(":") for call in calls):
        operations.setdefault(service, set()).add(name)
    for model in data.iterdir():
        if model.is_dir() and model.name not in operations:
            shutil.rmtree(model)
    for examples in data.rglob("examples-1.json*"):
        examples.unlink()
    # A service without a model is not one of AWS.
    models.reduce_all(data, {service: names for service, names in operations.items() if (data / service).is_dir()})


def _digest(root: Path, files: Iterable[Path], *texts: str) -> str:
    digest = hashlib.sha256("\0".join(texts).encode())
    for path in files:
        digest.update(f"\0{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:24]
