"""Fixtures: one suite for all tests, stubs made of Protos/, channels and tokens."""

import importlib
import pathlib
import sys
import tempfile

import grpc
import pytest
from grpc_tools import protoc

from rapport_suite import ROOT, SERVICES, Suite


def make_stubs() -> pathlib.Path:
    """Python code for Protos/rapport; google's own protos come with googleapis-common-protos."""
    out = pathlib.Path(tempfile.mkdtemp(prefix="rapport-stubs-"))
    protos = ROOT / "Protos"
    files = sorted(str(path.relative_to(protos)) for path in protos.glob("rapport/**/*.proto"))
    includes = [f"-I{protos}", f"-I{pathlib.Path(protoc.__file__).parent / '_proto'}"]
    code = protoc.main(["protoc", *includes, f"--python_out={out}", f"--grpc_python_out={out}", *files])
    assert code == 0, "protoc failed"
    sys.path.insert(0, str(out))
    return out


make_stubs()


@pytest.fixture(scope="session")
def suite():
    running = Suite()
    try:
        yield running.wait_ready()
    finally:
        running.remove()


@pytest.fixture(scope="session")
def channel(suite):
    """A channel to a program of the suite, by its name."""
    channels = {}

    def get(service: str = "gateway") -> grpc.Channel:
        if service not in channels:
            channels[service] = grpc.insecure_channel(suite.address(service))
        return channels[service]

    yield get
    for open_channel in channels.values():
        open_channel.close()


@pytest.fixture(scope="session")
def stub(channel):
    """A stub of a service's API, directly or through the gateway."""
    apis = {
        "relationships": ("rapport.relationships.v1.relationships_pb2_grpc", "RelationshipsServiceStub"),
        "feedback": ("rapport.feedback.v1.feedback_pb2_grpc", "FeedbackServiceStub"),
        "goals": ("rapport.goals.v1.goals_pb2_grpc", "GoalsServiceStub"),
        "trust-scoring": ("rapport.trust.v1.trust_pb2_grpc", "TrustServiceStub"),
        "gateway": ("rapport.gateway.v1.gateway_pb2_grpc", "ViewsServiceStub"),
    }

    def get(service: str, through: str = "gateway"):
        module, name = apis[service]
        return getattr(importlib.import_module(module), name)(channel(through))

    return get


@pytest.fixture(scope="session")
def as_role(suite):
    """Call metadata of a role of the demo."""

    def metadata(role: str):
        return (("authorization", f"Bearer {suite.token(role)}"),)

    return metadata


@pytest.fixture(autouse=True)
def processes_live(suite):
    """Whatever a test does to a program: it is still the same process afterwards."""
    before = {service: suite.pid(service) for service in SERVICES}
    yield
    assert {service: suite.pid(service) for service in SERVICES} == before
    for pid in before.values():
        assert pathlib.Path(f"/proc/{pid}").exists()
