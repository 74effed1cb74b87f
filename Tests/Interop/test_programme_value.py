"""What an HR lead takes away: whether results go with trust in a programme (docs/domain.md S38), and what has changed since its
beginning (S51), over the real suite, read by programs of other makers."""

import csv
import datetime
import io
import json
import urllib.error
import urllib.request

import grpc
import pypdf
import pytest

from api import API, create_person, programme
from rapport_suite import eventually
from test_fairness import has_heard

ORGANIZATION = "organizations/value"
ADMINISTRATOR = f"{ORGANIZATION}/people/admin"
ADMIN = {"purpose": "programme_admin", "roles": ["programme_admin"]}
PUBLISHED, FAILED = 3, 4
TOO_FEW_RELATIONSHIPS = 7


@pytest.fixture(scope="module")
def api(suite):
    return API(suite.home, suite.address())


@pytest.fixture(scope="module")
def months(suite, api):
    """Twelve coachees of four coaches in one unit, two in another, whose past of four months is imported; the roll-ups of the
    two months that were over last."""
    frame = programme(api, ORGANIZATION)
    start = datetime.datetime.now(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start -= datetime.timedelta(days=150)
    coaches = [create_person(api, ORGANIZATION, f"coach-{number}") for number in range(4)]
    for number in range(14):
        past = Past(api, frame, coaches[number % 4], number, start)
        for week in range(14):
            for item in ("DEPENDABLE", "HONEST", "USEFUL", "UNDERSTOOD"):
                past.say(past.coachee, 7 * week + 1, "SubmitPulse", parent=past.name, item=item, value=3 + week // 7)
        past.say(past.coachee, 140, "FinishImport", name=past.name)
    eventually("trust-scoring has heard of all", lambda: has_heard(suite), 30)
    first = datetime.date.today().replace(day=1)
    latest = first - datetime.timedelta(days=1)
    earlier = latest.replace(day=1) - datetime.timedelta(days=1)
    names = []
    for month in (earlier, latest):
        asked = api("PublishRollup", ADMINISTRATOR, {"parent": ORGANIZATION, "month": f"{month:%Y-%m}"}, **ADMIN)
        get = lambda name=asked.name: api("GetRollup", ADMINISTRATOR, {"name": name}, **ADMIN)  # noqa: E731
        rollup = eventually("it is made", lambda get=get: (found := get()).state in (PUBLISHED, FAILED) and found, 60)
        assert rollup.state == PUBLISHED, rollup.failure_message
        names.append(rollup.name)
    return names


class Past:
    """A pair whose past is imported, dated by days since its start."""

    def __init__(self, api: API, frame: str, coach: str, number: int, start: datetime.datetime):
        self.api, self.coach, self.start = api, coach, start
        self.coachee = f"{ORGANIZATION}/people/coachee-{number}"
        person = {"displayName": "A", "unit": "Sales" if number < 12 else "=Ops, abroad"}
        self.api(
            "CreatePerson", ADMINISTRATOR,
            {"parent": ORGANIZATION, "personId": f"coachee-{number}", "person": person}, **ADMIN,
        )  # fmt: skip
        relationship = {"kind": "COACHING", "programme": frame, "trustee": coach, "trustor": self.coachee,
                        "importing": True}  # fmt: skip
        asked = self.say(self.coachee, 0, "RequestRelationship", parent=ORGANIZATION, relationship=relationship)
        self.name = asked.name
        self.say(coach, 0, "AcceptRequest", name=self.name)
        terms = {"purpose": "Better calls", "confidentialityClauses": ["What is said here stays here."],
                 "sharingRules": ["Nothing is shared."], "limits": "Law and risk of harm."}  # fmt: skip
        agreement = self.say(coach, 0, "ReviseAgreement", parent=self.name, agreement=terms)
        for signer in (coach, self.coachee):
            self.say(signer, 0, "SignAgreement", name=agreement.name)
        self.say(self.coachee, 0, "ActivateRelationship", name=self.name)

    def say(self, person: str, day: float, method: str, **fields):
        at = (self.start + datetime.timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.api(method, person, {**fields, "occurredAt": at}, scope="import")


def document(suite, api, rollup: str, query: str, person: str = ADMINISTRATOR, **claims):
    token = api.token(person, **(claims or ADMIN))
    request = urllib.request.Request(
        f"http://{suite.address()}/v1/{rollup}/programmeValue{query}", headers={"authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers["content-type"], answer.read()


def test_an_association_of_few_is_withheld_S38(api, months):
    [report] = api.all("ListAssociationReports", ADMINISTRATOR, {"parent": months[1]}, **ADMIN)
    assert "association, not cause" in report.caution
    assert [a.reason for a in report.associations] == [TOO_FEW_RELATIONSHIPS] * 5
    assert not any(a.HasField("correlation") or a.HasField("interval") for a in report.associations)
    with pytest.raises(grpc.RpcError) as caught:
        api.once("GetAssociationReport", f"{ORGANIZATION}/people/coach-0", {"name": report.name})
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_csv_has_intervals_and_marks_what_is_suppressed_S51(suite, api, months):
    kind, body = document(suite, api, months[1], ":export?format=CSV")
    assert kind == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    whole = next(row for row in rows if row["unit"] == "" and row["metric"] == "TRUST_LEVEL")
    for side in ("before", "after", "change"):
        lower, value, upper = (float(whole[side + end]) for end in ("_lower", "", "_upper"))
        assert lower <= value <= upper
    assert whole["before_month"] == months[0][-7:] and whole["after_month"] == months[1][-7:]
    small = [row for row in rows if row["unit"] == "'=Ops, abroad"]
    assert len(small) == 21 and all(row["after"] == "" and row["change"] == "" for row in small)
    assert {row["after_suppressed"] for row in small} >= {"TOO_FEW_COACHEES"}
    cells = api.all("ListRollupCells", ADMINISTRATOR, {"parent": months[1]}, **ADMIN)
    [cell] = [cell for cell in cells if cell.unit == ""]
    [trust] = [figure for figure in cell.figures if figure.metric == 1]
    assert float(whole["after"]) == pytest.approx(trust.value.value), "what the roll-up shows, and nothing else"


def test_pdf_has_intervals_and_marks_what_is_suppressed_S51(suite, api, months):
    kind, body = document(suite, api, months[1], ":export?format=PDF")
    assert kind == "application/pdf"
    reader = pypdf.PdfReader(io.BytesIO(body), strict=True)
    assert reader.metadata.title.startswith("What has changed")
    text = "\n".join(page.extract_text() for page in reader.pages)
    _, rows = document(suite, api, months[1], ":export?format=CSV")
    whole = next(
        row for row in csv.DictReader(io.StringIO(rows.decode(), newline=""))
        if row["unit"] == "" and row["metric"] == "TRUST_LEVEL"
    )  # fmt: skip
    assert f"{whole['before']} ({whole['before_lower']} to {whole['before_upper']})" in text
    assert f"{whole['after']} ({whole['after_lower']} to {whole['after_upper']})" in text
    assert "withheld: too few coachees" in text and "no proof of an effect" in text.replace("\n", " ")


def test_the_same_as_json(suite, api, months):
    kind, body = document(suite, api, months[1], f"?baseline={months[0][-7:]}&unit=Sales")
    assert kind == "application/json"
    lines = json.loads(body)["lines"]
    assert {line["unit"] for line in lines} == {"Sales"} and len(lines) == 21


@pytest.mark.parametrize("query, status", [(":export", 400), (":export?format=XLS", 400), (":export?baseline=x", 400)])
def test_bad_questions(suite, api, months, query, status):
    with pytest.raises(urllib.error.HTTPError) as caught:
        document(suite, api, months[1], query)
    assert caught.value.code == status


def test_for_nobody_else(suite, api, months):
    with pytest.raises(urllib.error.HTTPError) as caught:
        document(suite, api, months[1], ":export?format=PDF", f"{ORGANIZATION}/people/coach-0", purpose="coaching")
    assert caught.value.code == 403
