"""The voices besides plain gRPC: buf curl, Connect's client for Python and plain HTTP against every service and the gateway."""

import base64
import http.client
import json
import os
import pathlib
import subprocess
import sys
import urllib.parse
import uuid

import pytest
from connectrpc.client import ConnectClientSync
from connectrpc.code import Code
from connectrpc.compat import google_protobuf_binary_codec, google_protobuf_json_codec
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from connectrpc.protocol import ProtocolType
from google.protobuf import descriptor_pb2, json_format, message_factory

import metrics
import tokens
from contract import rpcs
from rapport_suite import ROOT, SERVICES, binaries, eventually
from test_grpcio import DOORS, door

BUF = pathlib.Path(sys.executable).parent / "buf"
RPCS = {rpc.path: rpc for rpc in rpcs()}

# One read of each program: its method, the field that holds what it lists, and how much that is in the case study.
READS = {
    "relationships": ("rapport.relationships.v1.RelationshipsService/ListSessions", "sessions", 13),
    "feedback": ("rapport.feedback.v1.FeedbackService/ListFeedback", "feedbackItems", 4),
    "goals": ("rapport.goals.v1.GoalsService/ListGoals", "goals", 3),
    "trust-scoring": ("rapport.trust.v1.TrustService/ListEvidence", "evidence", 61),
}
GET_SESSION = "rapport.relationships.v1.RelationshipsService/GetSession"
IMPORT = "rapport.relationships.v1.RelationshipsService/ImportPeople"
WATCH = "rapport.trust.v1.TrustService/WatchTrustProfile"
ORGANIZATION = "organizations/voices"
NOWHERE = "sessions/00000000-0000-7000-8000-000000000000"


def bearer(suite, role: str = "coachee") -> dict:
    return {"authorization": f"Bearer {suite.token(role)}"}


@pytest.fixture(scope="module")
def admin(suite):
    token = tokens.token(suite.home, f"{ORGANIZATION}/people/admin", "programme_admin", roles=["programme_admin"])
    return {"authorization": f"Bearer {token}"}


def newcomers(count: int) -> list[dict]:
    """Requests of ImportPeople, for people whom nobody knows yet."""
    run = uuid.uuid4().hex[:8]
    return [
        {"parent": ORGANIZATION, "personId": f"v{run}-{number}", "person": {"displayName": "V", "level": 4}}
        for number in range(count)
    ]  # fmt: skip


# buf curl: connect-go, in a program.


def buf_curl(suite, service: str, protocol: str, path: str, *requests: dict, headers: dict, version: str = "2"):
    """HTTP/2 learns the contract by reflection, over the same protocol; HTTP/1.1 reads it from the files."""
    about = ["--http2-prior-knowledge"] if version == "2" else ["--reflect=false", "--schema", str(ROOT / "Protos")]
    head = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    return subprocess.run(
        [
            BUF, "curl", "--protocol", protocol, *about, *head, "-d", "\n".join(map(json.dumps, requests)),
            f"http://{suite.address(service)}/{path}",
        ],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


VOICES = [("connect", "1.1"), ("connect", "2"), ("grpcweb", "1.1"), ("grpcweb", "2"), ("grpc", "2")]


@pytest.mark.parametrize("protocol, version", VOICES)
@pytest.mark.parametrize("way", DOORS)
@pytest.mark.parametrize("service", READS)
def test_buf_curl_unary(suite, service, way, protocol, version):
    path, field, count = READS[service]
    request = {"parent": suite.relationship(), "pageSize": 500}
    result = buf_curl(suite, door(service, way), protocol, path, request, headers=bearer(suite), version=version)
    assert result.returncode == 0, result.stderr
    assert len(json.loads(result.stdout)[field]) == count


@pytest.mark.parametrize("protocol, version", VOICES)
def test_buf_curl_the_gateway_itself(suite, protocol, version):
    path = "rapport.gateway.v1.ViewsService/GetCoacheeView"
    result = buf_curl(suite, "gateway", protocol, path, {}, headers=bearer(suite), version=version)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)


@pytest.mark.parametrize("protocol, version", VOICES)
@pytest.mark.parametrize("way", DOORS)
def test_buf_curl_error(suite, way, protocol, version):
    request = {"name": f"{suite.relationship()}/{NOWHERE}"}
    result = buf_curl(
        suite, door("relationships", way), protocol, GET_SESSION, request, headers=bearer(suite), version=version)
    assert result.returncode != 0
    error = json.loads(result.stderr)
    assert error["code"] == "not_found"
    assert [detail["type"] for detail in error["details"]] == ["google.rpc.ErrorInfo"]


@pytest.mark.parametrize("protocol, version", VOICES)
@pytest.mark.parametrize("way", DOORS)
def test_buf_curl_client_stream(suite, admin, way, protocol, version):
    result = buf_curl(
        suite, door("relationships", way), protocol, IMPORT, *newcomers(20), headers=admin, version=version)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["createdCount"] == 20


@pytest.mark.parametrize("protocol", ["connect", "grpcweb", "grpc"])
@pytest.mark.parametrize("service", SERVICES)
def test_buf_curl_reflection_and_health(suite, service, protocol):
    result = subprocess.run(
        [
            BUF, "curl", "--protocol", protocol, "--http2-prior-knowledge", "--list-services",
            f"http://{suite.address(service)}",
        ],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "grpc.health.v1.Health" in result.stdout.split()
    health = buf_curl(suite, service, protocol, "grpc.health.v1.Health/Check", {}, headers={})
    assert health.returncode == 0, health.stderr
    assert json.loads(health.stdout) == {"status": "SERVING"}


# connectrpc, Connect's own client for Python.

CODECS = {"proto": google_protobuf_binary_codec, "json": google_protobuf_json_codec}


def method(path: str) -> MethodInfo:
    rpc = RPCS[path]
    kinds = {
        (False, False): StreamType.UNARY, (True, False): StreamType.CLIENT_STREAM,
        (False, True): StreamType.SERVER_STREAM, (True, True): StreamType.BIDI_STREAM,
    }  # fmt: skip
    service, name = path.rsplit("/", 1)
    return MethodInfo(
        name=name, service_name=service, input=message_factory.GetMessageClass(rpc.input),
        output=message_factory.GetMessageClass(rpc.output),
        idempotency_level=IdempotencyLevel.NO_SIDE_EFFECTS if is_read(rpc) else IdempotencyLevel.UNKNOWN,
        stream_type=kinds[rpc.is_client_streaming, rpc.is_server_streaming],
    )  # fmt: skip


def is_read(rpc) -> bool:
    """What the contract says."""
    service, name = rpc.path.rsplit("/", 1)
    options = rpc.input.file.pool.FindServiceByName(service).methods_by_name[name].GetOptions()
    return options.idempotency_level == descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS


def client(suite, service: str, codec: str, protocol: ProtocolType = ProtocolType.CONNECT) -> ConnectClientSync:
    return ConnectClientSync(f"http://{suite.address(service)}", codec=CODECS[codec](), protocol=protocol)


def message(path: str, fields: dict):
    return json_format.ParseDict(fields, RPCS[path].request())


WEB_OR_CONNECT = [ProtocolType.CONNECT, ProtocolType.GRPC_WEB]


@pytest.mark.parametrize("use_get", [False, True])
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("way", DOORS)
@pytest.mark.parametrize("service", READS)
def test_connect_client_unary_and_get(suite, service, way, codec, use_get):
    path, field, count = READS[service]
    request = message(path, {"parent": suite.relationship(), "pageSize": 500})
    answer = client(suite, door(service, way), codec).execute_unary(
        request=request, method=method(path), headers=bearer(suite), use_get=use_get, timeout_ms=5000)
    assert len(json_format.MessageToDict(answer)[field]) == count


@pytest.mark.parametrize("protocol", WEB_OR_CONNECT)
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("way", DOORS)
def test_connect_client_error(suite, way, codec, protocol):
    request = message(GET_SESSION, {"name": f"{suite.relationship()}/{NOWHERE}"})
    with pytest.raises(ConnectError) as caught:
        client(suite, door("relationships", way), codec, protocol).execute_unary(
            request=request, method=method(GET_SESSION), headers=bearer(suite))
    assert caught.value.code == Code.NOT_FOUND
    assert [detail.type_name for detail in caught.value.details] == ["google.rpc.ErrorInfo"]


@pytest.mark.parametrize("protocol", WEB_OR_CONNECT)
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("way", DOORS)
def test_connect_client_streams(suite, admin, way, codec, protocol):
    people = client(suite, door("relationships", way), codec, protocol).execute_client_stream(
        request=(message(IMPORT, one) for one in newcomers(20)), method=method(IMPORT), headers=admin)
    assert people.created_count == 20
    stream = client(suite, door("trust-scoring", way), codec, protocol).execute_server_stream(
        request=message(WATCH, {"name": f"{suite.relationship()}/trustProfile"}), method=method(WATCH),
        headers=bearer(suite), timeout_ms=1500)
    profiles = []
    with pytest.raises(ConnectError) as caught:
        for profile in stream:
            profiles.append(profile)
    assert caught.value.code == Code.DEADLINE_EXCEEDED
    assert len(profiles) >= 1 and profiles[0].profile.name == f"{suite.relationship()}/trustProfile"


# Plain HTTP/1.1.


def ask(address: str, verb: str, target: str, headers: dict, body: bytes = b""):
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request(verb, target, body or None, headers)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def get(address: str, path: str, fields: dict, headers: dict):
    query = urllib.parse.urlencode({"connect": "v1", "encoding": "json", "message": json.dumps(fields)})
    return ask(address, "GET", f"/{path}?{query}", headers)


def test_the_contract_says_which_rpcs_change_nothing():
    """Those that REST reads by GET, and none that takes a request_id."""
    for rpc in RPCS.values():
        if rpc.route and rpc.route[0] == "GET":
            assert is_read(rpc), f"{rpc} is a GET in REST"
        if rpc.changes:
            assert not is_read(rpc), f"{rpc} changes something"


@pytest.mark.parametrize("way", DOORS)
def test_every_read_is_a_get_and_nothing_else_is(suite, way):
    """Without a token: each read says so in Connect's words, and nothing that changes anything is ever a GET."""
    reads = 0
    for rpc in RPCS.values():
        address = suite.address(door(rpc.program, way))
        answer, body = get(address, rpc.path, {}, {})
        if is_read(rpc) and not rpc.is_server_streaming:
            reads += 1
            assert answer.status == 401, f"{rpc}: {answer.status} {body}"
            assert json.loads(body)["code"] == "unauthenticated"
            assert answer.headers["cache-control"] == "no-store"
            assert "authorization" in answer.headers["vary"]
            assert answer.headers["www-authenticate"] == "Bearer"
        else:
            assert answer.status == 405, f"{rpc}: {answer.status} {body}"
            assert answer.headers["allow"] == "POST"
    assert reads > 70


@pytest.mark.parametrize("way", DOORS)
@pytest.mark.parametrize("service", READS)
def test_get_and_post_of_json(suite, service, way):
    path, field, count = READS[service]
    fields = {"parent": suite.relationship(), "pageSize": 500}
    address = suite.address(door(service, way))
    answer, body = get(address, path, fields, bearer(suite))
    assert answer.status == 200 and answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    headers = {**bearer(suite), "content-type": "application/json"}
    posted, same = ask(address, "POST", f"/{path}", headers, json.dumps(fields).encode())
    assert posted.status == 200
    assert json.loads(body) == json.loads(same)
    assert len(json.loads(body)[field]) == count


def test_an_answer_is_compressed_where_it_is_asked(suite):
    import gzip

    path, field, count = READS["trust-scoring"]
    headers = {**bearer(suite), "accept-encoding": "gzip"}
    answer, body = get(suite.address(), path, {"parent": suite.relationship(), "pageSize": 500}, headers)
    assert answer.headers["content-encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(body))[field]) == count


def test_a_body_of_json_that_is_none(suite):
    path, _, _ = READS["goals"]
    for address in (suite.address("goals"), suite.address()):
        headers = {**bearer(suite), "content-type": "application/json"}
        answer, body = ask(address, "POST", f"/{path}", headers, b"{")
        assert answer.status == 400
        assert json.loads(body)["code"] == "invalid_argument"


@pytest.mark.parametrize("way", DOORS)
def test_text_of_grpc_web(suite, way):
    """As grpc-web's own client sends it through XMLHttpRequest."""
    path, _, count = READS["goals"]
    request = message(path, {"parent": suite.relationship(), "pageSize": 500}).SerializeToString()
    body = base64.b64encode(b"\0" + len(request).to_bytes(4, "big") + request)
    headers = {
        **bearer(suite), "content-type": "application/grpc-web-text", "accept": "application/grpc-web-text",
        "x-grpc-web": "1",
    }  # fmt: skip
    answer, text = ask(suite.address(door("goals", way)), "POST", f"/{path}", headers, body)
    assert answer.status == 200 and answer.headers["content-type"] == "application/grpc-web-text+proto"
    # Each piece is padded on its own.
    whole = b"".join(base64.b64decode(text[start : start + 4]) for start in range(0, len(text), 4))
    length = int.from_bytes(whole[1:5], "big")
    goals = RPCS[path].answer().FromString(whole[5 : 5 + length]).goals
    assert len(goals) == count
    assert whole[5 + length] == 0x80 and whole[10 + length :].startswith(b"grpc-status: 0\r\n")


def test_rest_is_what_it_was(suite):
    """The gateway's REST paths answer as before, to the same content type."""
    answer, body = ask(suite.address(), "GET", f"/v1/{suite.relationship()}/goals?pageSize=500", bearer(suite))
    assert answer.status == 200
    assert len(json.loads(body)["goals"]) == READS["goals"][2]
    answer, _ = ask(suite.address(), "POST", "/v1/nothing", {"content-type": "application/json"}, b"{}")
    assert answer.status == 404


@pytest.mark.parametrize("way", DOORS)
def test_calls_of_every_voice_are_counted(suite, way):
    path, _, _ = READS["goals"]
    service = door("goals", way)

    def counted() -> int:
        return metrics.handled(metrics.of(suite.address(service)), path).get("OK", 0)

    before = counted()
    request = {"parent": suite.relationship()}
    for protocol, version in VOICES:
        result = buf_curl(suite, service, protocol, path, request, headers=bearer(suite), version=version)
        assert result.returncode == 0, result.stderr
    answer, _ = get(suite.address(service), path, request, bearer(suite))
    assert answer.status == 200
    assert counted() == before + len(VOICES) + 1


def test_a_caller_that_goes_away_ends_its_stream(suite):
    """Over HTTP/1.1, where nothing but the connection tells it."""

    def running() -> int:
        return int(metrics.of(suite.address("trust-scoring")).get(f'rapport_rpc_in_flight{{rpc="{WATCH}"}}', 0))

    before = running()
    request = json.dumps({"name": f"{suite.relationship()}/trustProfile"}).encode()
    connection = http.client.HTTPConnection(suite.address(), timeout=10)
    connection.request(
        "POST", f"/{WATCH}", b"\0" + len(request).to_bytes(4, "big") + request,
        {**bearer(suite), "content-type": "application/connect+json"})
    answer = connection.getresponse()
    assert answer.status == 200 and answer.headers["content-type"] == "application/connect+json"
    head = answer.read(5)
    assert json.loads(answer.read(int.from_bytes(head[1:], "big")))["profile"]
    assert running() == before + 1
    answer.close()
    connection.close()
    eventually("the stream to end", lambda: running() == before)


# Web pages.

PAGE = "https://app.example.com"


def preflight(address: str, target: str):
    asked = {"origin": PAGE, "access-control-request-method": "POST"}
    return ask(address, "OPTIONS", target, {**asked, "access-control-request-headers": "authorization,content-type"})


def test_no_page_of_another_origin_may_call_by_default(suite):
    for service in SERVICES:
        answer, _ = preflight(suite.address(service), "/grpc.health.v1.Health/Check")
        assert answer.headers["access-control-allow-origin"] is None


def test_pages_of_the_origins_that_are_set_may_call(tmp_path):
    """RPCs and REST alike, and the page may read the whole head of an answer."""
    environment = {
        **os.environ, "RAPPORT_LISTEN": f"unix:{tmp_path}/gateway", "RAPPORT_DATA": str(tmp_path / "data"),
        "RAPPORT_KEYS": str(tmp_path / "keys"), "RAPPORT_ALLOWED_ORIGINS": f"http://localhost:5173, {PAGE}",
    }  # fmt: skip
    gateway = subprocess.Popen([binaries() / "gateway"], env=environment, stdout=subprocess.DEVNULL)
    try:
        path = tmp_path / "gateway"
        eventually("the gateway to listen", path.exists)

        def over_socket(verb: str, target: str, headers: dict, body: bytes = b""):
            import socket

            connection = http.client.HTTPConnection("localhost", timeout=10)
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(str(path))
            connection.request(verb, target, body or None, headers)
            answer = connection.getresponse()
            return answer, answer.read()

        asked = {
            "origin": PAGE, "access-control-request-method": "POST",
            "access-control-request-headers": "authorization,content-type",
        }  # fmt: skip
        for target in ("/grpc.health.v1.Health/Check", "/v1/views/coach"):
            answer, _ = over_socket("OPTIONS", target, asked)
            assert answer.status == 204
            assert answer.headers["access-control-allow-origin"] == PAGE
            assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
            stranger, _ = over_socket("OPTIONS", target, {**asked, "origin": "https://other.example.com"})
            assert stranger.headers["access-control-allow-origin"] is None
        headers = {"origin": PAGE, "content-type": "application/json"}
        answer, body = over_socket("POST", "/grpc.health.v1.Health/Check", headers, b"{}")
        assert json.loads(body)["status"] in ("SERVING", "NOT_SERVING")
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert "content-type" in answer.headers["access-control-expose-headers"]
        answer, _ = over_socket("GET", "/healthz", {"origin": PAGE})
        assert answer.headers["access-control-allow-origin"] == PAGE
    finally:
        gateway.terminate()
        gateway.wait(timeout=30)


def test_origins_that_cannot_be_right_end_the_process(tmp_path):
    environment = {**os.environ, "RAPPORT_DATA": str(tmp_path), "RAPPORT_ALLOWED_ORIGINS": "app.example.com/path"}
    result = subprocess.run([binaries() / "goals"], env=environment, capture_output=True, text=True, timeout=30)
    assert result.returncode == 2
    assert "RAPPORT_ALLOWED_ORIGINS" in result.stderr + result.stdout
