"""Fixtures: one suite for all tests, stubs made of Protos/, channels and tokens."""

import importlib
import pathlib

import grpc
import pytest

import stubs  # noqa: F401: makes the code that the tests import
from rapport_suite import SERVICES, Suite


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
