"""LocalServer: the session services over HTTP inside the test's own process. Quick to start, quick to answer."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self

from localcloud.control import PREFIX, control
from localcloud.faults import Faults, Wake, Wakes
from localcloud.gateway import Gateway, denied_without_credentials, request_of
from localcloud.record import Record
from localcloud.service import ElsewhereError
from localcloud.wire import Reply, ServiceError
from localcloud.world import World


class LocalServer:
    """Glue, Athena, Deadline Cloud and STS at one local endpoint, and the control API.

    A context manager. Requests are told apart by the service in their signature's credential scope, which also gives
    the region; the account is the access key when that has twelve digits, else 000000000000. Signatures are not
    verified.
    """

    def __init__(self, models: str | None = None) -> None:
        """Prepare a server; `models` is a botocore data folder, by default that of the botocore installed here."""
        self.gateway = Gateway(models)
        handler = type("Handler", (_Handler,), {"gateway": self.gateway})
        self._http = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        """The endpoint, `http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def world(self) -> World:
        """What exists."""
        return self.gateway.world

    @property
    def faults(self) -> Faults:
        """What goes wrong."""
        return self.gateway.faults

    @property
    def wakes(self) -> Wakes:
        """Which sessions will get work to do."""
        return self.gateway.wakes

    @property
    def calls(self) -> Record:
        """Every call so far."""
        return self.gateway.calls

    def wake(self, service: str, session: str, **when: Any) -> None:
        """Let a session get work to do: `at=` a moment, or after the `calls=1`-th call of `operation=`, `match=`.

        Raises LookupError where there is no such session, ValueError on a rule without a moment.
        """
        if when.get("at") is not None:
            when["at"] = self.world.clock.moment(when["at"])
        self.gateway.wake(Wake(service=service, session=session, **when))

    def env(self, account: str = "000000000000", region: str = "us-east-1") -> dict[str, str]:
        """Return the environment that points boto3 here, as some account."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        }

    def start(self) -> Self:
        """Start to serve."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop to serve and close every connection."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        # Clients keep connections alive; the threads that serve them end with the connection.
        with self._open_lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away in the middle is the client's business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    gateway: ClassVar[Gateway]

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        path, _, query = self.path.partition("?")
        reply = self._reply_to(path, query, body)
        if reply.close:
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()

    def _reply_to(self, path: str, query: str, body: bytes) -> Reply:
        if path.startswith(PREFIX):
            return control(self.gateway, self.command, path, query, body)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = request_of(method=self.command, path=path, query=query, headers=headers, body=body)
        if request is None:
            return denied_without_credentials(self.gateway.wire("glue"))
        if request.service not in self.gateway.services:
            return Reply(status=400, body=f"{request.service} is not part of LocalServer".encode())
        try:
            return self.gateway.handle(request)
        except ElsewhereError as error:
            message = f"{error} is not emulated"
            return self.gateway.wire(request.service).fail(ServiceError("UnknownOperationException", message))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the names http.server looks for

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
        """Log nothing."""
