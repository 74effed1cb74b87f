"""A secret planted in every field of what is sealed, or for oneself, is found nowhere but in the answers to those who may
read it: in no page of a database, no journal, event, log, metric, trace, error, page token or core file (docs/domain.md §6.8).

It is looked for byte by byte, also in Base64 and hexadecimal.
"""

import base64
import os
import signal
import time
import urllib.request
import uuid

import grpc
import pytest

from api import API, Pair, create_person, programme
from collector import Collector
from rapport_suite import SERVICES, Suite, eventually

ORGANIZATION = "organizations/secretive"


class Secrets:
    """Each looks like nothing else."""

    def __init__(self):
        self.all = []

    def __call__(self) -> str:
        self.all.append(f"sesame-{uuid.uuid4().hex}")
        return self.all[-1]

    def found_in(self, data: bytes) -> list:
        """As they are, in hexadecimal, and at each of the three phases of Base64."""
        found = []
        for secret in self.all:
            raw = secret.encode()
            forms = [raw, raw.hex().encode()]
            for phase in range(3):
                encoded = base64.b64encode(b"\0" * phase + raw)
                forms.append(encoded[4 if phase else 0 : -4])
            found += [secret for form in forms if form in data]
        return found


@pytest.fixture(scope="module")
def told():
    """A suite of its own, as talkative as it can be, and what it exports."""
    collector = Collector()
    running = Suite(
        variables={
            "RAPPORT_LOG_LEVEL": "trace",
            "RAPPORT_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}",
            "RAPPORT_OTLP_INTERVAL_SECONDS": "1",
        }
    )
    try:
        yield running.wait_ready(), collector
    finally:
        running.remove()
        collector.server.stop(None)


def everything_on_disk(suite: Suite):
    for path in sorted(suite.home.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def test_no_trace_of_a_secret(told):
    told, collector = told
    began = time.time()
    api = API(told.home, told.address())
    frame = programme(api, ORGANIZATION)
    for person in ("dpo", "ombudsperson", "lead"):
        create_person(api, ORGANIZATION, person)
    api("UpdateProgramme", f"{ORGANIZATION}/people/admin",
        {"programme": {"name": frame, "ombudsperson": f"{ORGANIZATION}/people/ombudsperson"}, "updateMask": "ombudsperson"},
        roles=["programme_admin"])  # fmt: skip
    pair, secret = Pair(api, ORGANIZATION, frame, "1"), Secrets()
    parent = {"parent": pair.name}
    dpo, ombudsperson = f"{ORGANIZATION}/people/dpo", f"{ORGANIZATION}/people/ombudsperson"

    own = pair.as_coach("CreateNote", **parent, note={"level": "SELF", "body": secret()})
    sealed = pair.as_coachee("CreateNote", **parent, note={"level": "SEALED", "body": secret()})
    pair.as_coachee("UpdateNote", note={"name": sealed.name, "body": secret()}, updateMask="body",
                    revisionNotice=secret())  # fmt: skip
    obstacle = pair.as_coachee("AddObstacle", **parent, obstacle={"level": "SEALED", "text": secret(), "tag": secret()})
    pair.as_coach("AcknowledgeObstacle", name=obstacle.name, acknowledgement=secret())
    pair.as_coach("SubmitReflection", **parent, reflection={"answers": [{"question": secret(), "text": secret()}]})
    pair.as_coach("CreateFeedback", **parent, feedbackItem={
        "kind": "CONSTRUCTIVE", "situation": secret(), "behaviour": secret(), "impact": secret(), "nextStep": secret(),
        "strength": secret()})  # fmt: skip
    # What people say of themselves, and why they want another partner.
    pair.as_coachee("DeclareAttribute", parent=pair.coachee, kind="RELIGION", value=secret())
    rematched = Pair(api, ORGANIZATION, frame, "2")
    rematched.as_coachee("RequestRematch", name=rematched.name, reason="NOT_A_FIT", note=secret())
    glass = api("RequestBreakGlass", dpo, {**parent, "breakGlassCase": {"reason": "LAW", "justification": secret()}},
                purpose="privacy")  # fmt: skip
    api("ApproveBreakGlass", ombudsperson, {"name": glass.name})

    # Those who may read it do, in every way.
    assert pair.as_coach("GetNote", name=own.name).body == secret.all[0]
    assert pair.as_coach("GetNote", name=sealed.name).body == secret.all[2]
    assert len(api.all("ListNotes", pair.coach, parent)) == 2
    assert api("GetObstacle", dpo, {"name": obstacle.name}, purpose="privacy").text == secret.all[4]
    assert [note.name for note in api.all("ListNotes", dpo, parent, purpose="privacy")] == [sealed.name]
    tokens = [
        api("ListNotes", pair.coach, {**parent, "pageSize": 1}).next_page_token,
        api("ListNotes", pair.coach, {**parent, "pageSize": 1, "orderBy": "create_time desc"}).next_page_token,
    ]
    brief = api("GetSessionBrief", pair.coach, {"name": pair.name})
    answers = [brief, api("GetCoachView", pair.coach, {}), api("GetCoacheeView", pair.coachee, {})]

    # Refusals of requests that hold a secret tell nothing of it.
    refusals = []
    for method, person, fields in [
        ("CreateNote", pair.coach, {**parent, "note": {"level": "SELF", "body": secret() * 300}}),
        ("CreateNote", dpo, {**parent, "note": {"level": "SEALED", "body": secret()}}),
        ("AddObstacle", pair.coach, {**parent, "obstacle": {"level": "SEALED", "text": "x", "tag": "T " + secret()}}),
        ("UpdateNote", pair.coach, {"note": {"name": sealed.name, "body": secret()}, "updateMask": "body"}),
        ("UpdateNote", pair.coach, {"note": {"name": own.name, "body": secret()}, "updateMask": "body", "etag": '"9"'}),
        ("AgreeNoteLevel", pair.coach, {"name": own.name, "level": "PAIR"}),
        ("GetNote", dpo, {"name": own.name}),
    ]:
        with pytest.raises(grpc.RpcError) as caught:
            api.once(method, person, fields)
        refusals.append(repr((caught.value.details(), caught.value.trailing_metadata())).encode())

    # What others can ask for.
    metrics = [urllib.request.urlopen(f"http://{told.address(service)}/metrics").read() for service in SERVICES]
    for data in [*tokens, *refusals, *metrics, *(answer.SerializeToString() for answer in answers)]:
        assert not secret.found_in(data if isinstance(data, bytes) else data.encode())

    # Spans of each call and the metrics, as a collector gets them.
    def exported(method: str) -> bool:
        with collector.lock:
            return any(span.name.endswith("." + method) for _, span in collector.spans)

    for method in ("CreateNote", "AddObstacle", "SubmitReflection", "CreateFeedback", "RequestBreakGlass", "DeclareAttribute", "RequestRematch"):
        eventually(f"the span of {method}", lambda method=method: exported(method))
    with collector.lock:
        assert not secret.found_in(b"".join(collector.received))

    # What lies on the disk: databases with their journals, logs, keys, tokens.
    files = dict(everything_on_disk(told))
    assert any(path.name.startswith("relationships.sqlite") for path in files)
    assert any(own.name.split("/")[1].encode() in data for path, data in files.items() if ".sqlite" in path.name)
    assert {path.name: hits for path, data in files.items() if (hits := secret.found_in(data))} == {}

    # A process that dies leaves no core, here or where it was started.
    for service in ("relationships", "goals", "feedback"):
        pid = told.pid(service)
        os.kill(pid, signal.SIGSEGV)
        eventually(f"{service} to be back", lambda pid=pid, service=service: told.pid(service) not in (0, pid))
    for folder in (told.home, told.home.parent, os.getcwd()):
        cores = [os.path.join(folder, name) for name in os.listdir(folder) if name.split(".")[0] == "core"]
        assert not [core for core in cores if os.path.getmtime(core) >= began]
    assert eventually("the suite to answer", lambda: readable(api, pair.coach, own.name)) == secret.all[0]
    assert {path.name: hits for path, data in everything_on_disk(told) if (hits := secret.found_in(data))} == {}


def readable(api: API, person: str, name: str):
    try:
        return api.once("GetNote", person, {"name": name}).body
    except grpc.RpcError:
        return None
