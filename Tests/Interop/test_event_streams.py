"""Server-sent events over HTTP/1.1 from the real processes: nothing is missed, whatever is lost on the way."""

import http.client
import json
import os
import signal
import time
import uuid

import pytest

from rapport_suite import Suite, eventually


@pytest.fixture(scope="module")
def own():
    """A suite of its own: its processes are killed."""
    running = Suite()
    try:
        yield running.wait_ready()
    finally:
        running.remove()


class Stream:
    """One event stream on a connection of its own."""

    def __init__(self, suite, last: str | None = None):
        host, port = suite.address().rsplit(":", 1)
        self.connection = http.client.HTTPConnection(host, int(port), timeout=30)
        headers = {"authorization": f"Bearer {suite.token('coachee')}"}
        if last:
            headers["last-event-id"] = last
        self.connection.request("GET", f"/v1/{suite.relationship()}/trustProfile:watch", headers=headers)
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        assert self.answer.getheader("content-type") == "text/event-stream"

    def block(self) -> dict | None:
        """The lines up to the next empty one; a comment has the name ""; None at the end."""
        lines = {}
        while True:
            line = self.answer.readline().decode()
            if not line:
                return None
            if line == "\n":
                return lines
            name, _, value = line.rstrip("\n").partition(":")
            lines[name] = value.strip()

    def event(self) -> dict | None:
        """The next one that is no comment."""
        while (block := self.block()) is not None:
            if "data" in block:
                return block
        return None

    def close(self):
        self.connection.close()


def recognize(suite) -> None:
    """Something that changes the profile."""
    host, port = suite.address().rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    headers = {
        "authorization": f"Bearer {suite.token('coach')}", "content-type": "application/json",
        "idempotency-key": f'"{uuid.uuid4()}"',
    }  # fmt: skip
    body = json.dumps({"behaviour": "You asked before you answered"})
    connection.request("POST", f"/v1/{suite.relationship()}/feedbackItems:recognize", body, headers)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()


def evidence(event: dict) -> int:
    return int(json.loads(event["data"])["profile"]["evidenceCount"])


def kill(suite, service: str, with_signal: int) -> None:
    before = suite.pid(service)
    os.kill(before, with_signal)
    eventually(f"{service} to come back", lambda: suite.pid(service) not in (0, before))


def test_a_dropped_connection(own):
    stream = Stream(own)
    first = stream.event()
    assert first["event"] == "message" and first["id"]
    stream.close()
    recognize(own)
    stream = Stream(own, first["id"])
    second = stream.event()
    assert evidence(second) == evidence(first) + 1
    stream.close()
    # Who has seen all gets a sign of life, and then what is new.
    stream = Stream(own, second["id"])
    assert "data" not in stream.block()
    recognize(own)
    assert evidence(stream.event()) == evidence(second) + 1
    stream.close()


def test_a_killed_service(own):
    """The connection to the gateway stands; the stream goes on."""
    stream = Stream(own)
    first = stream.event()
    kill(own, "trust-scoring", signal.SIGKILL)
    recognize(own)
    events = [stream.event()]
    while evidence(events[-1]) == evidence(first):
        events.append(stream.event())
    assert evidence(events[-1]) == evidence(first) + 1
    assert all(event["event"] == "message" for event in events)
    stream.close()


def test_a_service_that_is_stopped(own):
    """It ends its streams; who comes back at once with what was seen misses nothing."""
    stream = Stream(own)
    first = stream.event()
    kill(own, "trust-scoring", signal.SIGTERM)
    recognize(own)
    begin, last = time.monotonic(), first
    while evidence(last) == evidence(first) and time.monotonic() < begin + 60:
        event = stream.event()
        if event is None:
            stream = Stream(own, last["id"])
        else:
            last = event
    assert evidence(last) == evidence(first) + 1
    stream.close()
