"""A collector of traces and metrics, by OpenTelemetry's own protos."""

import concurrent.futures
import threading

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc

TRACE = "0af7651916cd43dd8448eb211c80319c"


class Collector(trace_service_pb2_grpc.TraceServiceServicer, metrics_service_pb2_grpc.MetricsServiceServicer):
    def __init__(self):
        self.lock = threading.Lock()
        self.spans, self.metrics = [], {}
        # Every export, as it came.
        self.received = []
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self.server)
        metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server(self, self.server)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def Export(self, request, context):
        with self.lock:
            self.received.append(request.SerializeToString())
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
