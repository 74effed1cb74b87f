"""The side of grpcio in the interoperability tests: `grpcio_peer.py server PORT`, `grpcio_peer.py client PORT CASE`.

The server has all methods but CacheableUnaryCall, and compresses what it is asked to; grpcio does not tell a handler
whether a request came compressed. The client has the unary compression cases.
"""

import concurrent.futures
import pathlib
import sys
import tempfile
import time

import grpc
from grpc_tools import protoc

PROTOS = pathlib.Path(__file__).resolve().parent / "Protos"
OUT = tempfile.mkdtemp(prefix="interop-stubs-")
INCLUDES = [f"-I{PROTOS}", f"-I{pathlib.Path(protoc.__file__).parent / '_proto'}"]
# Beside the package grpc there is no room for another one of that name: one file, without folders.
SOURCE = pathlib.Path(OUT) / "testing.proto"
SOURCE.write_text((PROTOS / "grpc/testing/testing.proto").read_text())
assert protoc.main(["protoc", f"-I{OUT}", *INCLUDES[1:], f"--python_out={OUT}", f"--grpc_python_out={OUT}", str(SOURCE)]) == 0
sys.path.insert(0, OUT)
import testing_pb2 as pb  # noqa: E402
import testing_pb2_grpc as rpc  # noqa: E402
from google.protobuf import empty_pb2  # noqa: E402


class TestService(rpc.TestServiceServicer):
    def EmptyCall(self, request, context):
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        echo_metadata(context)
        echo_status(request, context)
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        return pb.SimpleResponse(payload=pb.Payload(body=bytes(request.response_size)))

    def StreamingInputCall(self, requests, context):
        return pb.StreamingInputCallResponse(aggregated_payload_size=sum(len(each.payload.body) for each in requests))

    def StreamingOutputCall(self, request, context):
        if any(each.compressed.value for each in request.response_parameters):
            context.set_compression(grpc.Compression.Gzip)
        yield from answers(request, context)

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in requests:
            echo_status(request, context)
            yield from answers(request, context)


def answers(request, context):
    for each in request.response_parameters:
        time.sleep(each.interval_us / 1e6)
        if not each.compressed.value:
            context.disable_next_message_compression()
        yield pb.StreamingOutputCallResponse(payload=pb.Payload(body=bytes(each.size)))


def echo_metadata(context):
    sent = dict(context.invocation_metadata())
    if text := sent.get("x-grpc-test-echo-initial"):
        context.send_initial_metadata([("x-grpc-test-echo-initial", text)])
    if data := sent.get("x-grpc-test-echo-trailing-bin"):
        context.set_trailing_metadata([("x-grpc-test-echo-trailing-bin", data)])


def echo_status(request, context):
    if request.response_status.code:
        code = next(code for code in grpc.StatusCode if code.value[0] == request.response_status.code)
        context.abort(code, request.response_status.message)


def serve():
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    rpc.add_TestServiceServicer_to_server(TestService(), server)
    server.add_insecure_port(f"127.0.0.1:{sys.argv[2]}")
    server.start()
    server.wait_for_termination()


def unary(stub, compresses: bool, **flags) -> pb.SimpleResponse:
    request = pb.SimpleRequest(response_size=314_159, payload=pb.Payload(body=bytes(271_828)), **flags)
    response = stub.UnaryCall(request, compression=grpc.Compression.Gzip if compresses else grpc.Compression.NoCompression)
    assert response.payload.body == bytes(314_159)
    return response


def client_compressed_unary(stub):
    try:
        unary(stub, False, expect_compressed=pb.BoolValue(value=True))
        raise AssertionError("the probe was answered")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
    unary(stub, True, expect_compressed=pb.BoolValue(value=True))
    unary(stub, False, expect_compressed=pb.BoolValue(value=False))


def server_compressed_unary(stub):
    for compresses in (True, False):
        unary(stub, False, response_compressed=pb.BoolValue(value=compresses))


def server_compressed_streaming(stub):
    parameters = [
        pb.ResponseParameters(size=31_415, compressed=pb.BoolValue(value=True)),
        pb.ResponseParameters(size=92_653, compressed=pb.BoolValue(value=False)),
    ]
    request = pb.StreamingOutputCallRequest(response_parameters=parameters)
    assert [len(each.payload.body) for each in stub.StreamingOutputCall(request)] == [31_415, 92_653]


if __name__ == "__main__":
    if sys.argv[1] == "server":
        serve()
    else:
        with grpc.insecure_channel(f"127.0.0.1:{sys.argv[2]}") as channel:
            {each.__name__: each for each in (client_compressed_unary, server_compressed_unary, server_compressed_streaming)}[
                sys.argv[3]](rpc.TestServiceStub(channel))
