"""TLS and mTLS: grpcio and Python's own ssl against a suite whose processes speak nothing else (docs/operations.md)."""

import importlib
import json
import os
import socket
import ssl
import subprocess
import urllib.error
import urllib.request

import grpc
import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from grpc_health.v1 import health_pb2, health_pb2_grpc

from certificates import LOCAL, Certificate
from rapport_suite import SERVICES, Suite, binaries, eventually

GET_RELATIONSHIP = "rapport.relationships.v1.RelationshipsService/GetRelationship"


class Authority:
    """Signs the certificates of a suite, and keeps their files."""

    def __init__(self, folder):
        self.folder = folder
        self.root = Certificate("authority")
        self.roots, _ = self.root.write(folder, "roots")
        self.files = self.issue("suite").write(folder, "suite")
        self.client = self.issue("client", [x509.UniformResourceIdentifier("spiffe://rapport/client")])

    def issue(self, name: str, names=None, usages=None) -> Certificate:
        return Certificate(name, names or LOCAL, self.root, usages)

    def channel(self, address: str, client: Certificate | None) -> grpc.Channel:
        key, chain = (client.key_pem, client.certificate_pem) if client else (None, None)
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(self.root.certificate_pem, key, chain))

    @property
    def variables(self) -> dict:
        chain, key = self.files
        return {
            "RAPPORT_TLS_CERTIFICATE": chain, "RAPPORT_TLS_KEY": key, "RAPPORT_TLS_CLIENT_ROOTS": self.roots,
            "RAPPORT_TLS_ROOTS": self.roots,
        }  # fmt: skip


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secure(authority):
    """Five processes, each of which requires a certificate of those that call it."""
    running = Suite(variables=authority.variables)
    try:
        yield running.wait_ready()
    finally:
        running.remove()


def is_serving(channel: grpc.Channel):
    with channel:
        check = health_pb2_grpc.HealthStub(channel).Check
        assert check(health_pb2.HealthCheckRequest(), timeout=10).status == health_pb2.HealthCheckResponse.SERVING


def is_refused(channel: grpc.Channel):
    with channel, pytest.raises(grpc.RpcError) as refused:
        health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE


def test_a_call_through_the_gateway_works_with_a_certificate(secure, authority):
    messages = importlib.import_module("rapport.relationships.v1.relationships_pb2")
    stubs = importlib.import_module("rapport.relationships.v1.relationships_pb2_grpc")
    name = secure.relationship()
    request = messages.GetRelationshipRequest(name=name)
    metadata = (("authorization", f"Bearer {secure.token('coach')}"),)
    with authority.channel(secure.address(), authority.client) as channel:
        stub = stubs.RelationshipsServiceStub(channel)
        assert stub.GetRelationship(request, metadata=metadata, timeout=10).name == name
    for bad in (None, Certificate("client", LOCAL, Certificate("authority"))):
        with authority.channel(secure.address(), bad) as channel, pytest.raises(grpc.RpcError) as refused:
            stubs.RelationshipsServiceStub(channel).GetRelationship(request, metadata=metadata, timeout=5)
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("service", SERVICES)
def test_every_process_serves_those_with_a_certificate_only(secure, authority, service):
    address = secure.address(service)
    is_refused(authority.channel(address, None))
    is_refused(grpc.insecure_channel(address))
    is_serving(authority.channel(address, authority.client))


def test_a_certificate_that_names_its_usages_needs_client_authentication(secure, authority):
    for usage, serves in ((ExtendedKeyUsageOID.CLIENT_AUTH, is_serving), (ExtendedKeyUsageOID.SERVER_AUTH, is_refused)):
        serves(authority.channel(secure.address("goals"), authority.issue("client", usages=[usage])))


def test_the_services_follow_each_other(secure):
    """The demo came through the gateway, the events over the services' own connections."""
    assert secure.profile("case-study", "day:87")
    statuses = [json.loads(line) for line in secure.rapport("admin", "lag", "--json").stdout.splitlines()]
    consumers = {status["service"]: status["consumers"] for status in statuses}
    assert sorted(consumer["source"] for consumer in consumers["trust-scoring"]) == ["feedback", "goals", "relationships"]
    assert all(consumer["connected"] for service in consumers.values() for consumer in service)


@pytest.mark.parametrize("service", SERVICES)
def test_a_process_asks_its_own_health(secure, authority, service):
    plain = {**os.environ, "RAPPORT_LISTEN": secure.address(service)}
    assert subprocess.run([binaries() / service, "--health"], env={**plain, **authority.variables}).returncode == 0
    assert subprocess.run([binaries() / service, "--health"], env=plain).returncode == 1


def test_the_command_line_speaks_tls_by_options_and_by_variables(secure, authority):
    chain, key = authority.client.write(authority.folder, "operator")
    call = ["call", GET_RELATIONSHIP, json.dumps({"name": secure.relationship()}), "--as", "coach", "--deadline", "5s"]
    options = ["--tls-roots", authority.roots, "--tls-certificate", chain, "--tls-key", key]
    environment = {**os.environ, "RAPPORT_HOME": str(secure.home)}

    def rapport(*arguments):
        return subprocess.run([binaries() / "rapport", *arguments], env=environment, capture_output=True, text=True)

    good = rapport(*call, *options)
    assert good.returncode == 0 and secure.relationship() in good.stdout, good.stderr
    assert rapport("admin", "status", *options).returncode == 0
    assert rapport(*call).returncode != 0
    assert rapport(*call, "--tls-roots", authority.roots).returncode != 0
    missing = rapport(*call, "--tls-roots", "/nowhere/roots.pem")
    assert missing.returncode != 0 and "/nowhere/roots.pem: No such file" in missing.stderr
    environment.update(authority.variables)
    assert rapport(*call).returncode == 0


def test_rest_has_the_same_door(secure, authority):
    url = f"https://{secure.address()}/healthz"
    context = ssl.create_default_context(cafile=authority.roots)
    with pytest.raises((urllib.error.URLError, ConnectionError, ssl.SSLError)):
        urllib.request.urlopen(url, context=context, timeout=10)
    context.load_cert_chain(*authority.files)
    assert urllib.request.urlopen(url, context=context, timeout=10).status == 200


class Gateway:
    """One process, with settings of the test."""

    def __init__(self, folder, **variables: str):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        self.log = folder / "gateway.log"
        environment = {
            **os.environ, "RAPPORT_LISTEN": self.address, "RAPPORT_DATA": str(folder / "data"),
            "RAPPORT_KEYS": str(folder / "keys"), **variables,
        }  # fmt: skip
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([binaries() / "gateway"], env=environment, stdout=log, stderr=log)

    def said(self, text: str) -> bool:
        return text in self.log.read_text()

    def __enter__(self):
        eventually("the gateway to be ready", lambda: self.said("ready"))
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait(timeout=60) == 0


def test_a_server_with_a_certificate_alone_serves_anybody_over_tls(authority, tmp_path):
    chain, key = authority.files
    with Gateway(tmp_path, RAPPORT_TLS_CERTIFICATE=chain, RAPPORT_TLS_KEY=key) as gateway:
        is_serving(authority.channel(gateway.address, None))
        is_refused(grpc.insecure_channel(gateway.address))
        host, port = gateway.address.split(":")
        for offered, chosen in ((["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), ([], None)):
            context = ssl.create_default_context(cafile=authority.roots)
            if offered:
                context.set_alpn_protocols(offered)
            with socket.create_connection((host, int(port))) as plain, context.wrap_socket(
                plain, server_hostname="localhost"
            ) as connection:
                assert connection.selected_alpn_protocol() == chosen and connection.version() == "TLSv1.3"
        for version, is_spoken in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)):
            context = ssl.create_default_context(cafile=authority.roots)
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
            with socket.create_connection((host, int(port))) as plain:
                if is_spoken:
                    context.wrap_socket(plain, server_hostname="localhost").close()
                else:
                    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
                        context.wrap_socket(plain, server_hostname="localhost")


def test_a_certificate_is_renewed_without_a_restart(authority, tmp_path):
    """The default: the files are looked at every ten seconds."""
    file = tmp_path / "server.pem"
    authority.issue("first").write_together(file)
    with Gateway(tmp_path, RAPPORT_TLS_CERTIFICATE=str(file), RAPPORT_TLS_KEY=str(file)) as gateway:

        def shown() -> str:
            host, port = gateway.address.split(":")
            context = ssl.create_default_context(cafile=authority.roots)
            with socket.create_connection((host, int(port))) as plain, context.wrap_socket(
                plain, server_hostname="localhost"
            ) as connection:
                return dict(part[0] for part in connection.getpeercert()["subject"])["commonName"]

        with authority.channel(gateway.address, None) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            check(health_pb2.HealthCheckRequest(), timeout=10)
            assert shown() == "first"
            authority.issue("second").write_together(file)
            eventually("the new certificate", lambda: shown() == "second", seconds=30)
            assert gateway.said("TLS files have changed: new connections use them")
            file.write_text("nothing")
            eventually("the warning", lambda: gateway.said("cannot be used"), seconds=30)
            assert shown() == "second"
            check(health_pb2.HealthCheckRequest(), timeout=10)


def test_a_caller_without_a_certificate_is_told_in_its_log(secure, authority, tmp_path):
    """The gateway's port needs none here, and it shows its own to the services when it has one."""
    address = secure.address("relationships")
    chain, key = authority.files
    told = "TLS failed: TLSV1_ALERT_CERTIFICATE_REQUIRED"
    for name, own in (("without", {}), ("with", {"RAPPORT_TLS_CERTIFICATE": chain, "RAPPORT_TLS_KEY": key})):
        folder = tmp_path / name
        folder.mkdir()
        with Gateway(folder, RAPPORT_RELATIONSHIPS=address, RAPPORT_TLS_ROOTS=authority.roots, **own) as gateway:
            if own:
                with authority.channel(gateway.address, None) as channel:
                    check = health_pb2_grpc.HealthStub(channel).Check
                    request = health_pb2.HealthCheckRequest(service="rapport.relationships.v1.RelationshipsService")
                    serving = health_pb2.HealthCheckResponse.SERVING
                    eventually("relationships", lambda: check(request, timeout=10).status == serving)
                assert not gateway.said(told)
            else:
                eventually("the reason", lambda: gateway.said(told))


def test_a_session_is_taken_up_again_until_the_roots_change(authority, tmp_path):
    """A client without a root of its own must not get in by a ticket of old times (RFC 8446 §2.2)."""
    chain, key = authority.files
    roots = tmp_path / "known.pem"
    roots.write_bytes(authority.root.certificate_pem)
    variables = {"RAPPORT_TLS_CERTIFICATE": chain, "RAPPORT_TLS_KEY": key, "RAPPORT_TLS_CLIENT_ROOTS": str(roots)}
    with Gateway(tmp_path, **variables) as gateway:
        host, port = gateway.address.split(":")
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = ssl.create_default_context(cafile=authority.roots)
            context.load_cert_chain(chain, key)
            context.maximum_version = version

            def visit(session):
                with socket.create_connection((host, int(port))) as plain, context.wrap_socket(
                    plain, server_hostname="localhost", session=session
                ) as connection:
                    connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
                    return connection.recv(1000)[:12], connection.session_reused, connection.session

            status, reused, session = visit(None)
            assert (status, reused) == (b"HTTP/1.1 200", False)
            assert visit(session)[:2] == (b"HTTP/1.1 200", True)
        Certificate("another authority").write_together(roots)
        eventually("the new roots", lambda: gateway.said("TLS files have changed"), seconds=30)
        try:
            status, *_ = visit(session)
        except (ssl.SSLError, ConnectionError):
            status = b""
        assert status == b""


@pytest.mark.parametrize(
    "variables, code, words",
    [
        ({"RAPPORT_TLS_CERTIFICATE": "c.pem"}, 2, "RAPPORT_TLS_KEY=: RAPPORT_TLS_CERTIFICATE needs its key"),
        ({"RAPPORT_TLS_CLIENT_ROOTS": "r.pem"}, 2, "RAPPORT_TLS_CLIENT_ROOTS=r.pem"),
        ({"RAPPORT_TLS_CERTIFICATE": "/no/c.pem", "RAPPORT_TLS_KEY": "/no/k.pem"}, 1, "/no/c.pem: No such file"),
        ({"RAPPORT_TLS_ROOTS": "/no/r.pem"}, 1, "/no/r.pem: No such file"),
    ],
)
def test_wrong_settings_end_the_process_with_a_word(tmp_path, variables, code, words):
    gateway = Gateway(tmp_path, **variables)
    assert gateway.process.wait(timeout=30) == code and gateway.said(words), gateway.log.read_text()
