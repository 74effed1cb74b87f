"""The gateway's own description of itself, by a validator of another maker, and against what it answers."""

import http.client
import json

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator


def get(suite, path: str, role: str | None = None) -> tuple[int, dict]:
    host, port = suite.address().rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.request("GET", path, headers={"authorization": f"Bearer {suite.token(role)}"} if role else {})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text)


@pytest.fixture(scope="module")
def document(suite) -> dict:
    status, document = get(suite, "/openapi.json")
    assert status == 200
    return document


def test_the_document_is_valid(document):
    errors = [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]
    assert errors == []


def test_every_operation_and_schema_is_explained(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation.get("summary"), f"{method} {path}"
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("type"), name


def test_answers_are_as_described(suite, document):
    """Each GET that the demo can fill, as the coach and as the coachee; of a list its first entry as well."""
    known = {"organization": suite.demo()["organization"].split("/")[1], "relationship": suite.relationship().split("/")[3]}
    checked = set()
    for role in ["coach", "coachee"]:
        for path, item in document["paths"].items():
            operation = item.get("get")
            if not operation or "application/json" not in operation["responses"]["200"]["content"]:
                continue
            wanted = [p["name"] for p in operation.get("parameters", []) if p.get("in") == "path"]
            if any(name not in known for name in wanted):
                continue
            status, answer = get(suite, path.format(**known), role)
            if status == 200:
                check(document, operation["responses"]["200"]["content"]["application/json"]["schema"], answer, path)
                checked.add(operation["operationId"])
                remember(answer, known)
            else:
                check(document, {"$ref": "#/components/schemas/Error"}, answer, path)
    for operation in ["GoalsService_ListGoals", "ViewsService_GetCoachView", "ViewsService_GetSessionBrief",
                      "TrustService_GetTrustProfile", "TrustService_ExplainChange"]:  # fmt: skip
        assert operation in checked
    assert len(checked) > 20


def check(document: dict, schema: dict, answer: dict, path: str):
    whole = {**schema, "components": document["components"]}
    errors = [error.message for error in Draft202012Validator(whole).iter_errors(answer)]
    assert errors == [], f"{path}: {errors[:3]}"


def remember(answer: dict, known: dict):
    """The ids in the first name of a list's answer: what the next paths can ask for."""
    for value in answer.values():
        if isinstance(value, list) and value and isinstance(value[0], dict) and "name" in value[0]:
            parts = value[0]["name"].split("/")
            if len(parts) == 6 and parts[3] == known["relationship"]:
                known.setdefault(parts[4].removesuffix("s"), parts[5])
