"""The certificate that the app hands over: to an instance that a living row names, whole, and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest

import app
from localcloud.cloud import STATE_TABLE
from localcloud.dcv.certificate import Authority
from tests.app.test_desktop_http import ME, OTHER, ask, meeting, signed_by
from tests.app.world import NOW, World, image
from tools import kept_certificate
from tools.kept_certificate import Facts
from tools.pem import Pair

__all__ = ["meeting"]

PATH = "/certificate"


def keep(world: World) -> Pair:
    """Keep a certificate as make certificate does."""
    pair = Authority(world.clock.now()).issue("*.example.com")
    of = Facts(id=pair.id, name="*.example.com", ends_at=pair.ends_at, kept_at=NOW)
    kept_certificate.keep(pair, of, STATE_TABLE, world.cloud.operator)
    return pair


def test_a_desktop_of_a_living_meeting_is_handed_it_whole(world: World, meeting: str) -> None:
    pair = keep(world)
    for desktop in (ME, OTHER):
        assert ask(signed_by(desktop), PATH) == (
            200,
            {
                "message": "This is the certificate for this desktop.",
                "certificate": pair.chain,
                "key": pair.key,
                "issuer_root": pair.root,
                "certificate_id": pair.id,
            },
        )


def test_it_is_told_which_one_is_kept_at_the_cost_of_the_keys(world: World, meeting: str) -> None:
    pair = keep(world)
    before = len(world.calls())
    _, told = ask(signed_by(ME))
    assert (told["certificate_id"], told["issuer_root"]) == (pair.id, pair.root)
    _, told = ask(signed_by(ME), "/presence", {"connected": False})
    assert told["certificate_id"] == pair.id
    reads = [call.operation for call in world.calls()[before:] if call.operation != "UpdateItem"]
    assert reads == ["TransactGetItems", "GetItem"], "the row with the keys, and the row"


def test_where_none_is_kept_it_is_told_none_and_refused_with_a_sentence(world: World, meeting: str) -> None:
    assert ask(signed_by(ME))[1]["certificate_id"] is None
    status, told = ask(signed_by(ME), PATH)
    assert (status, set(told)) == (404, {"message"})
    assert told["message"].startswith("This stage keeps no certificate for desktops;")


def test_the_answer_is_kept_nowhere_on_its_way(world: World, meeting: str) -> None:
    keep(world)
    event = {
        "requestContext": {
            "httpMethod": "GET",
            "resourcePath": f"/desktop/{{meetingId}}{PATH}",
            "identity": signed_by(ME),
        },
        "headers": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": {"meetingId": "m-1"},
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
    }
    assert app.app(event, None)["headers"]["Cache-Control"] == "no-store"


def test_no_line_of_the_log_holds_the_key(world: World, meeting: str) -> None:
    pair = keep(world)
    ask(signed_by(ME), PATH)
    written = json.dumps(world.log, default=str)
    assert not any(line in written for line in pair.key.splitlines())


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "TERMINATED", "termination_reason": "MAX_DURATION"},
        {"termination_reason": "CANCELLED"},
        {"teacher_ec2_id": "i-00000000000000002"},
    ],
    ids=["over", "ending", "replaced"],
)
def test_one_whose_meeting_is_over_or_that_was_replaced_gets_none(
    world: World, meeting: str, changed: dict[str, Any]
) -> None:
    keep(world)
    world.write("m-1", **changed)
    status, told = ask(signed_by(ME), PATH)
    assert status in (404, 410)
    assert "key" not in told


def test_it_costs_the_row_and_once_a_minute_itself(world: World, meeting: str) -> None:
    keep(world)
    ask(signed_by(ME), PATH)
    before = len(world.calls())
    ask(signed_by(OTHER), PATH)
    assert [call.operation for call in world.calls()[before:]] == ["GetItem"]


def test_a_newer_one_is_handed_over_within_a_minute(world: World, meeting: str) -> None:
    keep(world)
    ask(signed_by(ME), PATH)
    newer = keep(world)
    world.move(seconds=61)
    assert ask(signed_by(ME))[1]["certificate_id"] == newer.id
    assert ask(signed_by(ME), PATH)[1]["certificate"] == newer.chain


def test_a_spoilt_item_is_an_error_of_ours_that_shows_nothing_of_it(world: World, meeting: str) -> None:
    pair = keep(world)
    item = {"id": "key/certificate", "certificate": pair.chain, "key": "", "issuer_root": "", "certificate_id": "x"}
    world.cloud.operator("dynamodb").put_item(TableName=STATE_TABLE, Item=image(item))
    status, told = ask(signed_by(ME), PATH)
    assert (status, set(told)) == (500, {"message"})
    line = world.log[-1]
    assert "The item key/certificate of the table" in line["error"]
    assert "BEGIN" not in json.dumps(line)
