"""Keys for links are replaced in one write, and dropped when no meeting of their time is open."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.dynamodb import OPEN_INDEX
from chalicelib.adapters.keys import TableKeys
from chalicelib.domain import rows
from chalicelib.domain.errors import Forbidden
from chalicelib.domain.keys import Keys, Purpose
from chalicelib.domain.seat import Role
from chalicelib.people import links
from tests.builders import meeting
from tests.tools.deploying.world import Project
from tools import rotate, rotation
from tools.account import Clients
from tools.stage import APP, Stage, StageError

STATE, TABLE = "elephant-state-dev", "elephant-meetings-dev"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
DAY = timedelta(days=1)
OUTPUTS = {"StateTable": STATE, "TableName": TABLE}
OLD = "what links were signed with"


class Place:
    """A stage with its two tables, the key `OLD` for links, and a clock that is set by hand."""

    def __init__(self, stage: Stage, client: Clients) -> None:
        self.stage, self.client, self.now = stage, client, NOW
        key: Any = {"AttributeName": "id", "KeyType": "HASH"}
        by_open: Any = {"AttributeName": "open", "KeyType": "HASH"}
        index: Any = {"IndexName": OPEN_INDEX, "KeySchema": [by_open], "Projection": {"ProjectionType": "KEYS_ONLY"}}
        names: Any = [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "open")]
        usual: Any = {"BillingMode": "PAY_PER_REQUEST", "KeySchema": [key]}
        dynamodb = client("dynamodb")
        dynamodb.create_table(TableName=STATE, AttributeDefinitions=names[:1], **usual)
        dynamodb.create_table(TableName=TABLE, AttributeDefinitions=names, GlobalSecondaryIndexes=[index], **usual)
        template = {
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {name: {"Value": value} for name, value in OUTPUTS.items()},
        }
        client("cloudformation").create_stack(StackName=stage.stack, TemplateBody=json.dumps(template))
        gateway = client("apigateway")
        self.api = gateway.create_rest_api(name=APP)["id"]
        root = {"restApiId": self.api, "resourceId": gateway.get_resources(restApiId=self.api)["items"][0]["id"]}
        gateway.put_method(**root, httpMethod="GET", authorizationType="NONE")
        gateway.put_integration(**root, httpMethod="GET", type="MOCK")
        gateway.create_deployment(restApiId=self.api, stageName=stage.name)
        self.put(present=OLD, earlier=[])

    def put(self, **attributes: Any) -> None:
        item = {name: rows.encode(value) for name, value in {"id": "key/links", **attributes}.items()}
        self.client("dynamodb").put_item(TableName=STATE, Item=item)

    @property
    def item(self) -> dict[str, Any]:
        found = self.client("dynamodb").get_item(TableName=STATE, Key={"id": {"S": "key/links"}})
        return rows.decode(found["Item"])

    @property
    def keys(self) -> Keys:
        """What the app reads."""
        found = TableKeys(self.client("dynamodb"), STATE, lambda: self.now).of(Purpose.LINKS)
        assert found
        return found

    def meeting(self, meeting_id: str, created_at: datetime = NOW - DAY, **attributes: Any) -> None:
        values = {"id": meeting_id, "status": "SCHEDULED", "open": "1", "links": "signed", "meet_time": NOW + DAY}
        row = values | {"created_at": created_at} | attributes
        item = {name: rows.encode(value) for name, value in row.items() if value is not None}
        self.client("dynamodb").put_item(TableName=TABLE, Item=item)

    def end(self, meeting_id: str) -> None:
        self.client("dynamodb").delete_item(TableName=TABLE, Key={"id": {"S": meeting_id}})

    def rotate(self) -> None:
        rotate.rotate(self.stage, self.client, lambda: self.now)

    def forget(self, sure: Callable[[str], str] | None = None) -> None:
        rotate.forget(self.stage, self.client, sure=sure, clock=lambda: self.now)

    def deploy(self) -> list[str]:
        return rotation.drop_unneeded(OUTPUTS, self.client, lambda: self.now)


@pytest.fixture
def place(stage: Stage, client: Clients) -> Place:
    return Place(stage, client)


def opens(link: str, keys: Keys, **row: Any) -> bool:
    try:
        links.refuse_dead(links.parse(link, Role.TEACHER, lambda: keys), meeting(id="m", links="signed", **row))
    except Forbidden:
        return False
    return True


def test_a_new_key_signs_and_the_one_before_opens_links_of_its_time_alone(place: Place) -> None:
    place.meeting("m")
    place.rotate()
    keys = place.keys
    assert (keys.earlier, keys.replaced_at) == ((OLD,), {OLD: NOW})
    assert len(bytes.fromhex(keys.present)) == 32
    by_old = links.public_id(meeting(id="m"), Role.TEACHER, Keys(OLD))
    assert opens(by_old, keys, created_at=rows.timestamp(NOW - DAY))
    assert not opens(by_old, keys, created_at=rows.timestamp(NOW + DAY))


def test_a_version_that_knows_nothing_of_it_still_reads_the_keys(place: Place) -> None:
    """Functions of the version before, while a deploy runs or after a rollback: `present` and `earlier` are as ever."""
    place.meeting("m")
    place.rotate()
    assert isinstance(place.item["present"], str)
    assert place.item["earlier"] == [OLD]


def test_keys_are_dropped_when_no_meeting_of_their_time_is_open(place: Place) -> None:
    place.meeting("first")
    place.rotate()
    first = place.keys.present
    place.now += DAY
    place.meeting("second", place.now)
    place.now += DAY
    place.rotate()
    assert place.keys.earlier == (first, OLD), "each of them has signed an open meeting's links"
    place.end("first")
    place.now += DAY
    second = place.keys.present
    place.rotate()
    assert place.keys.earlier == (second, first), "the oldest one's are over; the last one may still sign"
    place.now += DAY
    assert place.deploy() == []
    place.end("second")
    assert place.deploy() == ["earlier keys for links were dropped: no open meeting is so old"]
    assert place.keys == Keys(place.keys.present)
    assert place.deploy() == []


def test_a_key_that_containers_may_still_sign_with_is_kept_though_nothing_is_open(place: Place) -> None:
    place.rotate()
    place.now += timedelta(minutes=9)
    assert place.deploy() == []
    assert place.keys.earlier == (OLD,)
    place.now += timedelta(minutes=1)
    assert place.deploy()
    assert place.keys == Keys(place.keys.present)


def test_a_deploy_leaves_keys_of_which_it_is_not_known_when_they_were_replaced(place: Place) -> None:
    place.put(present="k", earlier=["of 0.1.0"], all_signed=True)
    assert place.deploy() == []
    assert place.keys == Keys("k", ("of 0.1.0",), all_signed=True)


def test_a_deploy_drops_one_that_no_open_meeting_needs(project: Project, stage: Stage, client: Clients) -> None:
    project.deploy(stage)
    rotate.rotate(stage, client, lambda: NOW)
    assert "earlier keys for links were dropped: no open meeting is so old" in project.deploy(stage)


def test_from_a_rotation_on_it_is_known_that_such_a_key_signs_no_more(place: Place) -> None:
    place.meeting("m")
    place.put(present="k", earlier=["of 0.1.0"], all_signed=True)
    place.rotate()
    assert place.keys.replaced_at == {"k": NOW, "of 0.1.0": NOW}
    assert place.keys.earlier == ("k", "of 0.1.0")
    assert place.keys.all_signed


def test_no_row_is_scanned_and_none_is_read_where_no_key_was_replaced(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "open_meetings", lambda *_: pytest.fail("meetings were read"))
    assert place.deploy() == []


@pytest.mark.parametrize("meanwhile", ["rotated", "forgotten", "an edit"])
def test_of_two_at_once_one_is_refused_and_no_key_is_lost(
    place: Place, meanwhile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.meeting("m")
    read, other = rotation.open_meetings, {"rotated": place.rotate, "forgotten": place.forget}.get(meanwhile)

    def late(*given: Any) -> Any:
        monkeypatch.setattr(rotation, "open_meetings", read)
        if other:
            other()
        else:
            place.put(present=OLD, earlier=["by hand"])
        return read(*given)

    monkeypatch.setattr(rotation, "open_meetings", late)
    with pytest.raises(StageError, match="this changed nothing"):
        place.rotate()
    assert place.keys.earlier == {"rotated": (OLD,), "forgotten": (), "an edit": ("by hand",)}[meanwhile]


@pytest.mark.parametrize("written", [False, True])
def test_one_that_is_killed_or_hears_no_answer_has_changed_all_or_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, written: bool
) -> None:
    place.meeting("m")
    dynamodb = place.client("dynamodb")
    write = dynamodb.update_item

    def cut_off(**request: Any) -> None:
        if written:
            write(**request)
        raise ClientError({"Error": {"Code": "InternalServerError", "Message": "lost"}}, "UpdateItem")

    monkeypatch.setattr(dynamodb, "update_item", cut_off)
    with pytest.raises(ClientError):
        place.rotate()
    monkeypatch.setattr(dynamodb, "update_item", write)
    assert place.keys.earlier == ((OLD,) if written else ())
    place.rotate()
    assert OLD in place.keys.earlier


def test_a_write_whose_answer_was_lost_and_that_is_sent_again_is_known_as_ones_own(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamodb = place.client("dynamodb")
    write = dynamodb.update_item

    def twice(**request: Any) -> Any:
        write(**request)
        return write(**request)

    monkeypatch.setattr(dynamodb, "update_item", twice)
    place.now += timedelta(microseconds=1)
    place.rotate()
    assert place.keys.earlier == (OLD,)


# --- a key that has got out


def test_who_forgets_is_asked_with_what_it_means_and_is_shown_the_new_links(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.put(present="got out", earlier=["older"], replaced_at={"older": NOW - DAY})
    place.meeting("open")
    place.meeting("anew", teacher_link_number=2)
    place.meeting("cancelled", termination_reason="CANCELLED")
    place.meeting("unsigned", links=None)
    asked: list[str] = []

    def agree(question: str) -> str:
        asked.append(capsys.readouterr().out)
        return "dev"

    place.forget(agree)
    assert "the people of 2 open meetings need new ones" in " ".join(asked[0].split())
    keys = place.keys
    assert (keys.earlier, keys.replaced_at) == ((), {})
    told = capsys.readouterr().out
    assert "got out" not in told
    assert keys.present not in told
    page = f"https://{place.api}.execute-api.us-west-2.amazonaws.com/dev/meeting"
    for row in (meeting(id="open"), meeting(id="anew", teacher_link_number=2)):
        for role in Role:
            assert links.link(page, row, role, keys) in told
            assert not opens(links.public_id(row, role, Keys("got out")), keys, created_at=rows.timestamp(NOW - DAY))
    assert "cancelled" not in told
    assert "unsigned" not in told


def test_who_is_not_sure_changes_nothing(place: Place) -> None:
    with pytest.raises(StageError, match="nothing was changed"):
        place.forget(lambda _: "yes")
    assert place.keys == Keys(OLD)


# --- the command


@pytest.mark.parametrize("item", [None, {"present": 7}, {"present": "k", "earlier": "x"}])
@pytest.mark.parametrize("way", ["rotate", "forget"])
def test_without_a_key_that_can_be_read_none_is_made(place: Place, item: Mapping[str, Any] | None, way: str) -> None:
    if item:
        place.put(**item)
    else:
        place.client("dynamodb").delete_item(TableName=STATE, Key={"id": {"S": "key/links"}})
    with pytest.raises(StageError, match="has no key for links"):
        getattr(place, way)()


@pytest.mark.parametrize(("flags", "said"), [([], "signed with a new key"), (["--forget", "--yes"], "no earlier one")])
def test_an_operator_replaces_it_by_a_command_that_shows_no_key(
    place: Place, flags: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["rotate", "--stage", "dev", *flags])
    monkeypatch.setattr(rotate, "load", lambda _: place.stage)
    monkeypatch.setattr(rotate, "clients", lambda _: place.client)
    assert rotate.main() == 0
    told = capsys.readouterr().out
    assert said in " ".join(told.split())
    assert not [key for key in (OLD, place.keys.present) if key in told]
    assert place.keys.earlier == (() if flags else (OLD,))


def test_where_the_meetings_cannot_be_read_no_key_is_replaced(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.client("dynamodb").delete_table(TableName=TABLE)
    monkeypatch.setattr("sys.argv", ["rotate", "--stage", "dev"])
    monkeypatch.setattr(rotate, "load", lambda _: place.stage)
    monkeypatch.setattr(rotate, "clients", lambda _: place.client)
    assert rotate.main() == 1
    assert "Not replaced: Which meetings are open is not known" in " ".join(capsys.readouterr().err.split())
    assert place.keys == Keys(OLD)
