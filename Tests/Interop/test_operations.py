"""What an operator does: back up, restore, ask how a service does, read its metrics."""

import importlib
import json
import os
import subprocess

import grpc
import pytest

import metrics
import tokens
from api import in_days
from rapport_suite import SERVICES, Suite, binaries, eventually

COACH = "organizations/demo/people/jonas"


def program(suite: Suite, service: str, *arguments) -> subprocess.CompletedProcess:
    environment = {
        **os.environ, "RAPPORT_LISTEN": suite.address(service), "RAPPORT_DATA": str(suite.home / service),
        "RAPPORT_KEYS": str(suite.home / "keys"),
    }
    return subprocess.run([binaries() / service, *arguments], env=environment, capture_output=True, text=True)


def admin(suite: Suite, service: str, method: str, token: str):
    messages = importlib.import_module("rapport.admin.v1.admin_pb2")
    stubs = importlib.import_module("rapport.admin.v1.admin_pb2_grpc")
    with grpc.insecure_channel(suite.address(service)) as channel:
        call = getattr(stubs.AdminServiceStub(channel), method)
        return call(getattr(messages, f"{method}Request")(), metadata=(("authorization", f"Bearer {token}"),), timeout=30)


def test_metrics_count_and_consumers_are_caught_up(suite):
    before = metrics.of(suite.address("relationships"))
    suite.rapport(
        "call", "rapport.relationships.v1.RelationshipsService/GetRelationship",
        json.dumps({"name": suite.relationship()}), "--as", "coach", "--address", suite.address("relationships"))
    after = metrics.of(suite.address("relationships"))
    counter = 'grpc_server_call_duration_seconds_count{grpc_method="rapport.relationships.v1.RelationshipsService/GetRelationship",grpc_status="OK"}'
    assert after[counter] == before.get(counter, 0) + 1
    position = after["rapport_outbox_position"]
    assert position > 0
    for service in ("feedback", "goals", "trust-scoring"):
        address, source = suite.address(service), '{source="relationships"}'
        eventually(
            f"{service} to catch up", lambda: metrics.of(address)["rapport_consumer_position" + source] >= position)
        assert metrics.of(address)["rapport_consumer_lag_events" + source] == 0
        assert metrics.of(address)["rapport_consumer_connected" + source] == 1
    assert metrics.of(suite.address("gateway"))["process_resident_memory_bytes"] > 1e6


@pytest.mark.parametrize("service", SERVICES[:-1])
def test_operators_ask_a_service_and_nobody_else_does(suite, service):
    person = "organizations/demo/people/op"
    token = tokens.token(suite.home, person, roles=["operator"])
    status = admin(suite, service, "GetStatus", token)
    assert status.service == service and status.writable and status.database_bytes > 0 and len(status.epoch) == 36
    assert status.outbox_position == metrics.of(suite.address(service))["rapport_outbox_position"]
    assert all(consumer.connected and consumer.lag == 0 for consumer in status.consumers)
    if service == "trust-scoring":
        assert [consumer.source for consumer in status.consumers] == ["feedback", "goals", "relationships"]
    report = admin(suite, service, "VerifyIntegrity", token)
    assert list(report.problems) == [] and report.events == status.outbox_position
    for role, code in (("coach", grpc.StatusCode.PERMISSION_DENIED), ("", grpc.StatusCode.PERMISSION_DENIED)):
        with pytest.raises(grpc.RpcError) as refused:
            admin(suite, service, "GetStatus", tokens.token(suite.home, person, roles=[role]))
        assert refused.value.code() == code


def test_a_restored_service_begins_anew_and_the_others_follow():
    suite = Suite().wait_ready()
    try:
        copy = suite.home / "relationships.copy"
        profile, pair = suite.profile("case-study", "day:87"), suite.relationship()
        backup = program(suite, "relationships", "--backup", copy)
        assert backup.returncode == 0 and "events up to position" in backup.stdout, backup.stderr
        assert copy.stat().st_mode & 0o777 == 0o600
        assert "exists already" in program(suite, "relationships", "--backup", copy).stderr
        promise = {"owner": COACH, "text": "made after the copy", "dueTime": in_days(30)}
        late = json.loads(suite.rapport(
            "call", "rapport.relationships.v1.RelationshipsService/CreateCommitment",
            json.dumps({"parent": pair, "commitment": promise}), "--as", "coach").stdout)["name"]
        refused = program(suite, "relationships", "--restore", copy, "--replace")
        assert refused.returncode == 1 and "stop it first" in refused.stderr
        suite.stop()
        assert "--replace" in program(suite, "relationships", "--restore", copy).stderr
        foreign = program(suite, "goals", "--restore", copy, "--replace")
        assert foreign.returncode == 1 and "another service" in foreign.stderr
        restored = program(suite, "relationships", "--restore", copy, "--replace")
        assert restored.returncode == 0, restored.stderr
        suite.start()
        suite.wait_ready()
        eventually("trust-scoring to rebuild", lambda: suite.profile("case-study", "day:87") == profile)
        assert "rebuilding from relationships" in (suite.home / "logs" / "trust-scoring.log").read_text()
        replay = suite.rapport(
            "call", "rapport.trust.v1.TrustService/VerifyReplay", json.dumps({"name": pair}), "--as", "coachee")
        assert json.loads(replay.stdout)["equal"]
        gone = suite.rapport(
            "call", "rapport.relationships.v1.RelationshipsService/GetCommitment", json.dumps({"name": late}),
            "--as", "coach", check=False)
        assert b"NOT_FOUND" in gone.stderr
    finally:
        suite.remove()


def test_an_open_database_is_not_replaced(suite):
    """Even when nobody answers where the service is looked for: SQLite's own lock tells (docs/operations.md)."""
    copy = suite.home / "goals.copy"
    assert program(suite, "goals", "--backup", copy).returncode == 0
    elsewhere = {**os.environ, "RAPPORT_LISTEN": "127.0.0.1:1", "RAPPORT_DATA": str(suite.home / "goals"),
                 "RAPPORT_KEYS": str(suite.home / "keys")}  # fmt: skip
    refused = subprocess.run(
        [binaries() / "goals", "--restore", copy, "--replace"], env=elsewhere, capture_output=True, text=True
    )
    assert refused.returncode == 1 and f"pid {suite.pid('goals')}" in refused.stderr, refused.stderr


def table(text: bytes) -> list[list[str]]:
    return [line.split() for line in text.decode().splitlines()]


def test_rapport_admin_asks_all_services(suite):
    statuses = table(suite.rapport("admin", "status").stdout)
    assert [row[0] for row in statuses] == ["service", *SERVICES[:-1]]
    assert all(row[-1] == "yes" for row in statuses[1:])
    eventually("nobody to be behind", lambda: all(row[4] == "0" for row in table(suite.rapport("admin", "lag").stdout)[1:]))
    assert {(row[0], row[1]) for row in table(suite.rapport("admin", "lag", "--service", "trust-scoring").stdout)[1:]} == {
        ("trust-scoring", source) for source in ("relationships", "feedback", "goals")
    }
    assert all(row[1] == "0" for row in table(suite.rapport("admin", "due").stdout)[1:])
    verified = suite.rapport("admin", "verify").stdout.decode().splitlines()
    assert [line.split(";")[0] for line in verified] == [f"{service}: holds" for service in SERVICES[:-1]]
    for line in suite.rapport("admin", "lag", "--json").stdout.splitlines():
        assert all(consumer["connected"] for consumer in json.loads(line)["consumers"])


def test_rapport_admin_replays_every_relationship(suite):
    reports = [json.loads(line) for line in suite.rapport("admin", "replay", "--json").stdout.splitlines()]
    assert reports[0]["relationships"] == "0"
    last = reports[-1]
    assert last["relationships"] == last["relationshipsTotal"] and int(last["relationships"]) >= 4
    assert int(last["evidenceCount"]) >= 61 and last["largestDifference"] < 1e-9 and last["differentCount"] == "0"
    elsewhere = suite.rapport("admin", "replay", "--service", "goals", check=False)
    assert elsewhere.returncode == 1 and b"NOTHING_TO_REPLAY" in elsewhere.stderr


def test_rapport_admin_says_who_cannot_be_asked(suite):
    refused = suite.rapport("admin", "status", "--token", suite.token("coach"), check=False)
    assert refused.returncode == 1 and refused.stderr.count(b"ROLE_FORBIDDEN") == len(SERVICES) - 1
    away = suite.rapport("admin", "status", "--service", "goals", "--address", "127.0.0.1:1", check=False)
    assert away.returncode == 1 and b"goals: UNAVAILABLE" in away.stderr
    token = suite.rapport("token", "--operator").stdout.decode().strip()
    assert suite.rapport("admin", "status", "--token", token).returncode == 0
