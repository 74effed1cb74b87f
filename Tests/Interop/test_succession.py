"""A new coach, over the real suite (docs/domain.md §6.1, S43): the re-match without blame, and the hand-over to which the
coachee takes along what they choose."""

import grpc
import pytest

from api import API, Pair, create_person, in_days, programme
from rapport_suite import eventually

ORGANIZATION = "organizations/succession"
ACTIVE, ENDED, REMATCHING = 4, 7, 11
REMATCHED, HANDED_OVER = 7, 8
ADMIN = {"purpose": "programme_admin", "roles": ["programme_admin"]}


@pytest.fixture(scope="module")
def api(suite):
    return API(suite.home, suite.address())


@pytest.fixture(scope="module")
def frame(api):
    return programme(api, ORGANIZATION)


def begin(api, name, coach, coachee):
    """The new coach accepts, both sign, and it begins."""
    api("AcceptRequest", coach, {"name": name})
    agreement = api("ReviseAgreement", coach, {"parent": name, "agreement": {"purpose": "Go on", "limits": "Law"}})
    for person in (coach, coachee):
        api("SignAgreement", person, {"name": agreement.name})
    api("ActivateRelationship", coach, {"name": name})


def test_S43_a_rematch_blames_nobody_and_never_leads_back(api, frame):
    pair = Pair(api, ORGANIZATION, frame, "1")
    for person, role in ((pair.coachee, "TRUSTOR"), (pair.coach, "TRUSTEE")):
        api("Enroll", person, {"parent": frame, "enrollment": {"person": person, "role": role, "capacity": 1}})
    rematch = pair.as_coachee("RequestRematch", name=pair.name, reason="NOT_A_FIT", note="He talks of golf")
    assert rematch.note == "He talks of golf" and rematch.waitlist_entry
    seen = pair.as_coach("GetRelationship", name=pair.name)
    assert seen.state == REMATCHING and not seen.end_reason and not seen.ended_by
    assert not list(pair.as_coach("ListRematches", parent=pair.name).rematches)
    admin = f"{ORGANIZATION}/people/admin"
    assert api("GetRematch", admin, {"name": rematch.name}, **ADMIN).note == ""
    [entry] = api.all("ListWaitlistEntries", admin, {"parent": frame}, **ADMIN)
    assert (entry.person, entry.position, entry.reason) == (pair.coachee, 1, 4)  # REMATCH

    other = create_person(api, ORGANIZATION, "coach-other")
    api("Enroll", other, {"parent": frame, "enrollment": {"person": other, "role": "TRUSTEE", "capacity": 2}})
    run = api("ProposeMatches", admin, {"parent": frame}, **ADMIN)
    get = lambda: api("GetMatchRun", admin, {"name": run.name}, **ADMIN)  # noqa: E731
    eventually("the run", lambda: get().state == 3, 30)
    [proposal] = api.all("ListMatchProposals", pair.coachee, {"parent": frame})
    assert proposal.trustee == other, "not the old one"
    accepted = api("AcceptMatchProposal", pair.coachee, {"name": proposal.name})
    begin(api, accepted.relationship, other, pair.coachee)
    old = pair.as_coach("GetRelationship", name=pair.name)
    assert (old.state, old.end_reason) == (ENDED, REMATCHED)
    with pytest.raises(grpc.RpcError):
        api.once("ListSessions", other, {"parent": pair.name})


def test_S43_a_handover_takes_along_what_the_coachee_names(api, frame):
    pair = Pair(api, ORGANIZATION, frame, "2")
    other = create_person(api, ORGANIZATION, "coach-next")
    goals = []
    for statement in ("Ask three questions in each call", "Write shorter offers"):
        goal = pair.as_coachee("CreateGoal", parent=pair.name, goal={"type": "LEARNING", "statement": statement})
        pair.as_coachee("ProposeGoal", name=goal.name)
        goals.append(pair.as_coach("SignGoal", name=goal.name))
    promise = pair.as_coachee("CreateCommitment", parent=pair.name, commitment={
        "owner": pair.coachee, "text": "Send the list", "dueTime": in_days(9)})
    pair.as_coach("AcceptCommitment", name=promise.name)
    note = pair.as_coachee("CreateNote", parent=pair.name, note={"level": "PAIR", "body": "Between the two of us"})

    handover = pair.as_coach("HandOverRelationship", name=pair.name, trustee=other)
    for resource in (goals[0].name, promise.name):
        pair.as_coachee("ConsentToHandOver", name=handover.name, resource=resource)
    with pytest.raises(grpc.RpcError):
        api.once("ConsentToHandOver", pair.coachee, {"name": handover.name, "resource": note.name})
    begin(api, handover.successor, other, pair.coachee)

    old = pair.as_coach("GetRelationship", name=pair.name)
    assert (old.state, old.end_reason, old.successor) == (ENDED, HANDED_OVER, handover.successor)
    new = {"parent": handover.successor}
    [goal] = eventually("the goal that goes along", lambda: api.all("ListGoals", other, new), 20)
    assert (goal.statement, goal.continues, goal.state) == (goals[0].statement, goals[0].name, 2)  # PROPOSED
    assert api("SignGoal", other, {"name": goal.name}).state == 3  # ACTIVE
    [carried] = api.all("ListCommitments", other, new)
    assert (carried.text, carried.owner) == ("Send the list", pair.coachee)
    assert not api.all("ListNotes", pair.coachee, new), "notes never go"
    profile = api("GetTrustProfile", pair.coachee, {"name": f"{handover.successor}/trustProfile"})
    assert profile.evidence_count == 0, "trust starts anew"
    with pytest.raises(grpc.RpcError):
        api.once("ListGoals", other, {"parent": pair.name})
