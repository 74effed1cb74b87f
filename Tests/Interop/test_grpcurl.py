"""grpcurl, which finds its way by reflection v1alpha alone."""

import json
import subprocess
import sys
import pathlib

import pytest

from rapport_suite import SERVICES

GRPCURL = pathlib.Path(sys.executable).parent / "grpcurl"


def grpcurl(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([GRPCURL, "-plaintext", "-max-time", "10", *arguments], capture_output=True, text=True)


@pytest.mark.parametrize("service", SERVICES)
def test_list(suite, service):
    result = grpcurl(suite.address(service), "list")
    assert result.returncode == 0, result.stderr
    assert "grpc.health.v1.Health" in result.stdout.split()


@pytest.mark.parametrize("through", ["trust-scoring", "gateway"])
def test_unary(suite, through):
    request = json.dumps({"name": f"{suite.relationship()}/trustProfile", "asOf": suite_day(suite, 87)})
    result = grpcurl(
        "-H", f"authorization: Bearer {suite.token('coachee')}", "-d", request, suite.address(through),
        "rapport.trust.v1.TrustService/GetProfileAt",
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["score"] == pytest.approx(0.771052, abs=1e-6)


@pytest.mark.parametrize("through", ["relationships", "gateway"])
def test_error(suite, through):
    request = json.dumps({"name": f"{suite.relationship()}/sessions/00000000-0000-7000-8000-000000000000"})
    result = grpcurl(
        "-H", f"authorization: Bearer {suite.token('coachee')}", "-d", request, suite.address(through),
        "rapport.relationships.v1.RelationshipsService/GetSession",
    )
    assert result.returncode != 0
    assert "Code: NotFound" in result.stderr


def suite_day(suite, day: int) -> str:
    import datetime

    zero = datetime.date.fromisoformat(suite.demo()["dayZero"])
    return f"{zero + datetime.timedelta(days=day)}T00:00:00Z"
