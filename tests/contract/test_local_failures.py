"""What goes wrong on this machine is told as that, at once, with the real SDK, real files and real TLS."""

from __future__ import annotations

import getpass
import io
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reaper import bootstrap
from reaper.bootstrap import StartError, caller_account, open_clients
from reaper.providers.calls import Calls

SECONDS = 3.0
"""Well below the first pauses between ten attempts."""


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("NO_PROXY", "localhost")
    return tmp_path


@pytest.fixture
def https(tmp_path: Path) -> Iterator[str]:
    """A server whose certificate nobody signed but itself."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    subprocess.run(  # noqa: S603 - words of our own
        [*command.split(), "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def told(profile: str | None = None) -> str:
    began = time.monotonic()
    with pytest.raises(StartError) as raised:
        caller_account(open_clients(profile, Calls()), ["us-east-1", "eu-west-1"])
    assert time.monotonic() - began < SECONDS
    return str(raised.value)


@pytest.mark.filterwarnings("ignore::getpass.GetPassWarning")
def test_a_profile_with_mfa_and_no_terminal(here: Path, monkeypatch: pytest.MonkeyPatch):
    def no_terminal(*_: object) -> int:
        raise OSError(6, "No such device or address")

    monkeypatch.setattr(getpass, "os", SimpleNamespace(open=no_terminal, O_RDWR=0, O_NOCTTY=0))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    (here / "config").write_text(
        "[profile mfa]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n"
        "mfa_serial = arn:aws:iam::111122223333:mfa/ana\n"
        "[profile base]\naws_access_key_id = a\naws_secret_access_key = b\n"
    )
    sentence = told("mfa")
    assert "asks for a one-time password (MFA) and there is no terminal to type it at" in sentence


def test_a_file_that_the_credentials_need_and_is_not_there(here: Path):
    (here / "config").write_text(
        "[profile web]\nrole_arn = arn:aws:iam::111122223333:role/r\nweb_identity_token_file = /nowhere/token\n"
    )
    assert "/nowhere/token, which the credentials need, cannot be read: No such file or directory" in told("web")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"])
def test_a_key_that_ends_in_a_newline_is_named_and_not_shown(
    name: str, aws_server: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_server.url)
    monkeypatch.setenv(name, "geheim\n")
    sentence = told()
    assert f"{name} holds a line break or a blank at its end: set it without" in sentence
    assert "geheim" not in sentence


@pytest.mark.usefixtures("here")
def test_a_certificate_that_is_not_trusted(https: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", https)
    sentence = told()
    assert "the certificate that answered is not trusted (self-signed certificate)" in sentence
    assert "AWS_CA_BUNDLE" in sentence


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot be read (No such file or directory)"), ("no certificate", "without any certificate")],
)
def test_a_bundle_of_certificates_that_is_none(
    here: Path, https: str, content: str | None, why: str, monkeypatch: pytest.MonkeyPatch
):
    if content:
        (here / "bundle.pem").write_text(content)
    monkeypatch.setenv("AWS_ENDPOINT_URL", https)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(here / "bundle.pem"))
    sentence = told()
    assert "AWS_CA_BUNDLE, or ca_bundle of the profile, names a file" in sentence
    assert why in sentence


def test_a_machine_without_a_terminal_is_asked_once_not_once_for_each_region(mocker: Any):
    error = bootstrap.ProviderError(bootstrap.Trouble.CREDENTIALS, "no terminal")
    asked = mocker.patch("reaper.bootstrap._caller", side_effect=error)
    with pytest.raises(StartError, match="no terminal"):
        caller_account(mocker.Mock(), ["us-east-1", "eu-west-1"])
    assert asked.call_count == 1
