"""Traces and metrics reach a receiver of another maker: OTLP by OpenTelemetry's own protos, Prometheus by its own checker."""

import importlib
import shutil
import subprocess
import urllib.request

import grpc
import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_CUMULATIVE
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import TRACE, Collector, attributes
from rapport_suite import Suite, eventually

METHOD = "rapport.relationships.v1.RelationshipsService/GetRelationship"
PARENT = "b7ad6b7169203331"


@pytest.fixture(scope="module")
def collector():
    running = Collector()
    yield running
    running.server.stop(None)


@pytest.fixture(scope="module")
def traced(collector):
    variables = {"RAPPORT_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.port}", "RAPPORT_OTLP_INTERVAL_SECONDS": "1"}
    suite = Suite(variables=variables)
    try:
        yield suite.wait_ready()
    finally:
        suite.remove()


def test_a_call_through_the_gateway_is_one_trace(traced, collector):
    messages = importlib.import_module("rapport.relationships.v1.relationships_pb2")
    stubs = importlib.import_module("rapport.relationships.v1.relationships_pb2_grpc")
    metadata = (("authorization", f"Bearer {traced.token('coach')}"), ("traceparent", f"00-{TRACE}-{PARENT}-01"))
    with grpc.insecure_channel(traced.address()) as channel:
        stubs.RelationshipsServiceStub(channel).GetRelationship(
            messages.GetRelationshipRequest(name=traced.relationship()), metadata=metadata)
    name = METHOD.replace("/", ".")
    received = eventually("the service's span", lambda: collector.span("relationships", f"Recv.{name}"))
    door = eventually("the gateway's span", lambda: collector.span("gateway", f"Recv.{name}"))
    sent = eventually("the call's span", lambda: collector.span("gateway", f"Sent.{name}"))
    attempt = eventually("the attempt's span", lambda: collector.span("gateway", f"Attempt.{name}"))
    chain = [door.parent_span_id.hex(), sent.parent_span_id, attempt.parent_span_id, received.parent_span_id]
    assert chain == [PARENT, door.span_id, sent.span_id, attempt.span_id]
    assert [span.kind for span in (door, sent, attempt, received)] == [
        Span.SPAN_KIND_SERVER, Span.SPAN_KIND_INTERNAL, Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_SERVER]
    told = attributes(received.attributes)
    assert (told["rpc.system.name"], told["rpc.method"], told["rpc.status_code"]) == ("grpc", METHOD, "OK")
    assert [event.name for event in received.events] == ["Inbound message", "Outbound message"]
    assert received.end_time_unix_nano >= received.start_time_unix_nano > 1.7e18


def test_metrics_come_with_the_names_of_grpc(traced, collector):
    def duration():
        metric = collector.metric("relationships", "grpc.server.call.duration")
        points = metric.histogram.data_points if metric else []
        return next((p for p in points if attributes(p.attributes) == {"grpc.method": METHOD, "grpc.status": "OK"}), None)

    point = eventually("the duration", duration)
    metric = collector.metric("relationships", "grpc.server.call.duration")
    assert metric.unit == "s" and metric.histogram.aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE
    assert len(point.explicit_bounds) == 41 and len(point.bucket_counts) == 42
    assert sum(point.bucket_counts) == point.count >= 1 and point.sum > 0
    assert point.time_unix_nano > point.start_time_unix_nano > 1.7e18
    started = eventually("attempts", lambda: collector.metric("gateway", "grpc.client.attempt.started"))
    assert started.sum.is_monotonic
    assert any(attributes(p.attributes)["grpc.method"] == METHOD and p.as_double >= 1 for p in started.sum.data_points)


def test_prometheus_has_nothing_to_say_against_the_page(suite):
    checker = shutil.which("promtool")
    if not checker:
        pytest.skip("promtool is not installed: Debian's package prometheus has it")
    with urllib.request.urlopen(f"http://{suite.address('relationships')}/metrics") as answer:
        page = answer.read()
    assert b"grpc_server_call_duration_seconds_bucket" in page
    checked = subprocess.run([checker, "check", "metrics"], input=page, capture_output=True)
    # It has advice on names too, which are gRPC's (3); what cannot be read is 1.
    assert checked.returncode in (0, 3), checked.stderr.decode()
