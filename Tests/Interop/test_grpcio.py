"""grpcio against every service, directly and through the gateway."""

import grpc
import pytest
from google.protobuf import timestamp_pb2
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from rapport_suite import SERVICES

DOORS = ["directly", "gateway"]


def door(service: str, way: str) -> str:
    return service if way == "directly" else "gateway"


def error_info(error: grpc.RpcError) -> error_details_pb2.ErrorInfo:
    info = error_details_pb2.ErrorInfo()
    for detail in rpc_status.from_call(error).details:
        if detail.Unpack(info):
            return info
    raise AssertionError(f"no ErrorInfo in {error}")


def list_calls(pair: str):
    from rapport.feedback.v1 import feedback_pb2
    from rapport.goals.v1 import goals_pb2
    from rapport.relationships.v1 import relationships_pb2
    from rapport.trust.v1 import trust_pb2

    return {
        "relationships": lambda stub, **options: stub.ListSessions(
            relationships_pb2.ListSessionsRequest(parent=pair, page_size=500), **options
        ).sessions,
        "feedback": lambda stub, **options: stub.ListFeedback(
            feedback_pb2.ListFeedbackRequest(parent=pair, page_size=500), **options
        ).feedback_items,
        "goals": lambda stub, **options: stub.ListGoals(
            goals_pb2.ListGoalsRequest(parent=pair, page_size=500), **options
        ).goals,
        "trust-scoring": lambda stub, **options: stub.ListEvidence(
            trust_pb2.ListEvidenceRequest(parent=pair, page_size=500), **options
        ).evidence,
    }


@pytest.mark.parametrize("way", DOORS)
@pytest.mark.parametrize(
    "service, expected", [("relationships", 13), ("feedback", 4), ("goals", 3), ("trust-scoring", 61)]
)
def test_unary(suite, stub, as_role, service, expected, way):
    call = list_calls(suite.relationship())[service]
    found = call(stub(service, door(service, way)), metadata=as_role("coachee"), timeout=5)
    assert len(found) == expected


def test_view_of_the_gateway(stub, as_role):
    from rapport.gateway.v1 import gateway_pb2

    view = stub("gateway").GetCoachView(gateway_pb2.GetCoachViewRequest(), metadata=as_role("coach"), timeout=5)
    assert view.state == gateway_pb2.OK
    assert len(view.pairs) == 3
    for pair in view.pairs:
        sections = [pair.commitments, pair.sessions, pair.feedback, pair.goals, pair.trust]
        assert all(section.state == gateway_pb2.OK for section in sections)


@pytest.mark.parametrize("way", DOORS)
def test_server_streaming(suite, stub, as_role, way):
    """The profile comes at once; the stream stays open until the caller leaves."""
    from rapport.trust.v1 import trust_pb2

    name = f"{suite.relationship()}/trustProfile"
    stream = stub("trust-scoring", door("trust-scoring", way)).WatchTrustProfile(
        trust_pb2.WatchTrustProfileRequest(name=name), metadata=as_role("coachee"), timeout=20
    )
    first = next(stream)
    assert first.profile.name == name
    assert first.profile.number_shown
    assert first.resume_token
    stream.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        next(stream)
    assert caught.value.code() == grpc.StatusCode.CANCELLED


@pytest.mark.parametrize("way", DOORS)
def test_deadline_of_a_stream(suite, stub, as_role, way):
    from rapport.trust.v1 import trust_pb2

    stream = stub("trust-scoring", door("trust-scoring", way)).WatchTrustProfile(
        trust_pb2.WatchTrustProfileRequest(name=f"{suite.relationship()}/trustProfile"),
        metadata=as_role("coachee"),
        timeout=0.5,
    )
    with pytest.raises(grpc.RpcError) as caught:
        for _ in stream:
            pass
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED


@pytest.mark.parametrize("way", DOORS)
@pytest.mark.parametrize("service", SERVICES[:4])
def test_without_a_token(suite, stub, service, way):
    call = list_calls(suite.relationship())[service]
    with pytest.raises(grpc.RpcError) as caught:
        call(stub(service, door(service, way)), timeout=5)
    assert caught.value.code() == grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("way", DOORS)
@pytest.mark.parametrize("service", SERVICES[:4])
def test_a_stranger_sees_nothing(suite, stub, as_role, service, way):
    """The line manager is no party: the answer tells neither content nor existence (docs/domain.md §6.0)."""
    call = list_calls(suite.relationship())[service]
    with pytest.raises(grpc.RpcError) as caught:
        call(stub(service, door(service, way)), metadata=as_role("manager"), timeout=5)
    assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED
    info = error_info(caught.value)
    assert (info.domain, info.reason) == ("rapport", "NOT_PARTY")


@pytest.mark.parametrize("way", DOORS)
def test_details_of_an_error(suite, stub, as_role, way):
    """A pulse of 9 names the field; nothing is stored."""
    from rapport.feedback.v1 import feedback_pb2, pulse_pb2

    feedback = stub("feedback", door("feedback", way))
    pair = suite.relationship()

    def answers():
        request = feedback_pb2.ListPulsesRequest(parent=pair, page_size=500)
        return len(feedback.ListPulses(request, metadata=as_role("coachee"), timeout=5).pulses)

    before = answers()
    with pytest.raises(grpc.RpcError) as caught:
        feedback.SubmitPulse(
            feedback_pb2.SubmitPulseRequest(parent=pair, item=pulse_pb2.Pulse.HONEST, value=9),
            metadata=as_role("coachee"),
            timeout=5,
        )
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    request = error_details_pb2.BadRequest()
    details = rpc_status.from_call(caught.value).details
    assert any(detail.Unpack(request) for detail in details)
    assert [violation.field for violation in request.field_violations] == ["value"]
    assert answers() == before


@pytest.mark.parametrize("way", DOORS)
def test_dates_need_the_import_scope(suite, stub, as_role, way):
    from rapport.feedback.v1 import feedback_pb2, pulse_pb2

    with pytest.raises(grpc.RpcError) as caught:
        stub("feedback", door("feedback", way)).SubmitPulse(
            feedback_pb2.SubmitPulseRequest(
                parent=suite.relationship(),
                item=pulse_pb2.Pulse.FAIR,
                value=3,
                occurred_at=timestamp_pb2.Timestamp(seconds=1_700_000_000),
            ),
            metadata=as_role("coachee"),
            timeout=5,
        )
    assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED
    assert error_info(caught.value).reason == "ROLE_FORBIDDEN"


@pytest.mark.parametrize("service", SERVICES)
def test_health(channel, service):
    health = health_pb2_grpc.HealthStub(channel(service))
    answer = health.Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    first = next(iter(health.Watch(health_pb2.HealthCheckRequest(), timeout=5)))
    assert first.status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(health_pb2.HealthCheckRequest(service="nobody.knows.This"), timeout=5)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("service", SERVICES)
def test_reflection(channel, service):
    """Every service that is listed can be described."""
    reflection = reflection_pb2_grpc.ServerReflectionStub(channel(service))
    request = reflection_pb2.ServerReflectionRequest
    [answer] = list(reflection.ServerReflectionInfo(iter([request(list_services="")]), timeout=5))
    services = [entry.name for entry in answer.list_services_response.service]
    assert "grpc.health.v1.Health" in services
    assert any(name.startswith("rapport.") for name in services)
    questions = [request(file_containing_symbol=name) for name in services]
    for answer in reflection.ServerReflectionInfo(iter(questions), timeout=5):
        assert answer.WhichOneof("message_response") == "file_descriptor_response"


@pytest.mark.parametrize("service", SERVICES)
def test_unknown_method(channel, as_role, service):
    call = channel(service).unary_unary("/rapport.goals.v1.GoalsService/Fly")
    with pytest.raises(grpc.RpcError) as caught:
        call(b"", metadata=as_role("coachee"), timeout=5)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_events_are_not_for_people(channel, as_role):
    """The feed between the services is neither reachable through the gateway nor readable with a person's token."""
    for service, code in [
        ("gateway", grpc.StatusCode.UNIMPLEMENTED),
        ("relationships", grpc.StatusCode.PERMISSION_DENIED),
    ]:
        stream = channel(service).unary_stream("/rapport.events.v1.EventsService/WatchEvents")(
            b"", metadata=as_role("coachee"), timeout=5
        )
        with pytest.raises(grpc.RpcError) as caught:
            next(stream)
        assert caught.value.code() == code
