"""Two organisations side by side: no RPC, filter, page token or guess leads from one to the other."""

import grpc
import pytest

from api import API, Pair, programme
from contract import rpcs

RPCS = [rpc for rpc in rpcs() if rpc.named]
LISTS = [rpc for rpc in RPCS if rpc.is_list]


@pytest.fixture(scope="module")
def api(suite):
    return API(suite.home, suite.address())


@pytest.fixture(scope="module")
def globex(api):
    """An organisation of its own, with a pair at work and with the same ids of people as the demo."""
    organization = "organizations/globex"
    frame = programme(api, organization)
    pair = Pair(api, organization, frame, "1")
    pair.as_coach("GiveRecognition", parent=pair.name, behaviour="You asked twice", impact="They told you the reason")
    for number in range(3):
        pair.as_coach(
            "RecordDecision", parent=pair.name,
            decision={"what": f"decision {number}", "why": "so", "affects": [pair.coachee]},
        )  # fmt: skip
    return pair


@pytest.fixture(scope="module")
def names(suite, api, globex):
    """For each organisation, and each collection, the names that its own people can list."""
    demo = suite.demo()["organization"]
    mira, jonas, admin = (f"{demo}/people/{who}" for who in ("mira", "jonas", "tomas"))
    found = {}
    for organization, pair, people in [
        (demo, suite.relationship(), [mira, jonas, admin]),
        ("organizations/globex", globex.name, [globex.coachee, globex.coach, "organizations/globex/people/admin"]),
    ]:
        known = {
            "organizations/*": {organization},
            "organizations/*/relationships/*": {pair},
            "organizations/*/relationships/*/trustProfile": {f"{pair}/trustProfile"},
        }
        for _ in range(2):
            for rpc in LISTS:
                field, pattern = rpc.named
                if "}/" not in rpc.route[1] or ":" in rpc.route[1]:
                    continue
                key = "/".join([*pattern, rpc.route[1].rsplit("}/", 1)[1], "*"])
                for parent in sorted(known.get("/".join(pattern), ()))[:3]:
                    for person in people:
                        try:
                            answer = api.once(
                                rpc.path, person, {field: parent, "pageSize": 3}, roles=["programme_admin"]
                            )
                        except grpc.RpcError:
                            continue
                        for listed in answer.DESCRIPTOR.fields:
                            if listed.is_repeated and listed.message_type:
                                items = getattr(answer, listed.name)
                                known.setdefault(key, set()).update(i.name for i in items if getattr(i, "name", ""))
        found[organization] = known
    return found


def test_each_sees_its_own_alone(names):
    for organization, known in names.items():
        assert all(name.startswith(organization + "/") or name == organization for s in known.values() for name in s)
        assert sum(map(len, known.values())) > 10


@pytest.mark.parametrize("rpc", RPCS, ids=lambda rpc: rpc.name)
def test_no_name_of_the_other(suite, api, names, globex, rpc):
    """People of both kinds, party and administrator, with each name of the other organisation."""
    demo = suite.demo()["organization"]
    field, pattern = rpc.named
    for own, other, people in [
        (demo, "organizations/globex", ["mira", "jonas", "tomas"]),
        ("organizations/globex", demo, ["coachee-1", "coach-1", "admin"]),
    ]:
        for name in sorted(names[other].get("/".join(pattern), ()))[:2]:
            for person in people:
                with pytest.raises(grpc.RpcError) as caught:
                    api.once(rpc.path, f"{own}/people/{person}", {field: name}, roles=["programme_admin"], scope="import")
                assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED, f"{name}: {caught.value.details()}"
                assert other not in caught.value.details()


@pytest.mark.parametrize("rpc", LISTS, ids=lambda rpc: rpc.name)
def test_no_guess_by_transplanting_ids(suite, api, names, rpc):
    """An id of the other organisation under one's own parent is nothing."""
    demo = suite.demo()["organization"]
    pair = suite.relationship()
    pattern = "/".join(rpc.named[1])
    if not pattern.startswith("organizations/*/relationships/*"):
        pytest.skip("has no pair above it")
    [theirs] = names["organizations/globex"]["organizations/*/relationships/*"]
    for name in sorted(names["organizations/globex"].get(pattern, ()))[:2]:
        moved = name.replace(theirs, pair)
        if moved == pair:
            continue
        with pytest.raises(grpc.RpcError) as caught:
            api.once(rpc.path, f"{demo}/people/mira", {rpc.named[0]: moved})
        assert caught.value.code() in {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.PERMISSION_DENIED}


def test_no_page_token_of_the_other(suite, api, globex):
    """A token is good for its own list: with it one gets neither further there nor into the other's list."""
    mira, pair = f"{suite.demo()['organization']}/people/mira", suite.relationship()
    theirs = globex.as_coach("ListDecisions", parent=globex.name, pageSize=1).next_page_token
    own = api("ListDecisions", mira, {"parent": pair, "pageSize": 1}).next_page_token
    assert theirs and own
    for person, parent, token, code in [
        (mira, pair, theirs, grpc.StatusCode.INVALID_ARGUMENT),
        (globex.coach, globex.name, own, grpc.StatusCode.INVALID_ARGUMENT),
        (mira, globex.name, theirs, grpc.StatusCode.PERMISSION_DENIED),
    ]:
        with pytest.raises(grpc.RpcError) as caught:
            api.once("ListDecisions", person, {"parent": parent, "pageToken": token})
        assert caught.value.code() == code


def test_no_filter_that_reaches_the_other(suite, api, globex):
    """A filter chooses among what one may see, whatever it says."""
    admin = f"{suite.demo()['organization']}/people/tomas"
    organization = suite.demo()["organization"]
    for method, fields in [
        ("ListRelationships", {"filter": f'name = "{globex.name}" OR trustor = "{globex.coachee}"'}),
        ("ListPeople", {"filter": f'name = "{globex.coach}" OR NOT name = "x"'}),
    ]:
        items = api.all(method, admin, {"parent": organization, **fields}, purpose="programme_admin",
                        roles=["programme_admin"])  # fmt: skip
        assert all(item.name.startswith(organization + "/") for item in items)
