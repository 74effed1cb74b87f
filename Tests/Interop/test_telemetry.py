"""Traces and metrics reach a receiver of another maker: OTLP by OpenTelemetry's own protos, Prometheus by its own checker."""

import concurrent.futures
import importlib
import shutil
import subprocess
import threading
import urllib.request

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_CUMULATIVE
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from rapport_suite import Suite, eventually

METHOD = "rapport.relationships.v1.RelationshipsService/GetRelationship"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Collector(trace_service_pb2_grpc.TraceServiceServicer, metrics_service_pb2_grpc.MetricsServiceServicer):
    def __init__(self):
        self.lock = threading.Lock()
        self.spans, self.metrics = [], {}
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self.server)
        metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(self, self.server)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def Export(self, request, context):
        with self.lock:
            if isinstance(request, trace_service_pb2.ExportTraceServiceRequest):
                for resource in request.resource_spans:
                    service = attributes(resource.resource.attributes)["service.name"]
                    self.spans += [(service, span) for scope in resource.scope_spans for span in scope.spans]
                return trace_service_pb2.ExportTraceServiceResponse()
            for resource in request.resource_metrics:
                service = attributes(resource.resource.attributes)["service.name"]
                self.metrics[service] = {each.name: each for scope in resource.scope_metrics for each in scope.metrics}
            return metrics_service_pb2.ExportMetricsServiceResponse()

    def span(self, service: str, name: str):
        with self.lock:
            return next((s for who, s in self.spans if (who, s.name, s.trace_id.hex()) == (service, name, TRACE)), None)

    def metric(self, service: str, name: str):
        with self.lock:
            return self.metrics.get(service, {}).get(name)


def attributes(pairs) -> dict:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


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
