"""grpcio drives all four kinds of calls; what a caller's deadline and cancellation do is seen by the handler."""

import queue
import uuid

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

import metrics
import tokens
from rapport_suite import eventually
from test_grpcio import DOORS, door, error_info

# Of its own, so that the demo stays as it is.
ORGANIZATION = "organizations/imports"


class Requests:
    """What a call sends, one message after another, until it is told that there are no more."""

    def __init__(self, *messages):
        self.waiting = queue.SimpleQueue()
        for message in messages:
            self.send(message)

    def send(self, message):
        self.waiting.put(message)

    def end(self):
        self.waiting.put(None)

    def __iter__(self):
        return iter(self.waiting.get, None)


def counted(suite, service: str, path: str, code: str) -> int:
    return metrics.handled(metrics.of(suite.address(service)), path).get(code, 0)


def running(suite, service: str, path: str) -> int:
    return int(metrics.of(suite.address(service)).get(f'rapport_rpc_in_flight{{rpc="{path}"}}', 0))


@pytest.fixture
def as_admin(suite):
    token = tokens.token(suite.home, f"{ORGANIZATION}/people/admin", "programme_admin", roles=["programme_admin"])
    return (("authorization", f"Bearer {token}"),)


def person(identifier: str, **more):
    from rapport.relationships.v1 import people_pb2, relationships_pb2

    return relationships_pb2.ImportPeopleRequest(
        parent=ORGANIZATION, person_id=identifier, person=people_pb2.Person(display_name=identifier, level=4, **more)
    )


IMPORT = "rapport.relationships.v1.RelationshipsService/ImportPeople"
WATCH = "rapport.trust.v1.TrustService/WatchTrustProfile"


@pytest.mark.parametrize("way", DOORS)
def test_client_stream_of_people(suite, stub, as_admin, way):
    """One answer for the whole stream, with an outcome for each message; 250 are stored in three parts."""
    from rapport.relationships.v1 import relationships_pb2

    run = uuid.uuid4().hex[:8]
    service = stub("relationships", door("relationships", way))
    people = [person(f"i{run}-{number}") for number in range(250)]
    answer = service.ImportPeople(iter([*people, people[0]]), metadata=as_admin, timeout=20)
    assert (answer.created_count, answer.updated_count, answer.refused_count) == (250, 0, 0)
    assert [one.name for one in answer.people[:250]] == [f"{ORGANIZATION}/people/{one.person_id}" for one in people]
    assert answer.people[250].outcome == relationships_pb2.ImportedPerson.UNCHANGED
    for one in answer.people[::50]:
        found = service.GetPerson(relationships_pb2.GetPersonRequest(name=one.name), metadata=as_admin, timeout=5)
        assert found.level == 4


@pytest.mark.parametrize("way", DOORS)
def test_client_stream_of_pulses(suite, stub, as_role, way):
    """What is wrong with one answer is told of that one, with its reason; the others are not touched by it."""
    from rapport.feedback.v1 import feedback_pb2, pulse_pb2

    def answer(item, value):
        one = feedback_pb2.SubmitPulseRequest(parent=suite.relationship(), item=item, value=value)
        return feedback_pb2.SubmitPulsesRequest(answer=one)

    results = stub("feedback", door("feedback", way)).SubmitPulses(
        iter([answer(pulse_pb2.Pulse.HONEST, 9), answer(pulse_pb2.Pulse.HONEST, 0)]),
        metadata=as_role("coachee"), timeout=5,
    ).results  # fmt: skip
    assert [one.WhichOneof("outcome") for one in results] == ["refusal", "refusal"]
    assert {one.refusal.reason for one in results} == {"INVALID_FIELD"}
    assert {one.refusal.code for one in results} == {grpc.StatusCode.INVALID_ARGUMENT.value[0]}


@pytest.mark.parametrize("way", DOORS)
def test_refused_client_stream_has_details_and_ends_before_its_caller(suite, stub, as_role, way):
    """The coach may not import: the answer comes although the caller has not finished sending."""
    requests = Requests(person("never"))
    with pytest.raises(grpc.RpcError) as caught:
        stub("relationships", door("relationships", way)).ImportPeople(
            iter(requests), metadata=as_role("coach"), timeout=10
        )
    requests.end()
    assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED
    assert error_info(caught.value).domain == "rapport"


@pytest.mark.parametrize("way", DOORS)
def test_dialogue(channel, way):
    """Both directions at once: each question is asked only after the answer to the one before."""
    request = reflection_pb2.ServerReflectionRequest
    requests = Requests(request(list_services=""))
    service = door("goals", way)
    answers = reflection_pb2_grpc.ServerReflectionStub(channel(service)).ServerReflectionInfo(iter(requests), timeout=20)
    names = [one.name for one in next(answers).list_services_response.service]
    for name in names:
        requests.send(request(file_containing_symbol=name))
        answer = next(answers)
        assert answer.original_request.file_containing_symbol == name
        assert answer.WhichOneof("message_response") == "file_descriptor_response"
    requests.send(request(file_containing_symbol="nobody.knows.This"))
    assert next(answers).error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    requests.end()
    with pytest.raises(StopIteration):
        next(answers)
    assert answers.code() == grpc.StatusCode.OK


@pytest.mark.parametrize("way", DOORS)
def test_cancellation_of_a_client_stream_is_seen_by_the_handler(suite, stub, as_admin, way):
    """The handler waits for the next message: the caller's cancellation ends it at once, and it counts as cancelled."""
    before = counted(suite, "relationships", IMPORT, "CANCELLED")
    requests = Requests(person(f"i{uuid.uuid4().hex[:8]}"))
    call = stub("relationships", door("relationships", way)).ImportPeople.future(iter(requests), metadata=as_admin)
    eventually("the handler to run", lambda: running(suite, "relationships", IMPORT) == 1)
    call.cancel()
    eventually("the handler to end", lambda: counted(suite, "relationships", IMPORT, "CANCELLED") == before + 1)
    assert running(suite, "relationships", IMPORT) == 0
    requests.end()


@pytest.mark.parametrize("way", DOORS)
def test_deadline_of_a_client_stream_is_seen_by_the_handler(suite, stub, as_admin, way):
    before = counted(suite, "relationships", IMPORT, "DEADLINE_EXCEEDED")
    cancelled = counted(suite, "relationships", IMPORT, "CANCELLED")
    requests = Requests(person(f"i{uuid.uuid4().hex[:8]}"))
    with pytest.raises(grpc.RpcError) as caught:
        stub("relationships", door("relationships", way)).ImportPeople(iter(requests), metadata=as_admin, timeout=0.5)
    requests.end()
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    # The caller's own clock may be the first to strike; its reset is then what the handler sees.
    eventually(
        "the handler to end",
        lambda: counted(suite, "relationships", IMPORT, "DEADLINE_EXCEEDED")
        + counted(suite, "relationships", IMPORT, "CANCELLED") == before + cancelled + 1,
    )  # fmt: skip
    assert running(suite, "relationships", IMPORT) == 0


@pytest.mark.parametrize("way", DOORS)
def test_cancellation_of_a_server_stream_is_seen_by_the_handler(suite, stub, as_role, way):
    from rapport.trust.v1 import trust_pb2

    before = counted(suite, "trust-scoring", WATCH, "CANCELLED")
    others = running(suite, "trust-scoring", WATCH)
    stream = stub("trust-scoring", door("trust-scoring", way)).WatchTrustProfile(
        trust_pb2.WatchTrustProfileRequest(name=f"{suite.relationship()}/trustProfile"), metadata=as_role("coachee")
    )
    next(stream)
    assert running(suite, "trust-scoring", WATCH) == others + 1
    stream.cancel()
    eventually("the handler to end", lambda: counted(suite, "trust-scoring", WATCH, "CANCELLED") >= before + 1)
    eventually("nothing to run on", lambda: running(suite, "trust-scoring", WATCH) == others)
