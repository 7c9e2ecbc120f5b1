"""The protocols of AWS, driven by botocore's own service models.

A request is routed to its operation, read and validated; an answer or a modelled error is written. Because botocore's
models decide what is required, how long, how large and which words there are, the embedded cloud rejects what AWS
rejects and cannot drift from the real wire format. JSON 1.1 (Glue, Athena), REST-JSON (Deadline Cloud) and the one
query operation of STS are spoken.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

from botocore.loaders import Loader
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from localcloud.rules import Check, checker
from localcloud.writers import Writer, writer

MODELS_VARIABLE = "LOCALCLOUD_MODELS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to a service. `path` is still percent-encoded, header names are lower-case."""

    service: str
    account: str
    region: str
    principal: str
    method: str = "POST"
    path: str = "/"
    query: str = ""
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer. `close` means: no answer at all, the connection is closed."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    error: str | None = None
    close: bool = False


class ServiceError(Exception):
    """An error that the service answers with.

    `members` are further members of the error's shape; `status` overrides the HTTP status of the model (400 where the
    model has none).
    """

    def __init__(self, code: str, message: str, *, status: int | None = None, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status, self.members = code, message, status, members


class InvalidRequestError(Exception):
    """A request that the service model forbids; the service says with which of its errors."""


class UnknownOperationError(Exception):
    """A request for an operation that the service model does not have."""


class Wire:
    """One service's protocol. Reads requests, writes answers; holds no state."""

    def __init__(self, model: ServiceModel) -> None:
        self.model = model
        self.protocol: str = model.metadata["protocol"]
        self._checks: dict[str, Check] = {}
        self._writers: dict[str, Writer | None] = {}

    # Reading

    def operation(self, request: Request) -> str:
        """Return the name of the operation a request is for. Raises UnknownOperationError."""
        return self._route(request)[0]

    def read(self, request: Request) -> tuple[str, dict[str, Any]]:
        """Return the operation and its parameters, valid by the model.

        Raises UnknownOperationError or InvalidRequestError; the latter carries the operation's name as its second
        argument and the parameters, as far as they could be read, as its third.
        """
        name, labels = self._route(request)
        operation = self.model.operation_model(name)
        if self.protocol == "query":
            return name, {key: value for key, value in self._form(request).items() if key not in ("Action", "Version")}
        try:
            document = json.loads(request.body) if request.body else {}
        except ValueError as error:
            raise InvalidRequestError("the request body is not JSON", name, {}) from error
        if not isinstance(document, dict):
            raise InvalidRequestError("the request body is not a JSON object", name, {})
        unknown: list[str] = []
        if self.protocol == "rest-json":
            document, unknown = self._bind(operation, document, labels, request)
        problems = [f"unknown parameter {parameter!r}" for parameter in unknown]
        shape = operation.input_shape
        if shape is not None:
            check = self._checks.get(name)
            if check is None:
                check = self._checks[name] = checker(shape)
            check(document, "", problems)
        elif document:
            problems.extend(f"unknown parameter {parameter!r}" for parameter in document)
        if problems:
            count = len(problems)
            message = f"{count} validation error{'s' if count > 1 else ''} detected: {'; '.join(problems)}"
            raise InvalidRequestError(message, name, document)
        return name, document

    def _route(self, request: Request) -> tuple[str, dict[str, str]]:
        if self.protocol == "rest-json":
            for method, pattern, name in self._routes:
                match = pattern.fullmatch(request.path)
                if match is not None and method == request.method:
                    return name, {label: unquote(text) for label, text in match.groupdict().items()}
            raise UnknownOperationError(f"{request.method} {request.path}")
        if self.protocol == "query":
            name = self._form(request).get("Action", "")
        else:
            prefix, _, name = request.headers.get("x-amz-target", "").rpartition(".")
            if prefix != self.model.metadata["targetPrefix"]:
                raise UnknownOperationError(f"X-Amz-Target {prefix}.{name}")
        if name not in self._names:
            raise UnknownOperationError(name)
        return name, {}

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.model.operation_names)

    @cached_property
    def _routes(self) -> list[tuple[str, re.Pattern[str], str]]:
        routes: list[tuple[int, str, re.Pattern[str], str]] = []
        for name in self.model.operation_names:
            http = self.model.operation_model(name).http
            path = http["requestUri"].partition("?")[0]
            labels = re.sub(r"\\\{(\w+)(\\\+)?\\\}", r"(?P<\1>[^/]+)", re.escape(path))
            routes.append((path.count("{"), http["method"], re.compile(labels), name))
        # Fixed words win over labels.
        routes.sort(key=lambda route: route[0])
        return [(method, pattern, name) for _, method, pattern, name in routes]

    @staticmethod
    def _form(request: Request) -> dict[str, str]:
        text = request.body.decode() if request.body else request.query
        return {key: values[0] for key, values in parse_qs(text, keep_blank_values=True).items()}

    @staticmethod
    def _bind(
        operation: OperationModel, body: dict[str, Any], labels: Mapping[str, str], request: Request
    ) -> tuple[dict[str, Any], list[str]]:
        """Gather the members of a REST request from path, query string, headers and body."""
        query = parse_qs(request.query, keep_blank_values=True)
        bound = dict(body)
        unknown = set(query)
        members = operation.input_shape.members if operation.input_shape is not None else {}
        elsewhere: set[str] = set()
        for name, shape in members.items():
            location = shape.serialization.get("location")
            key = shape.serialization.get("name", name)
            if location is None:
                continue
            elsewhere.add(name)
            bound.pop(name, None)
            if location == "uri" and key in labels:
                bound[name] = labels[key]
            elif location == "querystring" and key in query:
                unknown.discard(key)
                values = [_from_text(value, shape) for value in query[key]]
                bound[name] = values if shape.type_name == "list" else values[0]
            elif location == "header" and key.lower() in request.headers:
                bound[name] = _from_text(request.headers[key.lower()], shape)
        unknown |= elsewhere & set(body)
        return bound, sorted(unknown)

    # Writing

    def write(self, operation: str, result: Mapping[str, Any]) -> Reply:
        """Write the answer of an operation. Moments are seconds since the epoch; members that are None are left out."""
        if self.protocol == "query":
            return self._write_query(operation, result)
        model = self.model.operation_model(operation)
        if operation not in self._writers:
            shape = model.output_shape
            self._writers[operation] = None if shape is None else writer(shape, self.protocol)
        write = self._writers[operation]
        body = dumps({} if write is None else write(result))
        status = model.http.get("responseCode", 200)
        return Reply(status=status, headers={"Content-Type": self._content_type}, body=body)

    def fail(self, error: ServiceError) -> Reply:
        """Write an error, by its shape when the model has one."""
        shape = self._errors.get(error.code)
        status = error.status or self._error_status(shape)
        headers = {"Content-Type": self._content_type, "x-amzn-errortype": error.code}
        if self.protocol == "query":
            kind = "Sender" if status < 500 else "Receiver"  # noqa: PLR2004 - HTTP's own classes
            text = (
                f'<ErrorResponse xmlns="{self.model.metadata["xmlNamespace"]}"><Error><Type>{kind}</Type>'
                f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
                "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
            )
            return Reply(status=status, headers=headers, body=text.encode(), error=error.code)
        members = {} if shape is None else shape.members
        document: dict[str, Any] = {"Message" if "Message" in members else "message": error.message}
        if self.protocol == "json":
            document = {"__type": error.code, **document}
        for name, value in error.members.items():
            serialization = members[name].serialization if name in members else {}
            if serialization.get("location") == "header":
                headers[serialization.get("name", name)] = str(value)
            else:
                document[name] = value
        return Reply(status=status, headers=headers, body=dumps(document), error=error.code)

    @cached_property
    def _content_type(self) -> str:
        if self.protocol == "query":
            return "text/xml"
        return (
            f"application/x-amz-json-{self.model.metadata['jsonVersion']}"
            if self.protocol == "json"
            else ("application/json")
        )

    @cached_property
    def _errors(self) -> Mapping[str, StructureShape]:
        shapes = [shape for shape in self.model.error_shapes if isinstance(shape, StructureShape)]
        return {shape.error_code or shape.name: shape for shape in shapes}

    def _error_status(self, shape: StructureShape | None) -> int:
        if shape is None:
            return 400
        modelled = shape.metadata.get("error", {}).get("httpStatusCode")
        return modelled or (500 if shape.name in self._faults else 400)

    @cached_property
    def _faults(self) -> frozenset[str]:
        # botocore's shapes drop the mark that tells the service's faults from the client's.
        shapes: Mapping[str, Mapping[str, Any]] = getattr(self.model, "_service_description")["shapes"]  # noqa: B009
        return frozenset(name for name, shape in shapes.items() if shape.get("fault"))

    def _write_query(self, operation: str, result: Mapping[str, Any]) -> Reply:
        members = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in result.items())
        text = (
            f'<{operation}Response xmlns="{self.model.metadata["xmlNamespace"]}"><{operation}Result>{members}'
            f"</{operation}Result><ResponseMetadata><RequestId>00000000-0000-0000-0000-000000000000</RequestId>"
            f"</ResponseMetadata></{operation}Response>"
        )
        return Reply(headers={"Content-Type": "text/xml"}, body=text.encode())


@cache
def wire(service: str, models: str | None = None) -> Wire:
    """Return the protocol of a service, from the botocore data folder `models`.

    Default: the environment's LOCALCLOUD_MODELS, else the data of the botocore that is installed here.
    """
    models = models or os.environ.get(MODELS_VARIABLE) or None
    loader = Loader(extra_search_paths=[models] if models else None, include_default_search_paths=models is None)
    return Wire(ServiceModel(loader.load_service_model(service, "service-2"), service_name=service))


_encoder = json.JSONEncoder(separators=(",", ":"))


def dumps(document: Any) -> bytes:
    """Return compact JSON."""
    return _encoder.encode(document).encode()


def _from_text(text: str, shape: Shape) -> Any:
    """Read a value that came as text, in the path, the query string or a header; text that does not fit is kept."""
    kind = shape.member.type_name if isinstance(shape, ListShape) else shape.type_name
    if kind in ("integer", "long"):
        return int(text) if re.fullmatch(r"-?\d+", text) else text
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text
