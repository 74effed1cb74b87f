"""What the contract says of every RPC, read from the descriptors: routes, names, what a list or a change takes."""

import dataclasses
import importlib
import re

import grpc
import stubs  # noqa: F401: makes the modules that are imported below
from google.api import annotations_pb2
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor

# Which process serves which API package to people.
PACKAGES = [
    ("relationships", "rapport.relationships.v1.relationships"),
    ("relationships", "rapport.privacy.v1.privacy"),
    ("relationships", "rapport.audit.v1.audit"),
    ("feedback", "rapport.feedback.v1.feedback"),
    ("goals", "rapport.goals.v1.goals"),
    ("trust-scoring", "rapport.trust.v1.trust"),
    ("gateway", "rapport.gateway.v1.gateway"),
]


@dataclasses.dataclass(frozen=True)
class RPC:
    """One method of the contract."""

    program: str
    # package.Service/Method
    path: str
    input: Descriptor
    output: Descriptor
    is_client_streaming: bool
    is_server_streaming: bool
    # HTTP method and template; None without a route.
    route: tuple | None

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[1]

    def takes(self, field: str) -> bool:
        return field in self.input.fields_by_name

    @property
    def changes(self) -> bool:
        return self.takes("request_id")

    @property
    def is_list(self) -> bool:
        return self.takes("page_token")

    @property
    def named(self) -> tuple | None:
        """(field, collections) of the resource name in the path, for example ("name", ["organizations", "people"])."""
        match = re.search(r"\{([a-z_.]+)=([^}]+)\}", self.route[1]) if self.route else None
        if not match or "." in match[1]:
            return None
        return match[1], match[2].split("/")

    def request(self, **fields):
        return message_factory.GetMessageClass(self.input)(**fields)

    def answer(self):
        return message_factory.GetMessageClass(self.output)

    def call(self, channel: grpc.Channel, request, token: str | None, timeout: float = 10):
        """One call; a stream's first message. Raises grpc.RpcError."""
        metadata = (("authorization", f"Bearer {token}"),) if token is not None else ()
        serialize = bytes if isinstance(request, bytes) else lambda message: message.SerializeToString()
        read = self.answer().FromString
        if self.is_client_streaming and self.is_server_streaming:
            return next(channel.stream_stream("/" + self.path, serialize, read)(iter([request]), timeout, metadata))
        if self.is_client_streaming:
            return channel.stream_unary("/" + self.path, serialize, read)(iter([request]), timeout, metadata)
        if self.is_server_streaming:
            stream = channel.unary_stream("/" + self.path, serialize, read)(request, timeout, metadata)
            try:
                return next(stream)
            finally:
                stream.cancel()
        return channel.unary_unary("/" + self.path, serialize, read)(request, timeout, metadata)

    def __str__(self) -> str:
        return self.path


def rpcs() -> list[RPC]:
    """Every RPC of the contract, in the order of declaration."""
    found = []
    for program, module in PACKAGES:
        file = importlib.import_module(f"{module}_pb2").DESCRIPTOR
        for service in file.services_by_name.values():
            for method in service.methods:
                rule = method.GetOptions().Extensions[annotations_pb2.http]
                verb = rule.WhichOneof("pattern")
                found.append(
                    RPC(
                        program,
                        f"{service.full_name}/{method.name}",
                        method.input_type,
                        method.output_type,
                        method.client_streaming,
                        method.server_streaming,
                        (verb.upper(), getattr(rule, verb)) if verb else None,
                    )
                )
    return found


def enum_paths(message: Descriptor, depth: int = 2) -> list[list[FieldDescriptor]]:
    """Paths to the singular enum fields of a message, one message inside included."""
    paths = []
    for field in message.fields:
        if field.is_repeated:
            continue
        if field.type == FieldDescriptor.TYPE_ENUM:
            paths.append([field])
        elif field.type == FieldDescriptor.TYPE_MESSAGE and depth > 1:
            paths += [[field, *rest] for rest in enum_paths(field.message_type, depth - 1)]
    return paths


def set_path(message, path: list[FieldDescriptor], value) -> None:
    for field in path[:-1]:
        message = getattr(message, field.name)
    setattr(message, path[-1].name, value)
