"""The access matrix (docs/domain.md §6.9): each RPC that names what it is about × each role, at the gateway and at the service.

Who may not see what an RPC is about gets PERMISSION_DENIED before anything else of the request is looked at, so a request
with nothing but a name tells whether the door is open: a closed one answers PERMISSION_DENIED, an open one whatever else. A new
RPC is in the matrix as soon as it is in the contract, and closed to everybody who is not named here.
"""

import dataclasses

import grpc
import pytest

from api import API, Pair, create_person, in_days, programme
from contract import rpcs

COACHEE, COACH = "coachee-1", "coach-1"


@dataclasses.dataclass(frozen=True)
class Role:
    """Who asks, and with which token."""

    person: str
    purpose: str = "coaching"
    roles: tuple = ()
    scope: str = ""
    # None for the pair's own.
    organization: str | None = None

    def claims(self) -> dict:
        return {"purpose": self.purpose, "roles": list(self.roles), **({"scope": self.scope} if self.scope else {})}


ROLES = {
    "coachee": Role(COACHEE),
    "coach": Role(COACH),
    "line manager": Role("lead"),
    "programme administrator": Role("admin", "programme_admin", ("programme_admin",)),
    "HR lead": Role("hr", "programme_admin"),
    "coach's supervisor": Role("supervisor"),
    "ombudsperson": Role("ombudsperson"),
    "data-protection officer": Role("dpo", "privacy"),
    "auditor": Role("auditor", "audit"),
    "integration client": Role("client", "coaching", (), "import"),
    "colleague": Role("colleague"),
    "coachee of another organisation": Role(COACHEE, organization="organizations/elsewhere"),
    "administrator of another organisation": Role(
        "admin", "programme_admin", ("programme_admin",), organization="organizations/elsewhere"
    ),
}
PARTIES = {"coachee", "coach"}
INSIDE = {role for role in ROLES if not ROLES[role].organization}
ADMIN = "programme administrator"
OFFICER = "data-protection officer"

# What lies below a relationship is for the two of it and for nobody else, but for these.
OPEN = {
    "GetRelationship": PARTIES | {ADMIN},
    # The asker's, and the programme's: the partner reads none of it.
    "GetRematch": PARTIES | {ADMIN},
    "ListRematches": PARTIES | {ADMIN},
    "HandOverRelationship": PARTIES | {ADMIN},
    "GetHandOver": PARTIES | {ADMIN},
    "ListHandOvers": PARTIES | {ADMIN},
    # An administrator learns of those of which the programme was told.
    "GetInactivityReport": PARTIES | {ADMIN},
    "ListInactivityReports": PARTIES | {ADMIN},
    "OfferRematch": {ADMIN},
    "VerifyCredential": {ADMIN},
    "RecordFinding": PARTIES | {"ombudsperson"},
    "VerifySnapshots": PARTIES | {"auditor"},
    "ReplayEvidence": {"auditor"},
    "RequestBreakGlass": {"data-protection officer"},
    "ApproveBreakGlass": {"ombudsperson", "data-protection officer"},
    "RefuseBreakGlass": {"ombudsperson", "data-protection officer"},
    "CloseBreakGlass": {"ombudsperson", "data-protection officer"},
    "ListBreakGlassCases": PARTIES | {"ombudsperson", "data-protection officer"},
    # The service that it comes from, alone.
    "RetractEvidence": set(),
    # Of the two, with the import scope, which neither has here.
    "FinishImport": set(),
}
# What one of the two does or sees. The note, of the pair below, is the coachee's; the promise is the coach's.
OPEN |= {
    name: {"coach"}
    for name in [
        "AcceptRequest", "DeclineRequest", "AskForMoreInfo", "StateIntent", "AcknowledgeBreach", "RecordReflectBack",
        "AddAdvice", "ClaimKept", "WithdrawClaim", "AgreeNoteLevel", "SuggestActions",
        # How a coach sees themselves (rule 38).
        "CreateSelfRating", "GetSelfRating", "ListSelfRatings", "DeleteSelfRating", "GetSelfAwareness",
    ]
} | {
    name: {"coachee"}
    for name in [
        "WithdrawRequest", "ProvideInfo", "SubmitPulse", "SkipPulse", "ListPulses", "AnswerKnowWhy", "SetSessionDepth",
        "DeclineCommitment", "ReleaseCommitment", "MarkTrivial", "ConfirmKept", "DisputeCommitment", "AcceptRepair",
        "JudgeReflectBack", "TeachBack", "RateAdvice", "UndeleteNote", "ReportContextIgnored", "ApproveSharingItem",
        "DenySharingItem", "RecallSharing", "ConsentToHandOver",
    ]
}  # fmt: skip

# What belongs to an organisation. Where everybody may ask, each sees what is theirs: the tests of the services tell what.
EVERYBODY = INSIDE
ORGANIZATION_OPEN = {
    name: {ADMIN}
    for name in [
        "CreatePerson", "ListPeople", "DeactivatePerson", "CreateProgramme", "GetEnrollment", "ProposeMatches",
        "GetMatchRun", "ListMatchRuns", "CancelMatchRun", "GetMatchExplanation", "GetMatchProposal", "AcceptMatchProposal",
        "DeclineMatchProposal", "GetWaitlistEntry", "RequestRelationship", "PublishRollup", "ExportRollup",
        "ListInactiveRelationships",
    ]
} | {
    name: EVERYBODY
    for name in [
        "GetProgramme", "ListProgrammes", "ListEnrollments", "ListMatchProposals", "ListWaitlistEntries",
        "ListRelationships", "ListRollups", "GetPolicy", "ListPolicies",
    ]
} | {
    # Of the coachee: the partner sees the name, and when they are away.
    "GetPerson": PARTIES | {ADMIN},
    "GetLeaveWindow": PARTIES | {ADMIN},
    "ListLeaveWindows": PARTIES | {ADMIN},
    "CreateLeaveWindow": {"coachee", ADMIN},
    "DeleteLeaveWindow": {"coachee", ADMIN},
    "GetFairnessView": {"coachee"},
    # What a person says of themselves is theirs alone; what they promise openly, theirs and of whom they coach: nobody here.
    "DeclareAttribute": {"coachee"},
    "GetProtectedAttribute": {"coachee"},
    "ListProtectedAttributes": {"coachee"},
    "DeleteProtectedAttribute": {"coachee"},
    "CreateLeaderCommitment": {"coachee"},
    "SettleLeaderCommitment": {"coachee"},
    "GetLeaderCommitment": {"coachee"},
    "ListLeaderCommitments": {"coachee"},
    # Somebody enrols themselves, or an administrator does: whom, the request says.
    "Enroll": set(),
} | {
    # A round about the coachee; there is none, so nobody is asked.
    name: {"coachee", ADMIN}
    for name in [
        "CreateRound", "GetRound", "ListRounds", "NominateRater", "SubmitRoundResponse", "DeclineRound",
        "GetRoundResponse", "CloseRound", "GetRoundResult", "ShareRoundResult", "RecallRoundResult",
    ]
} | {
    "ListRoundsToAnswer": {"coachee"},
    # None is published: who can make one, and who audits them, learn that there is none.
    "GetRollup": {ADMIN, "auditor"},
    "GetRollupCell": {ADMIN, "auditor"},
    "ListRollupCells": {ADMIN, "auditor"},
    "GetRollupExport": {ADMIN, "auditor"},
    "ListRollupExports": {ADMIN, "auditor"},
    "VerifyRollups": {ADMIN, "auditor"},
    "GetAssociationReport": {ADMIN, "auditor"},
    "ListAssociationReports": {ADMIN, "auditor"},
    "GetProgrammeValue": {ADMIN, "auditor"},
    "ExportProgrammeValue": {ADMIN, "auditor"},
    "GetRollupAudit": {"auditor"},
    "RunFairness": {ADMIN, "data-protection officer"},
    "CancelFairnessRun": {ADMIN, "data-protection officer"},
    "GetFairnessRun": {ADMIN, "data-protection officer", "auditor"},
    "ListFairnessRuns": {ADMIN, "data-protection officer", "auditor"},
} | {
    # Of the coachee: each has rights over their own data, the officer over everybody's; what was gathered goes to the person.
    name: {"coachee", OFFICER}
    for name in [
        "ExportData", "GetDataExport", "ListDataExports", "CancelDataExport", "ErasePerson", "GetErasure", "ListErasures",
    ]
} | {
    "DownloadDataExport": {"coachee"},
    "CreateLegalHold": {OFFICER},
    "ReleaseLegalHold": {OFFICER},
    "GetLegalHold": {OFFICER, "auditor"},
    "ListLegalHolds": {OFFICER, "auditor"},
    "ListRetentionItems": {OFFICER, "auditor"},
    "VerifyAuditChain": {OFFICER, "auditor"},
    # Entries about oneself, to anybody.
    "ListAuditEntries": EVERYBODY,
}  # fmt: skip


class Names:
    """Names of everything that a pair has, by their collections; in an organisation of its own."""

    def __init__(self, api: API, organization: str):
        self.organization = organization
        frame = programme(api, organization)
        for person in {role.person for role in ROLES.values()} - {COACHEE, COACH}:
            create_person(api, organization, person)
        ombudsperson = {"name": frame, "ombudsperson": self.person("ombudsperson")}
        api("UpdateProgramme", self.person("admin"), {"programme": ombudsperson, "updateMask": "ombudsperson"},
            roles=["programme_admin"])  # fmt: skip
        self.pair = Pair(api, organization, frame, "1")
        self.known = {
            "organizations/*": organization,
            "organizations/*/programmes/*": frame,
            "organizations/*/people/*": self.pair.coachee,
            "organizations/*/relationships/*": self.pair.name,
        }
        coach, coachee, parent = self.pair.as_coach, self.pair.as_coachee, {"parent": self.pair.name}
        made = [
            coachee("CreateNote", **parent, note={"level": "PAIR", "body": "for both"}),
            coach("ScheduleSession", **parent, session={"startTime": in_days(1), "durationMinutes": 60, "mode": "VIDEO",
                                                        "template": "OPEN"}),
            coach("CreateCommitment", **parent,
                  commitment={"owner": self.pair.coach, "text": "Ask twice", "dueTime": in_days(2)}),
            coach("RecordDecision", **parent, decision={"what": "We meet", "why": "so", "affects": [self.pair.coachee]}),
            coach("GiveRecognition", **parent, behaviour="You asked twice", impact="They told you the reason"),
            coachee("CreateGoal", **parent, goal={"type": "LEARNING", "statement": "Ask three questions in each call"}),
            coachee("AddObstacle", **parent, obstacle={"text": "The split"}),
        ]  # fmt: skip
        for resource in made:
            self.known["/".join(self.pattern(resource.name))] = resource.name

    @staticmethod
    def pattern(name: str) -> list:
        return [part if not index % 2 else "*" for index, part in enumerate(name.split("/"))]

    def person(self, identifier: str) -> str:
        return f"{self.organization}/people/{identifier}"

    def of(self, pattern: list) -> str:
        """A name of the form; one that does not exist where there is none."""
        text = "/".join(pattern)
        if text in self.known:
            return self.known[text]
        longest = max((known for known in self.known if text.startswith(known + "/")), key=len)
        rest = text[len(longest) + 1 :].split("/")
        return "/".join([self.known[longest], *("none" if part == "*" else part for part in rest)])


RPCS = [rpc for rpc in rpcs() if rpc.named and not rpc.is_client_streaming]
BELOW_PAIR = [rpc for rpc in RPCS if rpc.named[1][2:4] == ["relationships", "*"]]
OF_ORGANIZATION = [rpc for rpc in RPCS if rpc not in BELOW_PAIR]


@pytest.fixture(scope="module")
def doors(suite):
    """Through the gateway, and directly."""
    return {"gateway": API(suite.home, suite.address()), "service": API(suite.home, suite.address)}


@pytest.fixture(scope="module")
def of_pair(doors):
    return Names(doors["gateway"], "organizations/matrix")


@pytest.fixture(scope="module")
def of_organization(doors):
    return Names(doors["gateway"], "organizations/frame")


def answer(api: API, names: Names, rpc, role: Role):
    """The code and reason of a request that holds a name alone; OK for an answer."""
    field, pattern = rpc.named
    try:
        person = f"{role.organization or names.organization}/people/{role.person}"
        api.once(rpc.path, person, {field: names.of(pattern)}, **role.claims())
        return "OK", ""
    except grpc.RpcError as error:
        return error.code().name, error.details()


@pytest.mark.parametrize("door", ["gateway", "service"])
@pytest.mark.parametrize("rpc", BELOW_PAIR, ids=lambda rpc: rpc.name)
def test_S23_what_belongs_to_a_pair(doors, of_pair, rpc, door):
    may = OPEN.get(rpc.name, PARTIES)
    for name, role in ROLES.items():
        code, details = answer(doors[door], of_pair, rpc, role)
        if name in may:
            assert code != "PERMISSION_DENIED", f"{name}: {details}"
        elif name in PARTIES:
            # One of the two learns that it is for the other one.
            assert code not in {"OK", "UNAVAILABLE", "INTERNAL", "UNKNOWN"}, f"{name}: {code}"
        else:
            assert code == "PERMISSION_DENIED", f"{name}: {code} {details}"
            assert of_pair.pair.name not in details, "not even whether it exists"


@pytest.mark.parametrize("door", ["gateway", "service"])
@pytest.mark.parametrize("rpc", OF_ORGANIZATION, ids=lambda rpc: rpc.name)
def test_S23_what_belongs_to_an_organisation(doors, of_organization, rpc, door):
    may = ORGANIZATION_OPEN.get(rpc.name, set())
    for name, role in ROLES.items():
        code, details = answer(doors[door], of_organization, rpc, role)
        assert (code != "PERMISSION_DENIED") == (name in may), f"{name}: {code} {details}"
