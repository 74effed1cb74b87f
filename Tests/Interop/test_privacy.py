"""A person's rights over the whole suite: an export holds what is theirs and nothing that the other one keeps for themselves,
an erasure leaves no byte of what they said in any database, and the audit chain tells of both (docs/domain.md §6.5, §6.10).
"""

import contextlib
import json
import os
import signal
import sqlite3
import urllib.request

import grpc
import pytest

from api import API, Pair, create_person, in_days, programme
from rapport_suite import Suite, eventually
from test_secrets import Secrets

ORGANIZATION = "organizations/forgetful"
SERVICES = ["relationships", "feedback", "goals", "trust-scoring"]


@pytest.fixture(scope="module")
def own():
    """A suite of its own: its processes are killed, its files are changed."""
    running = Suite()
    try:
        yield running.wait_ready()
    finally:
        running.remove()


@pytest.fixture(scope="module")
def api(own):
    return API(own.home, lambda program: own.address())


@pytest.fixture(scope="module")
def pair(api):
    frame = programme(api, ORGANIZATION)
    create_person(api, ORGANIZATION, "dpo")
    return Pair(api, ORGANIZATION, frame, "1")


@pytest.fixture(scope="module")
def said(pair):
    """What each has said, in all services; by whom."""
    coach, coachee = Secrets(), Secrets()
    parent = {"parent": pair.name}
    for secret, say, other in [(coach, pair.as_coach, pair.coachee), (coachee, pair.as_coachee, pair.coach)]:
        say("CreateNote", **parent, note={"level": "PAIR", "body": secret()})
        say("CreateNote", **parent, note={"level": "SELF", "body": secret()})
        say("CreateNote", **parent, note={"level": "SEALED", "body": secret()})
        say("CreateCommitment", **parent, commitment={"text": secret(), "dueTime": in_days(2)})
        say("RecordDecision", **parent, decision={"what": secret(), "why": secret(), "affects": [other]})
        say("AddObstacle", **parent, obstacle={"text": secret()})
        say("AddSupportAction", **parent, supportAction={"what": secret(), "dueTime": in_days(3)})
        say("GiveRecognition", **parent, behaviour=secret(), impact=secret())
        say("RequestFeedback", **parent, feedbackRequest={"question": secret()})
    pair.as_coachee("CreateGoal", **parent, goal={"type": "LEARNING", "statement": coachee()})
    pair.as_coachee("SubmitPulse", **parent, item="HONEST", value=4)
    return coach, coachee


def export(api: API, person: str, by: str, **claims) -> dict:
    """An export that has succeeded."""
    asked = api("ExportData", by, {"name": person}, **claims)
    look = {"name": asked.name}
    eventually("the export", lambda: api("GetDataExport", by, look, **claims).state == 3)
    return look


def lines(api: API, person: str, look: dict) -> list:
    """All of a download, over gRPC."""
    rpc = api.rpcs["DownloadDataExport"]
    channel = api.channel(rpc.program)
    stream = channel.unary_stream(
        "/" + rpc.path, lambda message: message.SerializeToString(), rpc.answer().FromString
    )(rpc.request(**look), 30, (("authorization", f"Bearer {api.token(person)}"),))  # fmt: skip
    return [json.loads(line) for line in "".join(answer.lines for answer in stream).splitlines()]


def test_an_export_is_the_persons_own(own, api, pair, said):
    coach, coachee = said
    dpo = f"{ORGANIZATION}/people/dpo"
    look = export(api, pair.coachee, dpo, purpose="privacy")
    with pytest.raises(grpc.RpcError) as refused:
        api.once("DownloadDataExport", dpo, look, purpose="privacy")
    assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
    found = lines(api, pair.coachee, look)
    assert {line["service"] for line in found} == set(SERVICES)
    types = {line["type"].rsplit(".", 1)[1] for line in found}
    assert types >= {"Person", "Relationship", "Note", "Commitment", "Goal", "Obstacle", "FeedbackItem", "Pulse", "Evidence",
                     "AuditEntry"}  # fmt: skip
    text = json.dumps(found)
    # The third of each is sealed, and in no export; the second is a note for oneself.
    assert [n for n, secret in enumerate(coachee.all) if secret not in text] == [2]
    assert [n for n, secret in enumerate(coach.all) if secret not in text] == [1, 2]
    # The same over REST, as server-sent events.
    url = f"http://{own.address()}/v1/{look['name']}:download"
    asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {api.token(pair.coachee)}"})
    streamed = [line for line in urllib.request.urlopen(asked, timeout=30).read().decode().splitlines()]
    events = [json.loads(line.removeprefix("data: ")) for line in streamed if line.startswith("data: ")]
    assert "".join(event["lines"] for event in events).count("\n") == len(found)


def test_the_coachs_export_holds_no_ratings(api, pair, said):
    found = lines(api, pair.coach, export(api, pair.coach, pair.coach))
    assert not any(line["type"].endswith(".Pulse") for line in found)
    assert not any(line["data"].get("kind", "").startswith("pulse.") for line in found)


def files(suite: Suite) -> dict:
    return {path: path.read_bytes() for path in suite.home.rglob("*") if path.is_file()}


def test_an_erasure_leaves_no_byte(own, api, pair, said):
    coach, coachee = said
    hold = api("CreateLegalHold", f"{ORGANIZATION}/people/dpo",
               {"parent": ORGANIZATION, "legalHold": {"subject": pair.name, "reason": "a lawsuit"}},
               purpose="privacy")  # fmt: skip
    words = {"name": pair.coachee, "confirmation": pair.coachee}
    with pytest.raises(grpc.RpcError) as held:
        api.once("ErasePerson", pair.coachee, words)
    assert "legal hold" in held.value.details()
    api("ReleaseLegalHold", f"{ORGANIZATION}/people/dpo", {"name": hold.name}, purpose="privacy")

    erasure = api("ErasePerson", pair.coachee, words)
    # Whatever dies in between, it is finished.
    for service in ("goals", "feedback", "relationships", "trust-scoring"):
        pid = own.pid(service)
        os.kill(pid, signal.SIGKILL)
        eventually(f"{service} to be back", lambda pid=pid, service=service: own.pid(service) not in (0, pid))
    done = eventually("the erasure", lambda: succeeded(api, pair.coachee, erasure.name))
    assert sorted(step.service for step in done.steps) == sorted(SERVICES)
    left = {path.name: hits for path, data in files(own).items() if (hits := coachee.found_in(data))}
    assert left == {}

    # The partner's words are all there, and of the other one nothing but that there was somebody.
    notes = {note.body for note in api.all("ListNotes", pair.coach, {"parent": pair.name})}
    assert notes == {*coach.all[:3], "[erased]"}
    assert api("GetPerson", pair.coach, {"name": pair.coachee}).display_name == "erased person"
    with pytest.raises(grpc.RpcError) as gone:
        api.once("ListNotes", pair.coachee, {"parent": pair.name})
    assert gone.value.code() == grpc.StatusCode.PERMISSION_DENIED


def succeeded(api: API, person: str, name: str, **claims):
    answer = api("GetErasure", person, {"name": name}, **claims)
    return answer if answer.state == 2 else None


def chain(service: str) -> dict:
    return {"name": f"{ORGANIZATION}/auditChains/{service}"}


def test_a_flipped_byte_is_named(own, api, pair, said):
    auditor = f"{ORGANIZATION}/people/auditor"
    for service in SERVICES:
        api("VerifyAuditChain", auditor, chain(service), purpose="audit")
    entries = api.all("ListAuditEntries", auditor, {"parent": chain("relationships")["name"]}, purpose="audit")
    actions = [entry.action for entry in entries]
    assert {"export.requested", "export.completed", "export.downloaded", "legal_hold.created", "person.erased",
            "erasure.completed"} <= set(actions)  # fmt: skip
    own.stop()
    path = own.home / "relationships" / "relationships.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    # A page that was split may hold an older copy of it beside.
    assert (data := path.read_bytes()).count(b"legal_hold.created")
    path.write_bytes(data.replace(b"legal_hold.created", b"megal_hold.created"))
    own.start()
    own.wait_ready()
    number = actions.index("legal_hold.created") + 1
    with pytest.raises(grpc.RpcError) as broken:
        eventually("the suite to answer", lambda: verified(api, auditor))
    assert broken.value.code() == grpc.StatusCode.DATA_LOSS
    assert f"/entries/{number} " in broken.value.details()


def verified(api: API, auditor: str):
    """None while the suite is not back."""
    try:
        return api.once("VerifyAuditChain", auditor, chain("relationships"), purpose="audit")
    except grpc.RpcError as error:
        if error.code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
            return None
        raise
