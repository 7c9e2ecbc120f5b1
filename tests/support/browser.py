"""A Chromium of the checkout's own, to look at pages as people do.

It comes with `make setup` as the npm package `@sparticuz/chromium`, packed, and is unpacked once, into `build/chromium`,
with the fonts and those libraries that a bare machine lacks. Nothing is downloaded, and no browser has to be installed.
Where that one does not run (it is for Linux on x86-64), `$CHROMIUM` or a Chromium of the machine's is used.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = ROOT / "node_modules" / "@sparticuz" / "chromium"
AXE: Final = ROOT / "node_modules" / "axe-core" / "axe.min.js"
UNPACKED: Final = ROOT / "build" / "chromium"
FLAGS: Final = (
    "--no-sandbox",
    "--no-zygote",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
)
_INFLATE: Final = """
const [from, to] = process.argv.slice(1);
const { createReadStream, createWriteStream } = require('fs');
require('stream').pipeline(
  createReadStream(from), require('zlib').createBrotliDecompress(), createWriteStream(to, { mode: 0o700 }),
  (error) => { if (error) { console.error(String(error)); process.exit(1); } });
"""
_FONTS: Final = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{cache}</cachedir>
  <alias binding="strong"><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias binding="strong"><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
</fontconfig>
"""


class NoBrowserError(Exception):
    """No Chromium runs here. ``str(error)`` says why."""


@dataclass(frozen=True)
class Chromium:
    """An executable that runs here, and the environment it runs in."""

    executable: Path
    environment: Mapping[str, str]


@dataclass
class Complaints:
    """What the browser complained of while pages were open: console errors, refusals of the page's own CSP, failures."""

    said: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        page.on("requestfailed", lambda request: self.said.append(f"failed: {request.url}: {request.failure}"))

    def _console(self, message: ConsoleMessage) -> None:
        # An answer of 403 to a forged link is the point of it; the browser calls each a failed resource.
        if message.type in {"error", "warning"} and "the server responded with a status of" not in message.text:
            self.said.append(f"{message.type}: {message.text}")


@functools.cache
def chromium() -> Chromium:
    """The Chromium to use, unpacked and tried.

    Raises:
        NoBrowserError: none runs here.
    """
    reasons: list[str] = []
    if named := os.environ.get("CHROMIUM"):
        return _tried(Path(named), {}, reasons) or _none(reasons)
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        reasons.append(
            f"the packed Chromium is for Linux on x86-64, and this is {platform.system()} {platform.machine()}"
        )
    elif not PACKAGE.exists():
        reasons.append(f"{PACKAGE} does not exist: run `make setup`")
    elif found := _unpacked(reasons):
        return found
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if (path := shutil.which(name)) and (found := _tried(Path(path), {}, reasons)):
            return found
    return _none(reasons)


def _none(reasons: list[str]) -> Chromium:
    raise NoBrowserError("; ".join(reasons))


def _unpacked(reasons: list[str]) -> Chromium | None:
    """The packed one; other processes that want it too wait until it is unpacked."""
    version = re.search(r'"version": "([^"]+)"', (PACKAGE / "package.json").read_text(encoding="utf-8"))
    home = UNPACKED / (version[1] if version else "unknown")
    UNPACKED.mkdir(parents=True, exist_ok=True)
    with (UNPACKED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            # Moved into place when all of it is there: nobody finds half of one after an interruption.
            with tempfile.TemporaryDirectory(dir=UNPACKED) as made:
                _unpack(Path(made) / "new", home)
                (Path(made) / "new").rename(home)
    fonts = {"FONTCONFIG_FILE": str(home / "fonts.conf")}
    # The machine's own libraries first: they are the ones that fit it.
    return _tried(home / "chromium", fonts, reasons) or _tried(
        home / "chromium", fonts | {"LD_LIBRARY_PATH": str(home / "lib")}, reasons
    )


def _unpack(to: Path, home: Path) -> None:
    """Unpack into ``to`` what will lie in ``home``."""
    to.mkdir()
    _inflate(PACKAGE / "bin" / "chromium.br", to / "chromium")
    for name in ("al2023", "fonts"):
        _inflate(PACKAGE / "bin" / f"{name}.tar.br", to / f"{name}.tar")
        with tarfile.open(to / f"{name}.tar") as packed:
            packed.extractall(to, filter="data")
        (to / f"{name}.tar").unlink()
    (to / "fonts.conf").write_text(_FONTS.format(fonts=home / "fonts", cache=home / "cache"), encoding="utf-8")


def _inflate(packed: Path, to: Path) -> None:
    """Brotli is in Node.js, which is here for the CDK; it is not in Python."""
    subprocess.run(["node", "-e", _INFLATE, str(packed), str(to)], check=True, timeout=120)  # noqa: S603, S607 - ours


def _tried(executable: Path, more: Mapping[str, str], reasons: list[str]) -> Chromium | None:
    """A Chromium that can at least say its version."""
    environment = {**os.environ, **more}
    try:
        done = subprocess.run(  # noqa: S603 - the browser
            [str(executable), "--version"], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        reasons.append(f"{executable}: {error}")
        return None
    if done.returncode:
        reasons.append(f"{executable} does not run: {done.stderr.strip()[-300:]}")
        return None
    return Chromium(executable, environment)


@contextlib.contextmanager
def browser(*flags: str) -> Iterator[Browser]:
    """A browser that has just been started with ``flags`` of its own, and an empty profile.

    A test that needs one is skipped where none runs; with `REAPER_BROWSER=required` in the environment it fails.
    """
    try:
        found = chromium()
    except NoBrowserError as error:
        if os.environ.get("REAPER_BROWSER") == "required":
            pytest.fail(f"no browser runs here: {error}", pytrace=False)
        pytest.skip(f"no browser runs here: {error}")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found.executable, args=[*FLAGS, *flags], env=dict(found.environment), headless=True
        )
        try:
            yield started
        finally:
            started.close()


@contextlib.contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[tuple[Page, Complaints]]:
    """An empty page in a context of its own (`color_scheme=`, `viewport=`, `java_script_enabled=`), and what it complains of."""
    context: BrowserContext = browser.new_context(**options)
    context.set_default_timeout(10_000)
    try:
        page, complaints = context.new_page(), Complaints()
        complaints.watch(page)
        yield page, complaints
    finally:
        context.close()


def violations(page: Page) -> list[str]:
    """What axe, the accessibility engine, finds wrong with the page: a rule, its help and where, each.

    It is put into the page past the page's own content security policy, which is why the page needs no exception for it.
    """
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{violation['id']}: {violation['help']}: {', '.join(str(node['target']) for node in violation['nodes'])}"
        for violation in found["violations"]
    ]


def overflow(page: Page) -> list[str]:
    """The elements that make the page scroll sideways; none when everything fits its width."""
    wide: list[str] = page.evaluate(
        """() => {
          const width = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= width) return [];
          return [...document.querySelectorAll('body *')]
            .filter((one) => one.getBoundingClientRect().right > width + 0.5)
            .map((one) => `${one.tagName} ${one.className} reaches ${one.getBoundingClientRect().right} of ${width}`);
        }"""
    )
    return wide
