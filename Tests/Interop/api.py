"""Any call by its name, with fields as JSON has them; and what it takes to get a coaching pair to work."""

import datetime
import itertools
import threading
import time
import uuid
from collections.abc import Callable

import grpc
from google.protobuf import json_format

import tokens
from contract import rpcs

# A process that is killed is back within a second: a caller who tries again need not wait longer than that.
PATIENT = [
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
]
# What may be tried again with the same request_id: the call may or may not have taken effect.
UNCERTAIN = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


class API:
    """Calls, each as a person: through one address, or each at its own program, whose address `address` tells."""

    def __init__(self, home, address: str | Callable[[str], str]):
        self.home = home
        self.address = address if callable(address) else lambda program: address
        self.channels = {}
        # By their names, and by their paths where two services have one of the same name.
        self.rpcs = {key: rpc for rpc in rpcs() for key in (rpc.name, rpc.path)}
        self.tokens = {}
        self.retries = itertools.count()
        self.lock = threading.Lock()

    def channel(self, program: str) -> grpc.Channel:
        """To where a program's methods are served."""
        address = self.address(program)
        with self.lock:
            if address not in self.channels:
                self.channels[address] = grpc.insecure_channel(address, options=PATIENT)
            return self.channels[address]

    def token(self, person: str, purpose: str = "coaching", **claims) -> str:
        key = (person, purpose, str(claims))
        with self.lock:
            if key not in self.tokens:
                self.tokens[key] = tokens.token(self.home, person, purpose, lifetime=86_400, **claims)
            return self.tokens[key]

    def once(self, method: str, person: str, fields: dict, **claims):
        """One attempt; raises grpc.RpcError."""
        rpc = self.rpcs[method]
        request = json_format.ParseDict(fields, rpc.request())
        return rpc.call(self.channel(rpc.program), request, self.token(person, **claims), timeout=5)

    def __call__(self, method: str, person: str, fields: dict, patience: float = 60, **claims):
        """Until it is answered; a change carries one request_id through all its attempts, so it takes effect once."""
        if self.rpcs[method].changes:
            fields = {**fields, "requestId": str(uuid.uuid4())}
        end = time.monotonic() + patience
        while True:
            try:
                return self.once(method, person, fields, **claims)
            except grpc.RpcError as error:
                if error.code() not in UNCERTAIN or time.monotonic() > end:
                    raise AssertionError(f"{method}: {error.code()} {error.details()}") from error
                next(self.retries)
                time.sleep(0.02)

    def all(self, method: str, person: str, fields: dict, **claims) -> list:
        """Every item of a list."""
        items, token = [], ""
        while True:
            answer = self(method, person, {**fields, "pageSize": 500, "pageToken": token}, **claims)
            [listed] = [f.name for f in answer.DESCRIPTOR.fields if f.is_repeated]
            items += getattr(answer, listed)
            token = answer.next_page_token
            if not token:
                return items

    def close(self):
        for channel in self.channels.values():
            channel.close()


class Pair:
    """An active relationship of a new coachee with a coach: a new one, or `coach`, who is there already."""

    def __init__(self, api: API, organization: str, programme: str, number: str, coach: str | None = None):
        self.api = api
        self.coach = coach or create_person(api, organization, f"coach-{number}")
        self.coachee = create_person(api, organization, f"coachee-{number}")
        requested = api(
            "RequestRelationship", self.coachee,
            {
                "parent": organization,
                "relationship": {"programme": programme, "trustee": self.coach, "trustor": self.coachee},
            },
        )  # fmt: skip
        self.name = requested.name
        api("AcceptRequest", self.coach, {"name": self.name})
        agreement = api(
            "ReviseAgreement", self.coach,
            {
                "parent": self.name,
                "agreement": {"purpose": "Better calls", "confidentialityClauses": ["What is said here stays here."],
                              "sharingRules": ["Nothing is shared."], "limits": "Law and risk of harm."},
            },
        )  # fmt: skip
        for person in (self.coach, self.coachee):
            api("SignAgreement", person, {"name": agreement.name})
        api("ActivateRelationship", self.coachee, {"name": self.name})

    def as_coach(self, method: str, **fields):
        return self.api(method, self.coach, fields)

    def as_coachee(self, method: str, **fields):
        return self.api(method, self.coachee, fields)


def in_days(days: int) -> str:
    """The beginning of a day to come (UTC), as JSON has it."""
    return f"{datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=days)}T00:00:00Z"


def as_admin(api: API, organization: str, method: str, **fields):
    return api(
        method, f"{organization}/people/admin", {"parent": organization, **fields},
        purpose="programme_admin", roles=["programme_admin"],
    )  # fmt: skip


def programme(api: API, organization: str) -> str:
    """A coaching programme of an organisation."""
    words = {"displayName": "Coaching", "kind": "COACHING", "minimumGroupSize": 5}
    return as_admin(api, organization, "CreateProgramme", programmeId="coaching", programme=words).name


def create_person(api: API, organization: str, identifier: str) -> str:
    """A person of an organisation, who is called as their id is."""
    return as_admin(
        api, organization, "CreatePerson", personId=identifier, person={"displayName": identifier[-20:]}
    ).name  # fmt: skip
