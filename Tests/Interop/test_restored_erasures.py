"""Backups from before an erasure: whatever is restored of them, the suite erases again by itself (docs/domain.md §6.10)."""

import pathlib
import shutil
import tempfile

import pytest

from api import API, Pair, create_person, in_days, programme
from rapport_suite import Suite, eventually
from test_operations import program
from test_privacy import SERVICES, files, succeeded
from test_secrets import Secrets

ORGANIZATION = "organizations/restored"


@pytest.mark.parametrize("restored", [SERVICES, ["relationships"], ["feedback", "goals"]], ids=" ".join)
def test_a_restored_suite_erases_again(restored):
    suite, copies = Suite().wait_ready(), pathlib.Path(tempfile.mkdtemp(prefix="rapport-copies-"))
    try:
        api = API(suite.home, lambda program: suite.address())
        frame = programme(api, ORGANIZATION)
        create_person(api, ORGANIZATION, "dpo")
        pair, secret = Pair(api, ORGANIZATION, frame, "1"), Secrets()
        parent = {"parent": pair.name}
        pair.as_coachee("CreateNote", **parent, note={"level": "PAIR", "body": secret()})
        pair.as_coachee("CreateCommitment", **parent, commitment={"text": secret(), "dueTime": in_days(2)})
        pair.as_coachee("RequestFeedback", **parent, feedbackRequest={"question": secret()})
        pair.as_coachee("CreateGoal", **parent, goal={"type": "LEARNING", "statement": secret()})

        def left() -> dict:
            return {path.name: hits for path, data in files(suite).items() if (hits := secret.found_in(data))}

        def erased(name: str) -> bool:
            return succeeded(api, f"{ORGANIZATION}/people/dpo", name, purpose="privacy")

        assert {hit for hits in left().values() for hit in hits} >= {secret.all[1], secret.all[2], secret.all[3]}
        for service in restored:
            copy = program(suite, service, "--backup", copies / service)
            assert copy.returncode == 0, copy.stderr
        erasure = api("ErasePerson", pair.coachee, {"name": pair.coachee, "confirmation": pair.coachee}).name
        eventually("the erasure", lambda: erased(erasure))
        assert left() == {}

        suite.stop()
        for service in restored:
            back = program(suite, service, "--restore", copies / service, "--replace")
            assert back.returncode == 0, back.stderr
        assert left() != {}, "the copies hold what was said"
        suite.start()
        suite.wait_ready()
        assert api("GetPerson", pair.coach, {"name": pair.coachee}).display_name == "erased person"
        eventually("the erasure, again", lambda: erased(erasure))
        eventually("its words to go", lambda: left() == {})
        assert ("erasing again" in (suite.home / "logs" / "relationships.log").read_text()) == ("relationships" in restored)
    finally:
        suite.remove()
        shutil.rmtree(copies)
