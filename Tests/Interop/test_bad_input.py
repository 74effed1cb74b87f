"""Bad input at each door: a clear error, nothing changed, the process lives (the last by the fixture)."""

import http.client
import json

import grpc
import pytest

from rapport_suite import SERVICES

METHODS = {
    "relationships": "/rapport.relationships.v1.RelationshipsService/CreateCommitment",
    "feedback": "/rapport.feedback.v1.FeedbackService/CreateFeedback",
    "goals": "/rapport.goals.v1.GoalsService/CreateGoal",
    "trust-scoring": "/rapport.trust.v1.TrustService/WhatIf",
}
DOORS = [(service, way) for service in METHODS for way in (service, "gateway")]


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number: int, payload: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def nested(depth: int) -> bytes:
    payload = b""
    for _ in range(depth):
        payload = field(2, payload)
    return payload


BAD_MESSAGES = {
    "nested 10,000 deep": nested(10_000),
    "invalid UTF-8": field(1, b"organizations/\xff\xfe"),
    "NUL in a string": field(1, b"organizations/demo\x00/relationships/x"),
    "a length beyond the end": b"\x0a\x7f",
    "an unfinished varint": b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
    "field number zero": b"\x02\x00",
    "another wire type": b"\x08\x01",
    "a group": b"\x13\x14",
}


def failure(call, payload, metadata) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call(payload, metadata=metadata, timeout=20)
    return caught.value


@pytest.mark.parametrize("service, through", DOORS)
@pytest.mark.parametrize("what", BAD_MESSAGES)
def test_malformed_message(channel, as_role, service, through, what):
    call = channel(through).unary_unary(METHODS[service])
    error = failure(call, BAD_MESSAGES[what], as_role("coachee"))
    # gRPC's own code for a message that cannot be read (doc/statuscodes.md).
    assert error.code() == grpc.StatusCode.INTERNAL, what
    assert "not a valid rapport." in error.details()


@pytest.mark.parametrize("service, through", DOORS)
def test_four_megabytes_of_empty_submessages(channel, as_role, service, through):
    """Two bytes each on the wire, over a hundred in memory: refused by its cost, not its size."""
    payload = b"\x12\x00" * (2 * 1024 * 1024 - 64)
    call = channel(through).unary_unary(METHODS[service])
    error = failure(call, payload, as_role("coachee"))
    assert error.code() == grpc.StatusCode.INTERNAL
    assert "memory" in error.details()


@pytest.mark.parametrize("service, through", DOORS)
def test_oversize_message(channel, as_role, service, through):
    call = channel(through).unary_unary(METHODS[service])
    error = failure(call, field(1, b"x" * (5 * 1024 * 1024)), as_role("coachee"))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("service, through", DOORS)
@pytest.mark.parametrize(
    "token",
    ["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic eDp5", "Bearer " + "x" * 7000],
    ids=["empty", "no token", "no JWS", "three words", "another scheme", "long"],
)
def test_wrong_token(channel, service, through, token):
    call = channel(through).unary_unary(METHODS[service])
    error = failure(call, field(1, b"organizations/demo/relationships/x"), (("authorization", token),))
    assert error.code() == grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("service, through", DOORS)
def test_tampered_token(channel, as_role, service, through):
    [(name, value)] = as_role("coachee")
    head, payload, signature = value.rsplit(".", 2)
    swapped = signature[:10] + ("A" if signature[10] != "A" else "B") + signature[11:]
    call = channel(through).unary_unary(METHODS[service])
    error = failure(call, field(1, b"organizations/demo/relationships/x"), ((name, f"{head}.{payload}.{swapped}"),))
    assert error.code() == grpc.StatusCode.UNAUTHENTICATED


class REST:
    """Plain HTTP/1.1 to the gateway."""

    def __init__(self, suite):
        self.suite = suite

    def send(self, method: str, path: str, body=None, role="coachee", headers=None):
        host, port = self.suite.address().rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=20)
        sent = {"content-type": "application/json", **(headers or {})}
        if role:
            sent["authorization"] = f"Bearer {self.suite.token(role)}"
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None


@pytest.fixture
def rest(suite):
    return REST(suite)


BAD_JSON = {
    "no JSON": b"{",
    "trailing text": b"{} x",
    "an unknown field": b'{"pulss": 1}',
    "another type": b'{"value": {}}',
    "a number out of range": b'{"value": 1e30}',
    "a lone surrogate": b'{"requestId": "\\ud800"}',
    "invalid UTF-8": b'{"requestId": "\xff"}',
    "a NUL": b'{"requestId": "\\u0000"}',
    "duplicate keys": b'{"value": 1, "value": 2}',
    "nested 10,000 deep": b'{"item":' * 10_000 + b"1" + b"}" * 10_000,
}


@pytest.mark.parametrize("what", BAD_JSON)
def test_bad_json(suite, rest, what):
    status, answer = rest.send("POST", f"/v1/{suite.relationship()}/pulses", BAD_JSON[what])
    assert status == 400, answer
    assert answer["error"]["status"] == "INVALID_ARGUMENT"
    assert answer["error"]["message"]


def test_oversize_json(suite, rest):
    body = json.dumps({"requestId": "x" * (2 * 1024 * 1024)}).encode()
    status, answer = rest.send("POST", f"/v1/{suite.relationship()}/pulses", body)
    assert status in (413, 429), answer


def test_rest_without_a_token(suite, rest):
    status, answer = rest.send("GET", f"/v1/{suite.relationship()}/goals", role=None)
    assert status == 401
    assert answer["error"]["status"] == "UNAUTHENTICATED"


def test_rest_of_a_stranger(suite, rest):
    status, answer = rest.send("GET", f"/v1/{suite.relationship()}/goals", role="manager")
    assert status == 403
    assert answer["error"]["status"] == "PERMISSION_DENIED"


def test_rest_unknown_path_and_method(suite, rest):
    assert rest.send("GET", "/v1/nothing/here")[0] == 404
    assert rest.send("DELETE", f"/v1/{suite.relationship()}/goals")[0] == 405


def test_wrong_state(suite, rest):
    """A kept promise cannot be claimed again: the state is named, nothing changes."""
    pair = suite.relationship()
    status, answer = rest.send("GET", f"/v1/{pair}/commitments?pageSize=500")
    assert status == 200
    kept = next(c for c in answer["commitments"] if c["state"] == "KEPT" and c["owner"].endswith("/jonas"))
    status, error = rest.send("POST", f"/v1/{kept['name']}:claimKept", b"{}", role="coach")
    assert status == 400
    assert error["error"]["status"] == "FAILED_PRECONDITION"
    assert rest.send("GET", f"/v1/{kept['name']}")[1] == kept


def test_wrong_role(suite, rest):
    """Only the trustor answers pulses."""
    status, error = rest.send(
        "POST", f"/v1/{suite.relationship()}/pulses", b'{"item": "HONEST", "value": 5}', role="coach"
    )
    assert status == 403
    assert error["error"]["status"] == "PERMISSION_DENIED"


def test_future_event(suite, rest):
    token = suite.rapport("token", "--role", "coachee", "--scope", "import").stdout.decode().strip()
    status, error = rest.send(
        "POST",
        f"/v1/{suite.relationship()}/pulses",
        b'{"item": "FAIR", "value": 5, "occurredAt": "2100-01-01T00:00:00Z"}',
        role=None,
        headers={"authorization": f"Bearer {token}"},
    )
    assert status == 400
    reasons = [detail.get("reason") for detail in error["error"]["details"]]
    assert "FUTURE_EVENT" in reasons


@pytest.mark.parametrize("service", SERVICES)
def test_garbage_bytes(suite, service):
    """Frames that are none: the connection goes, the program stays."""
    import socket

    host, port = suite.address(service).rsplit(":", 1)
    for garbage in (
        b"\x00" * 64,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 512,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00" + b"\x00\x40\x00\x01\x05" + b"\x00" * 40,
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
    ):
        with socket.create_connection((host, int(port)), timeout=20) as peer:
            peer.sendall(garbage)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(65536):
                pass
