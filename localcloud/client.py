"""LocalCloud: start the embedded cloud, point programs at it, seed and watch it. Standard library only.

with LocalCloud.start() as cloud:
    cloud.seed(json.loads(Path("world.json").read_text()))
    subprocess.run(["cdk", "deploy"], env={**os.environ, **cloud.env()}, check=True)
    cloud.advance(3600)
    assert cloud.violations() == []
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv-localcloud" / "bin" / "python"
READY_SECONDS = 30.0
STOP_SECONDS = 3.0


class LocalCloudError(Exception):
    """The embedded cloud could not be started, or refused what it was told."""


class LocalCloud:
    """A running embedded cloud, in a process group of its own. A context manager; also stopped when Python exits."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, alibaba_port: int, log: Path) -> None:
        """Take charge of a process; `start` makes one."""
        self.port, self.alibaba_port, self.log = port, alibaba_port, log
        self._process = process
        # A proxy of the environment must not get between us and ourselves.
        self._http = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        atexit.register(self.stop)

    @classmethod
    def start(
        cls, port: int | None = None, *, auth: bool = False, models: str | None = None, minute: float = 60.0
    ) -> Self:
        """Start the embedded cloud and wait until it answers; raises LocalCloudError, with the end of its log.

        `auth` enforces IAM; `models` is the botocore data folder to take the service models from, by default that of
        the botocore the caller's interpreter has, else that of the project's own environment. A minute of a schedule lasts
        `minute` seconds.
        """
        if not PYTHON.exists():
            raise LocalCloudError(f"{PYTHON} does not exist: run `make setup`")
        port, alibaba_port = port or _free_port(), _free_port()
        handle, name = tempfile.mkstemp(prefix="localcloud-", suffix=".log")
        command = [str(PYTHON), "-m", "localcloud", "serve", "--port", str(port), "--alibaba-port", str(alibaba_port)]
        command += ["--parent", str(os.getpid())]
        command += ["--minute", str(minute)]
        command += ["--auth"] if auth else []
        found = models or _models()
        command += ["--models", found] if found else []
        # The Lambdas inherit this environment: nothing of the caller's interpreter or its AWS settings may leak in.
        unwanted = ("PYTHON", "AWS_", "ALIBABA_CLOUD_", "VIRTUAL_ENV", "COVERAGE_")
        environment = {key: value for key, value in os.environ.items() if not key.startswith(unwanted)}
        with os.fdopen(handle, "wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                command,
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        cloud = cls(process, port, alibaba_port, Path(name))
        cloud._wait()
        return cloud

    @property
    def url(self) -> str:
        """The endpoint of AWS."""
        return f"http://127.0.0.1:{self.port}"

    def env(self, account: str = "000000000000", region: str = "us-east-1") -> dict[str, str]:
        """Return the environment that makes boto3, the CDK and `reaper` talk to this cloud, as root of an account."""
        from localcloud.emr_serverless_spark import (  # noqa: PLC0415 - the rest of this module does without
            ACCESS_KEY_ID,
            ACCESS_KEY_SECRET,
            REGION,
        )

        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test" if account == "000000000000" else account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "ALIBABA_CLOUD_ENDPOINT_EMR_SERVERLESS_SPARK": f"http://127.0.0.1:{self.alibaba_port}",
            "ALIBABA_CLOUD_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ACCESS_KEY_SECRET,
            "ALIBABA_CLOUD_REGION_ID": REGION,
        }

    # The world. See `control` for the meaning of each.

    def seed(self, document: Mapping[str, Any]) -> None:
        """Replace the world by the one in a document."""
        self.control("PUT", "world", document)

    def sessions(self) -> list[dict[str, Any]]:
        """Return every session of AWS there is: service, account, region, id, state, open_work."""
        return self.control("GET", "world")["sessions"]

    def add(self, service: str, session: Mapping[str, Any], **place: Any) -> str:
        """Add a session (`workgroup=` or `worker=(farm, fleet, worker)`, `account=`, `region=`); its id."""
        return self.control("POST", "sessions", {"service": service, "session": session, **place})["id"]

    def work(self, service: str, session: str) -> None:
        """Give a session work to do, now."""
        self.control("POST", "wake", {"service": service, "session": session})

    def complete(self, service: str, session: str) -> None:
        """Finish the work of a session, now."""
        self.control("POST", "complete", {"service": service, "session": session})

    def advance(self, seconds: float) -> None:
        """Make everything in the world that much older."""
        self.control("POST", "clock", {"advance": seconds})

    def fault(self, kind: str, service: str = "*", operation: str = "*", **options: Any) -> None:
        """Make calls fail; see `faults.Fault`."""
        self.control("POST", "faults", {"kind": kind, "service": service, "operation": operation, **options})

    def clear_faults(self) -> None:
        """Lift every fault."""
        self.control("DELETE", "faults")

    def wake(self, service: str, session: str, **when: Any) -> None:
        """Let a session get work to do later: `at=` a moment, or after `calls=` calls of `operation=`, `match=`."""
        self.control("POST", "wakes", {"service": service, "session": session, **when})

    def calls(self, service: str | None = None, operation: str | None = None) -> list[dict[str, Any]]:
        """Return the calls so far, oldest first."""
        chosen = {"service": service, "operation": operation}
        query = urlencode({name: value for name, value in chosen.items() if value is not None})
        return self.control("GET", f"calls?{query}")["calls"]

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        self.control("DELETE", "calls")

    def mail(self) -> list[dict[str, Any]]:
        """Return what SNS delivered by email so far, oldest first: to, subject, text."""
        return self.control("GET", "mail")["mail"]

    def stops(self) -> list[dict[str, Any]]:
        """Return what was stopped."""
        return self.control("GET", "stops")["stops"]

    def violations(self) -> list[dict[str, Any]]:
        """Return the stops that killed work in progress. There must never be any."""
        return self.control("GET", "violations")["violations"]

    def reset(self) -> None:
        """Reset world, clock, faults, wake-ups and calls. What is deployed stays."""
        self.control("DELETE", "world")

    def control(self, method: str, path: str, document: Mapping[str, Any] | None = None) -> Any:
        """Call the control API; raises LocalCloudError with its complaint."""
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(f"{self.url}/_localcloud/{path}", data=body, method=method)  # noqa: S310 - ours
        try:
            with self._http.open(request, timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise LocalCloudError(f"{method} {path}: {error.read().decode(errors='replace')}") from error
        except OSError as error:
            raise LocalCloudError(f"{method} {path}: {error}\n{self.log_tail()}") from error

    # The process

    def stop(self) -> None:
        """Stop the cloud and everything it started, surely. Stopping twice is harmless."""
        atexit.unregister(self.stop)
        if self._process.poll() is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        # Lambda workers outlive the one that started them.
        self._signal(signal.SIGKILL)
        self._process.wait()
        self.log.unlink(missing_ok=True)

    def log_tail(self, lines: int = 40) -> str:
        """Return the end of the cloud's log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _wait(self) -> None:
        give_up = time.monotonic() + READY_SECONDS
        while self._process.poll() is None and time.monotonic() < give_up:
            try:
                self.control("GET", "ready")
            except LocalCloudError:
                time.sleep(0.05)
            else:
                return
        tail = self.log_tail()
        self.stop()
        raise LocalCloudError(f"the embedded cloud did not start on port {self.port}:\n{tail}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _models() -> str | None:
    found = importlib.util.find_spec("botocore")
    if found is not None and found.origin is not None:
        return str(Path(found.origin).parent / "data")
    return next((str(data) for data in (ROOT / ".venv").glob("lib/python*/site-packages/botocore/data")), None)
