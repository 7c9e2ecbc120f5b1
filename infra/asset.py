"""The function's code as one folder: vendored wheels, pruned, and the product's own package. No Docker, no compiler.

Wheels are chosen for the function's processor and Python, whatever builds them. Python tells compiled modules apart by the
names of their files, so those of another processor can lie beside them. Its bytes depend on its inputs alone, so that
deploying again without a change uploads nothing.
"""

from __future__ import annotations

import compileall
import hashlib
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterable
from importlib.metadata import distributions
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final

from infra import models

PYTHON_VERSION: Final = "3.14"
"""The function's Python; a test holds it to the runtime in :mod:`infra.function`."""
PLATFORM: Final = "manylinux2014_aarch64"
OWN_SERVICES: Final = (
    *("appconfig", "appconfigdata", "cloudwatch", "dynamodb", "events", "lambda", "s3", "secretsmanager", "sns"),
)
"""The services of AWS that the functions themselves use, besides those the sweep looks at."""

_LEFT_OUT: Final = shutil.ignore_patterns("__pycache__", "cli")
"""The command line needs packages that the function does not have."""


class AssetError(Exception):
    """The asset could not be built. ``str(error)`` says why, and what to do."""


def build_asset(root: Path, calls: Iterable[str], *, for_host: bool = False) -> Path:
    """The folder to deploy for a sweep that makes ``calls`` (``glue:ListSessions``), under ``root/build``.

    Made once for the same inputs. Of the services in ``calls`` it has these operations alone. ``for_host`` adds the compiled
    modules that the interpreter that builds it can load, so that it runs here as well: in the embedded cloud.

    Raises :class:`AssetError` when the wheels cannot be had.
    """
    requirements = root / "lambdas" / "requirements.txt"
    package = root / "lambdas" / "reaper"
    # What decides how it is built, too: these modules, and the operations that are left in the models.
    how = [Path(module).read_text(encoding="utf-8") for module in (__file__, models.__file__)]
    wanted = sorted(set(calls))
    host = [sysconfig.get_config_var("EXT_SUFFIX")] if for_host else []
    vendored_key = _digest(root, [requirements], *how, *wanted, *host)
    vendored = _once(
        root / "build" / "vendored" / vendored_key,
        lambda folder: _vendor(requirements, folder, wanted, for_host=for_host),
    )
    sources = sorted(path for path in package.rglob("*.py") if "cli" not in path.relative_to(package).parts)
    key = _digest(root, sources, vendored_key)
    return _once(root / "build" / "asset" / key, lambda folder: _assemble(vendored, package, folder))


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


def _vendor(requirements: Path, folder: Path, calls: list[str], *, for_host: bool) -> None:
    function = ("--platform", PLATFORM, "--implementation", "cp", "--python-version", PYTHON_VERSION)
    _install(folder, "--requirement", str(requirements), *function)
    if for_host:
        with tempfile.TemporaryDirectory() as scratch:
            host = Path(scratch)
            _install(host, *_compiled(folder))
            for module in host.rglob("*.so"):
                shutil.copy(module, folder / module.relative_to(host))
    _prune(folder, calls)
    _compile(folder)


def _install(folder: Path, *what: str) -> None:
    command = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--no-compile", "--no-deps", "--target", str(folder), "--only-binary=:all:", *what),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own arguments
    if done.returncode:
        reason = (done.stderr.strip() or "no reason given").splitlines()[-1]
        raise AssetError(f"pip could not fetch the wheels of the function ({' '.join(what)}): {reason}")


def _compiled(folder: Path) -> list[str]:
    """The packages in ``folder`` that have compiled modules, as ``name==version``."""
    return [
        f"{found.metadata['Name']}=={found.version}"
        for found in distributions(path=[str(folder)])
        if "Root-Is-Purelib: false" in (found.read_text("WHEEL") or "")
    ]


def _prune(folder: Path, calls: list[str]) -> None:
    """Remove what a function never reads: the models of what it does not call, scripts, pip's own records."""
    services = {*OWN_SERVICES, *(call.partition(":")[0] for call in calls)}
    shutil.rmtree(folder / "bin", ignore_errors=True)
    # Only the resources of boto3 read these, and only clients are used.
    for unread in ("data", "examples"):
        shutil.rmtree(folder / "boto3" / unread, ignore_errors=True)
    for record in folder.glob("*.dist-info/*"):
        if record.name in {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}:
            record.unlink()
    data = folder / "botocore" / "data"
    for model in data.iterdir():
        if model.is_dir() and model.name not in services:
            shutil.rmtree(model)
    for examples in data.rglob("examples-1.json*"):
        examples.unlink()
    for service in services:
        # Those of the sweep's own services stay whole: what is called of them is declared nowhere.
        operations = {name for prefix, _, name in (call.partition(":") for call in calls) if prefix == service}
        if operations and (data / service).is_dir():
            models.reduce_models(data, service, operations)


def _assemble(vendored: Path, package: Path, folder: Path) -> None:
    shutil.copytree(vendored, folder, dirs_exist_ok=True)
    shutil.copytree(package, folder / "reaper", ignore=_LEFT_OUT)
    _compile(folder / "reaper")


def _compile(folder: Path) -> None:
    """Ship bytecode where this interpreter writes what the function's reads; otherwise the function compiles itself."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" != PYTHON_VERSION:
        return
    compileall.compile_dir(folder, quiet=1, stripdir=str(folder), invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)


def _digest(root: Path, files: Iterable[Path], *texts: str) -> str:
    digest = hashlib.sha256("\0".join(texts).encode())
    for path in files:
        digest.update(f"\0{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:24]
