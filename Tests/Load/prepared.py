"""What is asked under load: 2000 different reads or 1000 different writes, about 1000 pairs at work."""

import concurrent.futures
import dataclasses
import sys
import time

from google.protobuf import json_format

from api import API, Pair, create_person, in_days, programme
from contract import RPC
from rapport_suite import eventually

PAIRS, READS_A_PAIR, EVIDENCE_A_PAIR = 1000, 2, 3
# Calls at a time while all is made ready.
WORKERS = 8
ORGANIZATION = "organizations/load"
# How often one request may be written: a relationship has at most so many of it (docs/domain.md §6.3).
CAPS = {"CreateGoal": 100}


@dataclasses.dataclass(frozen=True)
class Request:
    """One call of a person, with fields as JSON has them."""

    rpc: RPC
    person: str
    fields: dict

    def message(self) -> bytes:
        return json_format.ParseDict(self.fields, self.rpc.request()).SerializeToString()


def commitment(pair: Pair, number: int) -> dict:
    text = f"Send the notes of call {number} to {pair.coachee}"
    return {"parent": pair.name, "commitment": {"owner": pair.coach, "text": text, "dueTime": in_days(30)}}


def feedback(pair: Pair, number: int) -> dict:
    item = {
        "kind": "CONSTRUCTIVE", "situation": f"In call {number}", "behaviour": "you asked before you answered",
        "impact": "the customer told us what he needs", "nextStep": "do it again", "focus": "TASK",
    }  # fmt: skip
    return {"parent": pair.name, "feedbackItem": item}


def goal(pair: Pair, number: int) -> dict:
    words = {
        "type": "LEARNING", "statement": f"Prepare call {number} and all that follow", "actor": "the coachee",
        "measure": "prepared calls", "unit": "calls", "baseline": 1, "target": 5, "confidence": 7, "purpose": "Calm",
        "dueTime": in_days(60),
    }  # fmt: skip
    return {"parent": pair.name, "goal": words}


# What is written, and what reads it.
RESOURCES = {
    "relationships": ("CreateCommitment", commitment, "GetCommitment"),
    "gateway": ("CreateCommitment", commitment, "GetCommitment"),
    "feedback": ("CreateFeedback", feedback, "GetFeedback"),
    "goals": ("CreateGoal", goal, "GetGoal"),
}


def prepare(service: str, mode: str, api: API) -> list[Request]:
    """Different requests of one method; what they read is there already."""
    pairs = pairs_at_work(api)
    if service == "trust-scoring":
        return profiles(api, pairs)
    create, fields, get = RESOURCES[service]
    each = 1 if mode == "write" else READS_A_PAIR
    writes = [
        Request(api.rpcs[create], pair.coach, fields(pair, number))
        for number, pair in enumerate(pair for pair in pairs for _ in range(each))
    ]
    if mode == "write":
        return writes
    made = side_by_side(create, lambda write: api(create, write.person, write.fields), writes)
    return [Request(api.rpcs[get], write.person, {"name": one.name}) for write, one in zip(writes, made)]


def pairs_at_work(api: API) -> list[Pair]:
    """One coach, so that one token is good for everything, with a coachee a pair."""
    frame, coach = programme(api, ORGANIZATION), create_person(api, ORGANIZATION, "coach")
    return side_by_side("pairs", lambda number: Pair(api, ORGANIZATION, frame, str(number), coach), range(PAIRS))


def profiles(api: API, pairs: list[Pair]) -> list[Request]:
    """Each pair's profile, asked for by both."""

    def explain(number: int):
        pair = pairs[number % len(pairs)]
        decision = {"what": f"Call {number} is yours", "why": "You know them", "affects": [pair.coachee]}
        pair.as_coach("RecordDecision", parent=pair.name, decision=decision)

    def wait(pair: Pair):
        profile = {"name": f"{pair.name}/trustProfile"}
        eventually(
            f"the evidence of {pair.name}",
            lambda: pair.as_coach("GetTrustProfile", **profile).evidence_count == EVIDENCE_A_PAIR, 60, 0.1)  # fmt: skip

    side_by_side("RecordDecision", explain, range(EVIDENCE_A_PAIR * len(pairs)))
    side_by_side("pairs with their evidence", wait, pairs)
    return [
        Request(api.rpcs["GetTrustProfile"], person, {"name": f"{pair.name}/trustProfile"})
        for pair in pairs for person in (pair.coach, pair.coachee)
    ]  # fmt: skip


def side_by_side(what: str, work, items) -> list:
    """The result of each, in order; says how far it is."""
    began, results = time.monotonic(), []
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        for result in pool.map(work, items):
            results.append(result)
            if len(results) % (len(items) // 4) == 0:
                seconds = time.monotonic() - began
                print(f"  {what}: {len(results)} of {len(items)}, {seconds:.1f} s", file=sys.stderr, flush=True)
    return results
