"""The services behind a deployed sweep, over HTTP in the test's own process, each of which can be made to fail.

AppConfig's data plane, DynamoDB with one table, SNS, S3, Lambda and Secrets Manager: the few calls that a sweep makes of
them. Every other call, condition or key is refused, as the service would refuse it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

from localcloud.faults import Faults
from localcloud.gateway import read_credential
from localcloud.wire import Reply

GARBAGE = Reply(headers={"Content-Type": "text/html"}, body=b"<html><body>It works!</body></html>")
JSON_SERVICES = {"dynamodb": "1.0", "secretsmanager": "1.1"}
CODES: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "appconfig": {
        "denied": (403, "AccessDeniedException"),
        "throttled": (429, "ThrottlingException"),
        "server_error": (500, "InternalServerException"),
    },
    "dynamodb": {
        "denied": (400, "AccessDeniedException"),
        "throttled": (400, "ThrottlingException"),
        "server_error": (500, "InternalServerError"),
    },
    "sns": {
        "denied": (403, "AuthorizationError"),
        "throttled": (429, "Throttled"),
        "server_error": (500, "InternalError"),
    },
    "s3": {"denied": (403, "AccessDenied"), "throttled": (503, "SlowDown"), "server_error": (500, "InternalError")},
    "lambda": {
        "denied": (403, "AccessDeniedException"),
        "throttled": (429, "TooManyRequestsException"),
        "server_error": (500, "ServiceException"),
    },
    "secretsmanager": {
        "denied": (400, "AccessDeniedException"),
        "throttled": (400, "ThrottlingException"),
        "server_error": (500, "InternalServiceError"),
    },
}
"""What each service says to what it does not do: HTTP status and error code (its API reference, "Errors")."""


class RefusalError(Exception):
    """The service refuses the call: ``code``, and whatever else its answer says."""

    def __init__(self, code: str, **members: Any) -> None:
        super().__init__(code)
        self.code, self.members = code, members


@dataclass(frozen=True)
class Asked:
    """One call: ``given`` is what of the request the operation needs."""

    service: str
    operation: str
    given: Any


@dataclass
class Backing:
    """What the services hold and were told. ``faults`` names services ``appconfig``, ``dynamodb``, ``sns`` and so on."""

    profiles: dict[str, bytes] = field(default_factory=dict)
    """AppConfig: profile -> what is deployed."""
    secrets: dict[str, str] = field(default_factory=dict)
    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """DynamoDB: partition and sort key -> item."""
    messages: list[dict[str, Any]] = field(default_factory=list)
    """SNS: the report each message carried."""
    subscribers: int = 1
    """SNS: how many subscriptions to each topic have been confirmed."""
    objects: dict[str, bytes] = field(default_factory=dict)
    function: str = ""
    """Lambda: the ARN of the one there is."""
    events: list[dict[str, Any]] = field(default_factory=list)
    """Lambda: the events of asynchronous invocations."""
    faults: Faults = field(default_factory=Faults)
    calls: list[str] = field(default_factory=list)
    """``service:Operation`` of every request, retries included."""

    def answer(self, asked: Asked) -> Reply:
        """What becomes of a call."""
        self.calls.append(f"{asked.service}:{asked.operation}")
        parameters = asked.given if isinstance(asked.given, dict) else {}
        _, fault = self.faults.on_call(asked.service, asked.operation, "", "", parameters)
        if fault is None:
            try:
                return getattr(self, f"_{asked.service}_{asked.operation}")(asked.given)
            except RefusalError as refusal:
                return _error(asked.service, 400, refusal.code, refusal.members)
        if fault.kind == "timeout":
            return Reply(close=True)
        return GARBAGE if fault.kind == "garbage" else _error(asked.service, *CODES[asked.service][fault.kind], {})

    # AppConfig: a token is good for one call.

    def _appconfig_StartConfigurationSession(self, given: dict[str, str]) -> Reply:  # noqa: N802 - the call's own name
        if given["ConfigurationProfileIdentifier"] not in self.profiles:
            raise RefusalError("ResourceNotFoundException")
        return _document({"InitialConfigurationToken": given["ConfigurationProfileIdentifier"]}, status=201)

    def _appconfig_GetLatestConfiguration(self, given: dict[str, str]) -> Reply:  # noqa: N802
        headers = {"Next-Poll-Configuration-Token": given["token"], "Next-Poll-Interval-In-Seconds": "60"}
        return Reply(headers=headers | {"Content-Type": "application/json"}, body=self.profiles[given["token"]])

    # DynamoDB

    def _dynamodb_Query(self, given: dict[str, Any]) -> Reply:  # noqa: N802
        if given["KeyConditionExpression"] == "#pk = :told" and given["ConsistentRead"]:
            found = [item for key, item in sorted(self.items.items()) if key[0] == "told"]
            return _document({"Items": found, "Count": len(found)})
        if (
            given["KeyConditionExpression"] != "#pk = :sweeps"
            or not given["ConsistentRead"]
            or given["ScanIndexForward"]
        ):
            raise RefusalError("ValidationException")
        partition = given["ExpressionAttributeValues"][":sweeps"]["S"]
        keys = sorted((key for key in self.items if key[0] == partition), reverse=True)[: given["Limit"]]
        return _document({"Items": [self.items[key] for key in keys], "Count": len(keys)})

    def _dynamodb_BatchGetItem(self, given: dict[str, Any]) -> Reply:  # noqa: N802
        ((table, asked),) = given["RequestItems"].items()
        if len(asked["Keys"]) > 100 or not asked["ConsistentRead"]:
            raise RefusalError("ValidationException")
        found = [self.items[key] for one in asked["Keys"] if (key := _key(one)) in self.items]
        return _document({"Responses": {table: found}, "UnprocessedKeys": {}})

    def _dynamodb_TransactWriteItems(self, given: dict[str, Any]) -> Reply:  # noqa: N802
        puts = [one["Put"] for one in given["TransactItems"]]
        if len(puts) > 100 or len({_key(put["Item"]) for put in puts}) < len(puts):
            raise RefusalError("ValidationException")
        codes = ["None" if self._holds(put) else "ConditionalCheckFailed" for put in puts]
        if set(codes) != {"None"}:
            raise RefusalError("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])
        self.items |= {_key(put["Item"]): put["Item"] for put in puts}
        return _document({"ConsumedCapacity": [{"TableName": puts[0]["TableName"], "CapacityUnits": 2.0}]})

    def _dynamodb_PutItem(self, given: dict[str, Any]) -> Reply:  # noqa: N802
        if given.keys() - {"TableName", "Item"}:
            raise RefusalError("ValidationException")
        self.items[_key(given["Item"])] = given["Item"]
        return _document({})

    def _holds(self, put: dict[str, Any]) -> bool:
        kept = self.items.get(_key(put["Item"]))
        match put["ConditionExpression"]:
            case "attribute_not_exists(#pk)":
                return kept is None
            case "#version = :read":
                return kept is not None and kept["version"] == put["ExpressionAttributeValues"][":read"]
            case _:
                raise RefusalError("ValidationException")

    # The others: one call each.

    def _sns_Publish(self, given: dict[str, str]) -> Reply:  # noqa: N802
        self.messages.append(json.loads(json.loads(given["Message"])["default"]))
        result = "<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>"
        return Reply(headers={"Content-Type": "text/xml"}, body=result.encode())

    def _sns_GetTopicAttributes(self, given: dict[str, str]) -> Reply:  # noqa: N802
        assert given["TopicArn"]
        entry = f"<entry><key>SubscriptionsConfirmed</key><value>{self.subscribers}</value></entry>"
        told = f"<GetTopicAttributesResult><Attributes>{entry}</Attributes></GetTopicAttributesResult>"
        text = f"<GetTopicAttributesResponse>{told}</GetTopicAttributesResponse>"
        return Reply(headers={"Content-Type": "text/xml"}, body=text.encode())

    def _s3_PutObject(self, given: tuple[str, bytes]) -> Reply:  # noqa: N802
        self.objects[given[0]] = given[1]
        return Reply(headers={"ETag": '"0123"'})

    def _s3_GetObject(self, key: str) -> Reply:  # noqa: N802
        if key not in self.objects:
            raise RefusalError("NoSuchKey")
        return Reply(headers={"ETag": '"0123"'}, body=self.objects[key])

    def _lambda_Invoke(self, given: tuple[str, str, bytes]) -> Reply:  # noqa: N802
        function, how, event = given
        if function != self.function:
            raise RefusalError("ResourceNotFoundException")
        if how != "Event":
            raise RefusalError("InvalidParameterValueException")
        if len(event) > 256_000:
            raise RefusalError("RequestTooLargeException")
        self.events.append(json.loads(event))
        return Reply(status=202)

    def _secretsmanager_GetSecretValue(self, given: dict[str, str]) -> Reply:  # noqa: N802
        if given["SecretId"] not in self.secrets:
            raise RefusalError("ResourceNotFoundException")
        return _document({"Name": given["SecretId"], "SecretString": self.secrets[given["SecretId"]]})


def _document(document: Mapping[str, Any], status: int = 200) -> Reply:
    return Reply(status=status, headers={"Content-Type": "application/json"}, body=json.dumps(document).encode())


def _key(item: Mapping[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _error(service: str, status: int, code: str, members: Mapping[str, Any]) -> Reply:
    if service in {"sns", "s3"}:
        kind = "Receiver" if status == 500 else "Sender"
        told = f"<Error><Type>{kind}</Type><Code>{escape(code)}</Code><Message>no</Message></Error>"
        text = told if service == "s3" else f"<ErrorResponse>{told}</ErrorResponse>"
        return Reply(status=status, headers={"Content-Type": "text/xml"}, body=text.encode())
    document = {"__type": code, "message": "no", **members}
    headers = {"Content-Type": "application/json", "x-amzn-errortype": code}
    return Reply(status=status, headers=headers, body=json.dumps(document).encode())


def _asked(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Asked:
    """Which call a request is; raises LookupError for none that is known here."""
    credential = read_credential(headers.get("authorization", ""))
    service = credential[2] if credential else ""
    path, _, query = target.partition("?")
    if service in JSON_SERVICES:
        return Asked(service, headers["x-amz-target"].rpartition(".")[2], json.loads(body))
    if service == "sns":
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        return Asked(service, form["Action"], form)
    if service == "appconfig" and path == "/configurationsessions":
        return Asked(service, "StartConfigurationSession", json.loads(body))
    if service == "appconfig" and path == "/configuration":
        token = parse_qs(query)["configuration_token"][0]
        return Asked(service, "GetLatestConfiguration", {"token": token})
    if service == "s3" and method == "PUT":
        return Asked(service, "PutObject", (unquote(path), body))
    if service == "s3" and method == "GET":
        return Asked(service, "GetObject", unquote(path))
    if service == "lambda" and (invoked := re.fullmatch(r"/2015-03-31/functions/([^/]+)/invocations", path)):
        return Asked(service, "Invoke", (unquote(invoked[1]), headers.get("x-amz-invocation-type"), body))
    raise LookupError(f"{method} {target} of {service}")


class BackingServer:
    """Serves a :class:`Backing` on a local port; a context manager. ``backing`` may be replaced at any time."""

    def __init__(self) -> None:
        self.backing = Backing()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is the client's business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    owner: ClassVar[BackingServer]

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            asked = _asked(self.command, self.path, headers, body)
        except LookupError as error:
            reply = Reply(status=501, body=str(error).encode())
        else:
            reply = self.owner.backing.answer(asked)
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

    def handle_expect_100(self) -> bool:
        """Say at once that the body may come: a client waits a second for that."""
        self.send_response_only(100)
        self.end_headers()
        self.wfile.flush()
        return True

    do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's signature
        """Log nothing."""
