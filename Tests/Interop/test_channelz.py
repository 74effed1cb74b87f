"""grpcio-channelz asks a running suite for its servers, channels and sockets, as an operator does."""

import ipaddress
import time

import grpc
import pytest
from grpc_channelz.v1 import channelz_pb2, channelz_pb2_grpc

import tokens
from rapport_suite import SERVICES

OPERATOR = "organizations/demo/people/op"
SHUTDOWN, READY = channelz_pb2.ChannelConnectivityState.SHUTDOWN, channelz_pb2.ChannelConnectivityState.READY


class Channelz:
    """One process, asked over a connection that nobody else uses."""

    def __init__(self, suite, service: str):
        self.address = suite.address(service)
        options = [("grpc.use_local_subchannel_pool", 1)]
        self.channel = grpc.insecure_channel(self.address, options=options)
        self.stub = channelz_pb2_grpc.ChannelzStub(self.channel)
        self.metadata = (("authorization", f"Bearer {tokens.token(suite.home, OPERATOR, roles=['operator'])}"),)

    def ask(self, method: str, **fields):
        request = getattr(channelz_pb2, f"{method}Request")(**fields)
        return getattr(self.stub, method)(request, metadata=self.metadata, timeout=5)

    def server(self):
        servers = self.ask("GetServers")
        assert servers.end and len(servers.server) == 1
        return servers.server[0]

    def sockets(self, server) -> list:
        """All pages of two."""
        found, end = [], False
        while not end:
            start = found[-1].socket_id + 1 if found else 0
            page = self.ask(
                "GetServerSockets", server_id=server.ref.server_id, start_socket_id=start, max_results=2)
            assert len(page.socket_ref) <= 2
            found, end = found + list(page.socket_ref), page.end
        return found


@pytest.fixture(params=SERVICES)
def channelz(suite, request):
    asking = Channelz(suite, request.param)
    yield asking
    asking.channel.close()


def host_and_port(address) -> str:
    return f"{ipaddress.ip_address(address.tcpip_address.ip_address)}:{address.tcpip_address.port}"


def seconds_ago(timestamp) -> float:
    return time.time() - timestamp.ToNanoseconds() / 1e9


def test_servers_and_sockets(channelz, suite):
    before = channelz.server()
    listener = channelz.ask("GetSocket", socket_id=before.listen_socket[0].socket_id).socket
    assert host_and_port(listener.local) == channelz.address
    for _ in range(20):
        with pytest.raises(grpc.RpcError) as missing:
            channelz.ask("GetServer", server_id=2**62)
        assert missing.value.code() == grpc.StatusCode.NOT_FOUND
    after = channelz.server()
    assert after.ref == before.ref
    # Others may call meanwhile, and the suite's own streams end when they like.
    assert after.data.calls_started >= before.data.calls_started + 22
    assert after.data.calls_failed >= before.data.calls_failed + 20
    assert after.data.calls_succeeded >= before.data.calls_succeeded + 2
    assert -1 < seconds_ago(after.data.last_call_started_timestamp) < 5
    assert 0 <= seconds_ago(after.data.trace.creation_timestamp) < 3600

    sockets = channelz.sockets(after)
    numbers = [socket.socket_id for socket in sockets]
    assert numbers == sorted(set(numbers)) and numbers
    # Ours is the one that has asked so often, and came last.
    mine = channelz.ask("GetSocket", socket_id=numbers[-1]).socket
    assert host_and_port(mine.local) == channelz.address and host_and_port(mine.remote) == sockets[-1].name
    # Two questions for the server, one for the listener, 20 for nothing, the pages, this one.
    asked = 23 + (len(numbers) // 2 + (len(numbers) % 2 or 0)) + 1
    assert mine.data.streams_started == asked
    assert mine.data.streams_succeeded == asked - 1 and mine.data.streams_failed == 0
    assert mine.data.messages_received == asked and mine.data.messages_sent == asked - 1 - 20
    assert -1 < seconds_ago(mine.data.last_remote_stream_created_timestamp) < 10
    assert mine.data.local_flow_control_window.value > 0 and mine.data.remote_flow_control_window.value > 0
    assert not mine.HasField("security")


def test_channels(channelz, suite):
    top = channelz.ask("GetTopChannels")
    assert top.end and len({channel.ref.channel_id for channel in top.channel}) == len(top.channel)
    ready = [channel for channel in top.channel if channel.data.state.state == READY]
    for channel in ready:
        assert channel.data.target == channel.ref.name
        assert channel.data.calls_started >= channel.data.calls_succeeded + channel.data.calls_failed
        assert channel.data.trace.num_events_logged >= len(channel.data.trace.events) > 0
        parts = [
            channelz.ask("GetSubchannel", subchannel_id=ref.subchannel_id).subchannel for ref in channel.subchannel_ref]
        sockets = [channelz.ask("GetSocket", socket_id=ref.socket_id).socket for part in parts for ref in part.socket_ref]
        assert sockets and all(host_and_port(socket.remote) == channel.data.target for socket in sockets)
        assert sum(socket.data.streams_started for socket in sockets) > 0
    if channelz.address != suite.address("relationships"):
        assert suite.address("relationships") in {channel.data.target for channel in ready}, "all follow relationships"


def test_calls_through_the_gateway_are_counted_on_its_channel(suite, stub, as_role):
    from rapport.goals.v1 import goals_pb2

    gateway = Channelz(suite, "gateway")

    def goals():
        return next(c for c in gateway.ask("GetTopChannels").channel if c.data.target == suite.address("goals"))

    before = goals()
    for _ in range(7):
        stub("goals").ListGoals(
            goals_pb2.ListGoalsRequest(parent=suite.relationship()), metadata=as_role("coachee"), timeout=5)
    after = gateway.ask("GetChannel", channel_id=before.ref.channel_id).channel
    assert after.data.calls_succeeded == before.data.calls_succeeded + 7
    assert -1 < seconds_ago(after.data.last_call_started_timestamp) < 5
    gateway.channel.close()


def test_only_operators_see_it(suite, channelz):
    for metadata, code in (
        (None, grpc.StatusCode.UNAUTHENTICATED),
        ((("authorization", f"Bearer {suite.token('coach')}"),), grpc.StatusCode.PERMISSION_DENIED),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            channelz.stub.GetServers(channelz_pb2.GetServersRequest(), metadata=metadata, timeout=5)
        assert refused.value.code() == code
