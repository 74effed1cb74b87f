"""Whether a programme treats groups differently, over the real suite (docs/domain.md §4.4 b): from what people declare of
themselves to a verdict, and nowhere else a trace of it."""

import grpc
import pytest

import metrics
from api import API, Pair, create_person, programme
from rapport_suite import eventually

ORGANIZATION = "organizations/fair"
ADMIN = {"purpose": "programme_admin", "roles": ["programme_admin"]}
OFFICER = {"purpose": "privacy"}
SUCCEEDED = 3
DIFFERENCE_LIKELY, INSUFFICIENT = 5, 1
GENDER, RELIGION = 1, 5
OPPORTUNITY_OFFERED = 1


@pytest.fixture(scope="module")
def api(suite):
    return API(suite.home, suite.address())


@pytest.fixture(scope="module")
def run(suite, api):
    """Twelve women and twelve men, coached by four; the men are offered something, and the women hardly."""
    frame = programme(api, ORGANIZATION)
    coaches = [create_person(api, ORGANIZATION, f"coach-{number}") for number in range(4)]
    admin = f"{ORGANIZATION}/people/admin"
    for number in range(24):
        pair = Pair(api, ORGANIZATION, frame, str(number + 100), coach=coaches[number % 4])
        is_woman = number < 12
        pair.as_coachee("DeclareAttribute", parent=pair.coachee, kind="GENDER", value="woman" if is_woman else "man")
        if number == 0:
            pair.as_coachee("DeclareAttribute", parent=pair.coachee, kind="RELIGION", value="sesame-quaker")
        if not is_woman or number == 0:
            pair.as_coach("OfferOpportunity", parent=pair.name, opportunity={"kind": "STRETCH_TASK", "what": "Lead"})
        pair.as_coachee("SubmitPulse", parent=pair.name, item="FAIR", value=2 if is_woman else 4)
    eventually("trust-scoring has heard of all", lambda: has_heard(suite), 20)
    asked = api("RunFairness", admin, {"parent": ORGANIZATION, "programme": frame, "seed": 3}, **ADMIN)
    get = lambda: api("GetFairnessRun", admin, {"name": asked.name}, **ADMIN)  # noqa: E731
    return eventually("the run is over", lambda: (found := get()).state >= SUCCEEDED and found, 60)


def has_heard(suite) -> bool:
    """Whether trust-scoring has applied all that the others have told."""
    followed = metrics.of(suite.address("trust-scoring"))
    return all(
        followed[f'rapport_consumer_position{{source="{source}"}}']
        >= metrics.of(suite.address(source))["rapport_outbox_position"]
        for source in ("relationships", "feedback", "goals")
    )


def test_a_difference_is_found_and_no_one_is_named(api, run):
    assert run.state == SUCCEEDED and len(run.tests) == 35
    [test] = [t for t in run.tests if t.attribute == GENDER and t.measure == OPPORTUNITY_OFFERED]
    assert test.verdict == DIFFERENCE_LIKELY
    assert {test.reference_group, test.group} == {"man", "woman"}
    assert abs(test.impact_ratio.value - 1 / 12) < 0.001
    assert test.difference_interval.lower <= test.difference.value <= test.difference_interval.upper
    # One person's word is no group: the line is there as it is for everybody, and says nothing.
    assert {t.verdict for t in run.tests if t.attribute == RELIGION} == {INSUFFICIENT}
    text = str(run)
    assert "/people/" not in text and "/relationships/" not in text and "sesame" not in text
    assert run.pulse.mean.value == 3 and run.pulse.answer_count == 20


def test_the_officer_reads_how_it_came_about(api, run):
    admin, officer = f"{ORGANIZATION}/people/admin", f"{ORGANIZATION}/people/dpo"
    assert not run.HasField("method") and not any(t.HasField("p_value") for t in run.tests)
    whole = api("GetFairnessRun", officer, {"name": run.name}, **OFFICER)
    assert whole.method.seed == 3 and whole.method.draws == 9999 and whole.method.minimum_group == 10
    assert any(t.HasField("q_value") for t in whole.tests)
    assert [r.name for r in api.all("ListFairnessRuns", admin, {"parent": ORGANIZATION}, **ADMIN)] == [run.name]


def test_another_run_must_wait(api, run):
    with pytest.raises(grpc.RpcError) as caught:
        api.once("RunFairness", f"{ORGANIZATION}/people/dpo", {"parent": ORGANIZATION, "programme": run.programme},
                 **OFFICER)  # fmt: skip
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION


@pytest.mark.parametrize("door", ["gateway", "service"])
def test_labels_are_handed_to_no_person(suite, api, run, door):
    direct = api if door == "gateway" else API(suite.home, suite.address)
    for person, claims in [("coachee-100", {}), ("admin", ADMIN), ("dpo", OFFICER), ("auditor", {"purpose": "audit"})]:
        with pytest.raises(grpc.RpcError) as caught:
            direct.once("CollectFairnessGroups", f"{ORGANIZATION}/people/{person}", {"name": run.programme}, **claims)
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED, person


def test_what_was_declared_is_in_no_answer_but_ones_own(api, run):
    who = f"{ORGANIZATION}/people/coachee-100"
    own = api("ListProtectedAttributes", who, {"parent": who}).protected_attributes
    assert {a.value for a in own} == {"woman", "sesame-quaker"}
    admin = f"{ORGANIZATION}/people/admin"
    answers = [
        api("GetPerson", admin, {"name": who}, **ADMIN),
        *api.all("ListPeople", admin, {"parent": ORGANIZATION}, **ADMIN),
        *api.all("ListRelationships", who, {"parent": ORGANIZATION}),
        api("GetCoacheeView", who, {}),
    ]
    assert not any(word in str(answer) for answer in answers for word in ("sesame", "woman"))
    api("DeleteProtectedAttribute", who, {"name": f"{who}/protectedAttributes/religion"})
    assert [a.value for a in api("ListProtectedAttributes", who, {"parent": who}).protected_attributes] == ["woman"]
