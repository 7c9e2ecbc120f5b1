"""EMR Serverless Spark of Alibaba Cloud, served over HTTP: signatures checked, faults applied, calls recorded.

with AlibabaServer(world, faults, record) as alibaba:
    client = EmrServerlessSparkClient.connect("cn-hangzhou", credentials, endpoint_url=alibaba.url)
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import uuid4

from localcloud.acs3 import AlibabaError, Keys, Request, Verifier
from localcloud.emr_operations import HANDLERS, SERVICE, Context, Operation, check, route
from localcloud.emr_state import Regions, SessionCluster, read_regions
from localcloud.faults import Fault, Faults
from localcloud.record import Call, Record
from localcloud.world import World

ACCESS_KEY_ID = "LTAI-localcloud"
ACCESS_KEY_SECRET = "localcloud-secret"  # noqa: S105 - known to everyone
ACCOUNT = "1000000000000001"
REGION = "cn-hangzhou"

_GARBAGE = b"<html><body>Proxy error</body></html>"


class _Unanswered(Exception):  # noqa: N818 - no error: a connection closed on purpose
    """The connection is to be closed without an answer."""


class AlibabaServer:
    """The service on a local port, in threads of this process; a context manager.

    `keys` maps access key ids to secrets, by default the pair of this module; `tokens` maps the ids of temporary keys to
    the security token they have to come with. Port 0 takes a free one. The world may be seeded anew at any time.
    """

    def __init__(  # noqa: PLR0913 - all optional
        self,
        world: World | None = None,
        faults: Faults | None = None,
        record: Record | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        keys: Mapping[str, str] | None = None,
        tokens: Mapping[str, str] | None = None,
    ) -> None:
        self.world = world or World()
        self.faults = faults or Faults()
        self.record = Record() if record is None else record
        self._verifier = Verifier(Keys(dict(keys or {ACCESS_KEY_ID: ACCESS_KEY_SECRET}), dict(tokens or {})))
        self._seeded: object = None
        self._regions: Regions = {}
        self._server = _Server((host, port), _Handler)
        self._server.alibaba = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The endpoint, for `ALIBABA_CLOUD_ENDPOINT_EMR_SERVERLESS_SPARK`."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> Self:
        """Serve until `stop`."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def session(self, session: str) -> SessionCluster:
        """A session cluster by its id, to look at or to change under `world.lock`. Raises LookupError."""
        with self.world.lock:
            for workspaces in self.regions().values():
                for workspace in workspaces.values():
                    if session in workspace.sessions:
                        return workspace.sessions[session]
        message = f"no session cluster {session!r} in this world"
        raise LookupError(message)

    def regions(self) -> Regions:
        """The workspaces of each region, read again when the world was seeded again. Hold `world.lock`."""
        if self._seeded is not self.world.alibaba:
            clock, base = self.world.clock, self.world.seeded_at
            self._regions = read_regions(self.world.alibaba, lambda value: clock.moment(value, base))
            self._seeded = self.world.alibaba
        return self._regions

    def answer(self, request: Request) -> tuple[int, bytes, dict[str, str]]:
        """HTTP status, body and headers of the answer. Raises _Unanswered where there is to be none."""
        call = _Incoming(request)
        status, error, headers = 200, None, {}
        try:
            return self._serve(call)
        except AlibabaError as refusal:
            status, error, headers = refusal.status, refusal.code, refusal.headers
            body = {"RequestId": _request_id(), "HostId": request.headers.get("host", ""), "Code": refusal.code}
            body |= {"Message": refusal.message, "Recommend": "https://api.aliyun.com/troubleshoot"}
            return status, json.dumps(body).encode(), headers
        except _Unanswered:
            status, error = 0, "timeout"
            raise
        finally:
            self.record.add(call.as_recorded(status, error, self._account(), self.world.clock.time()))

    def _account(self) -> str:
        return str(self.world.alibaba.get("account", ACCOUNT))

    def _serve(self, call: _Incoming) -> tuple[int, bytes, dict[str, str]]:
        request = call.request
        with self.world.lock:
            call.principal = self._verifier.check(request)
        headers = request.headers
        operation, path_parameters = route(request.method, call.path, headers["x-acs-action"], headers["x-acs-version"])
        call.parameters |= {name: unquote(value) for name, value in path_parameters.items()}
        fault = self._meet(operation, call)
        if fault is not None and fault.kind == "garbage":
            return 200, _GARBAGE, {"content-type": "text/html"}
        call.parameters |= check(operation, call.query, call.body())
        with self.world.lock:
            context = Context(
                world=self.world,
                regions=self.regions(),
                account=self._account(),
                region=call.region,
                principal=call.principal,
                parameters=call.parameters,
                fault=fault,
            )
            answer = {"requestId": _request_id()} | HANDLERS[operation.name](context)
        return 200, json.dumps(answer).encode(), {}

    def _meet(self, operation: Operation, call: _Incoming) -> Fault | None:
        """Apply the fault that this call meets, as far as it is not about the answer's content."""
        seen = call.parameters | call.query | call.readable_body()
        delay, fault = self.faults.on_call(SERVICE, operation.name, self._account(), call.region, seen)
        time.sleep(delay)
        if fault is None:
            return None
        if fault.kind == "timeout":
            time.sleep(fault.seconds)
            raise _Unanswered
        error = _error_for(fault)
        if error is not None:
            raise error
        return fault


class _Incoming:
    """One request being answered, and what the record will say of it."""

    def __init__(self, request: Request) -> None:
        parts = urlsplit(request.target)
        self.request = request
        self.path = parts.path
        self.query = dict(parse_qsl(parts.query, keep_blank_values=True))
        self.region = self.query.get("regionId", REGION)
        self.principal = ""
        self.parameters: dict[str, Any] = {}

    def body(self) -> object:
        """The decoded body, an empty object for none. Raises AlibabaError."""
        if not self.request.body:
            return {}
        try:
            return json.loads(self.request.body)
        except ValueError:
            raise AlibabaError(400, "InvalidParameter", "The body is not JSON.") from None

    def readable_body(self) -> dict[str, Any]:
        """The decoded body, as far as it can be matched with."""
        try:
            body = self.body()
        except AlibabaError:
            return {}
        return body if isinstance(body, dict) else {}

    def as_recorded(self, status: int, error: str | None, account: str, at: float) -> Call:
        """The call with what became of it."""
        return Call(
            service=SERVICE,
            operation=self.request.headers.get("x-acs-action", ""),
            account=account,
            region=self.region,
            principal=self.principal,
            parameters=self.query | self.readable_body() | self.parameters,
            status=status,
            error=error,
            at=at,
        )


_ERRORS: Mapping[str, tuple[int, str, str]] = {
    "denied": (403, "Forbidden.RAM", "User not authorized to operate on the specified resource."),
    "throttled": (429, "Throttling.User", "Request was denied due to user flow control."),
    "server_error": (503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."),
    "expired_credentials": (400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired."),
    "invalid_credentials": (404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."),
}


def _error_for(fault: Fault) -> AlibabaError | None:
    if fault.kind == "error":
        return AlibabaError(fault.status, fault.code, fault.message)
    if fault.kind not in _ERRORS:
        return None
    # The vendor's SDK takes this header as milliseconds.
    headers = {} if fault.retry_after is None else {"x-acs-retry-after": str(fault.retry_after * 1000)}
    return AlibabaError(*_ERRORS[fault.kind], headers)


def _request_id() -> str:
    return str(uuid4()).upper()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    alibaba: AlibabaServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that left before its answer was ready; that is what slow answers are for."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server  # type: ignore[reportIncompatibleVariableOverride] - narrowed
    protocol_version = "HTTP/1.1"
    # Head and body leave in one packet, and at once: otherwise every answer waits for a delayed acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            status, payload, more = self.server.alibaba.answer(Request(self.command, self.path, headers, body))
        except _Unanswered:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in ({"content-type": "application/json;charset=utf-8"} | more).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)
        self.wfile.flush()

    do_GET = do_POST = _respond  # noqa: N815 - named by the standard library

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the standard library
        """Say nothing: the record knows."""
