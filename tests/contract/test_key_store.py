"""The port `KeyStore`: on the state table, and as the environment of a run at home gives it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.keys import ACCESS, GivenKeys, TableKeys, access_item
from chalicelib.domain.access import AccessKey, Scope, digest_of, find
from chalicelib.domain.certificate import Certificate
from chalicelib.domain.errors import ConfigError, Unavailable
from chalicelib.domain.keys import Keys, Purpose
from localcloud.clock import VirtualClock
from localcloud.tables import STATE

from .conftest import NO_NETWORK, Account

TABLE = "elephant-state-dev"
AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
BAD_ITEMS: dict[str, dict[str, Any]] = {
    "no key": {},
    "a number": {"present": {"N": "1"}},
    "empty": {"present": {"S": ""}},
    "an earlier key that is none": {"present": {"S": "new"}, "earlier": {"L": [{"S": "old"}, {"N": "1"}]}},
    "earlier keys in another kind": {"present": {"S": "new"}, "earlier": {"S": "old"}},
    "a moment that is none": {"present": {"S": "new"}, "replaced_at": {"M": {"old": {"S": "lately"}}}},
    "a moment in another kind": {"present": {"S": "new"}, "replaced_at": {"M": {"old": {"N": "7"}}}},
    "moments in another kind": {"present": {"S": "new"}, "replaced_at": {"L": []}},
}


class Stage:
    """The state table, and the port on it."""

    def __init__(self, account: Account, clock: VirtualClock) -> None:
        self.account = account
        self.clock = clock
        self.api = account.client("dynamodb")
        self.api.create_table(TableName=TABLE, **STATE)
        self.keys = TableKeys(account.watched_client("dynamodb"), TABLE, clock.now)

    def put(self, purpose: str, present: str, *earlier: str) -> None:
        self.item(purpose, {"present": {"S": present}, "earlier": {"L": [{"S": key} for key in earlier]}})

    def item(self, purpose: str, attributes: dict[str, Any]) -> None:
        self.api.put_item(TableName=TABLE, Item={"id": {"S": f"key/{purpose}"}, **attributes})

    def pass_by(self, seconds: float) -> None:
        self.clock.run(self.clock.now() + timedelta(seconds=seconds))

    def reads(self) -> list[dict[str, Any]]:
        return self.account.requests.to("GetItem")


@pytest.fixture
def stage(account: Account, clock: VirtualClock) -> Stage:
    return Stage(account, clock)


def test_the_keys_of_a_purpose_are_its_item(stage: Stage) -> None:
    """The present key and the earlier ones; another purpose's are another item's."""
    stage.put("links", "new", "old", "older")
    stage.put("vouching", "other")
    assert stage.keys.of(Purpose.LINKS) == Keys("new", ("old", "older"))
    assert stage.keys.of(Purpose.VOUCHING) == Keys("other")


def test_an_item_without_earlier_keys_has_none(stage: Stage) -> None:
    stage.item("links", {"present": {"S": "new"}})
    assert stage.keys.of(Purpose.LINKS) == Keys("new")


def test_that_every_link_was_signed_is_told_with_the_key(stage: Stage) -> None:
    stage.item("links", {"present": {"S": "k"}, "all_signed": {"BOOL": True}})
    assert stage.keys.of(Purpose.LINKS) == Keys("k", all_signed=True)


def test_when_earlier_keys_were_replaced_stands_beside_them(stage: Stage) -> None:
    """By the keys themselves, so that a hand may take one out of the list or add one without spoiling the others."""
    moments = {"old": {"S": "2026-03-01T15:00:00Z"}, "gone": {"S": "2026-02-01T15:00:00Z"}}
    earlier = {"L": [{"S": "old"}, {"S": "older"}]}
    stage.item("links", {"present": {"S": "new"}, "earlier": earlier, "replaced_at": {"M": moments}})
    found = stage.keys.of(Purpose.LINKS)
    assert found
    assert found.earlier == ("old", "older")
    assert found.signs_until("old") == datetime(2026, 3, 1, 15, 10, tzinfo=UTC)
    assert found.signs_until("older") is None
    assert "old" not in repr(found)


def test_the_root_of_desktops_certificates_comes_with_the_keys_for_tokens(stage: Stage) -> None:
    """One read for both, and a minute later one for both again."""
    stage.item("tokens", {"present": {"S": "k"}, "issuer_root": {"S": "a root"}})
    assert (stage.keys.of(Purpose.TOKENS), stage.keys.issuer_root()) == (Keys("k"), "a root")
    assert len(stage.reads()) == 1
    stage.pass_by(60)
    stage.put("tokens", "k")
    assert (stage.keys.issuer_root(), stage.keys.of(Purpose.TOKENS)) == (None, Keys("k"))
    assert len(stage.reads()) == 2


def test_without_the_item_there_is_no_root(stage: Stage) -> None:
    assert stage.keys.issuer_root() is None


def test_a_purpose_without_an_item_has_no_keys(stage: Stage) -> None:
    assert stage.keys.of(Purpose.TOKENS) is None


def test_a_read_is_strongly_consistent_and_kept_for_a_minute(stage: Stage) -> None:
    """A poll costs no read of its own; a key that was rotated counts a minute later. The same for one not yet made."""
    stage.put("links", "old")
    for purpose in (Purpose.LINKS, Purpose.LINKS, Purpose.TOKENS, Purpose.TOKENS):
        stage.keys.of(purpose)
    assert [(read["Key"], read["ConsistentRead"]) for read in stage.reads()] == [
        ({"id": {"S": "key/links"}}, True),
        ({"id": {"S": "key/tokens"}}, True),
    ]
    stage.put("links", "new", "old")
    stage.pass_by(59)
    assert stage.keys.of(Purpose.LINKS) == Keys("old")
    stage.pass_by(1)
    assert stage.keys.of(Purpose.LINKS) == Keys("new", ("old",))


def test_who_takes_an_older_key_costs_no_read(stage: Stage) -> None:
    """Where a replaced key does no harm for a while; one that was not made yet is looked for again as ever."""
    day = timedelta(days=1)
    stage.put("vouching", "old")
    assert stage.keys.of(Purpose.VOUCHING, kept=day) == Keys("old")
    assert stage.keys.of(Purpose.TOKENS, kept=day) is None
    stage.put("vouching", "new", "old")
    stage.put("tokens", "made")
    stage.pass_by(60)
    assert stage.keys.of(Purpose.VOUCHING, kept=day) == Keys("old")
    assert stage.keys.of(Purpose.TOKENS, kept=day) == Keys("made")
    assert stage.keys.of(Purpose.VOUCHING) == Keys("new", ("old",))
    stage.put("vouching", "newer")
    stage.pass_by(day.total_seconds())
    assert stage.keys.of(Purpose.VOUCHING, kept=day) == Keys("newer")


@pytest.mark.parametrize("failure", [("InternalServerError", 500), ("AccessDeniedException", 400), NO_NETWORK])
def test_a_table_that_cannot_be_read_is_unavailable(stage: Stage, failure: Any) -> None:
    """Nothing is taken for unsigned or unlocked because it could not be looked at."""
    stage.put("links", "new")
    stage.account.instead["GetItem"] = failure
    with pytest.raises(Unavailable, match=f"The keys for links could not be read from {TABLE}"):
        stage.keys.of(Purpose.LINKS)
    stage.account.instead.clear()
    assert stage.keys.of(Purpose.LINKS) == Keys("new")


def test_what_was_read_before_counts_while_the_table_cannot_be_read(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Links open while DynamoDB has its moments; it is asked, and told of, once a minute."""
    stage.put("links", "new")
    stage.keys.of(Purpose.LINKS)
    stage.account.instead["GetItem"] = ("InternalServerError", 500)
    stage.pass_by(60)
    with caplog.at_level(logging.WARNING, "elephant"):
        assert [stage.keys.of(Purpose.LINKS) for _ in range(3)] == [Keys("new")] * 3
    assert len(stage.reads()) == 2
    [told] = [vars(record)["elephant"] for record in caplog.records]
    assert told["event"] == "old_keys"
    assert TABLE in told["why"]
    stage.account.instead.clear()
    stage.put("links", "newer")
    stage.pass_by(60)
    assert stage.keys.of(Purpose.LINKS) == Keys("newer")


@pytest.mark.parametrize("attributes", BAD_ITEMS.values(), ids=BAD_ITEMS)
def test_an_item_that_a_hand_has_spoilt_is_named_and_no_key_is_shown(stage: Stage, attributes: dict[str, Any]) -> None:
    """It is neither taken for no key, which would open doors, nor for a shorter list, which would close them."""
    stage.item("links", attributes)
    with pytest.raises(ConfigError, match=f"The item key/links of the table {TABLE}") as refused:
        stage.keys.of(Purpose.LINKS)
    assert "new" not in str(refused.value)


def test_a_run_at_home_takes_the_keys_of_its_environment() -> None:
    given = GivenKeys({Purpose.LINKS: "links", Purpose.TOKENS: None}, "what unlocks scheduling")
    assert given.of(Purpose.LINKS) == Keys("links", all_signed=True)
    assert given.of(Purpose.TOKENS) is None
    [key] = given.access().values()
    assert find("what unlocks scheduling", given.access(), AT) == key
    assert all(key.scope.covers(scope) for scope in Scope)
    assert GivenKeys({}).access() == {}
    assert given.of(Purpose.VOUCHING, kept=timedelta(days=1)) is None
    assert (given.certificate_id(), given.certificate(), given.certificate_ends_at()) == (None,) * 3


# --- the keys that were given out

OFFICE = AccessKey("office", Scope.SCHEDULE, digest_of("a key"), 50, AT + timedelta(hours=1))


def test_keys_that_were_given_out_are_kept_for_a_minute_or_less_and_as_hashes(stage: Stage) -> None:
    assert stage.keys.access() == {}
    stage.api.put_item(TableName=TABLE, Item=access_item({"office": OFFICE}))
    assert stage.keys.access() == {}
    assert stage.keys.access(kept=timedelta()) == {"office": OFFICE}
    assert len(stage.reads()) == 2
    stage.api.delete_item(TableName=TABLE, Key={"id": {"S": ACCESS}})
    stage.pass_by(59)
    assert stage.keys.access() == {"office": OFFICE}
    stage.pass_by(1)
    assert stage.keys.access() == {}


def test_a_revoked_key_is_not_believed_because_the_table_cannot_be_read(stage: Stage) -> None:
    stage.api.put_item(TableName=TABLE, Item=access_item({"office": OFFICE}))
    stage.keys.access()
    stage.api.delete_table(TableName=TABLE)
    stage.pass_by(60)
    with pytest.raises(Unavailable, match="The keys that were given out could not be read"):
        stage.keys.access()


@pytest.mark.parametrize(
    "entry",
    [
        {"S": "a key"},
        {"M": {}},
        {"M": {"scope": {"S": "everything"}, "digest": {"S": "d"}, "daily": {"N": "1"}}},
        {"M": {"scope": {"S": "read"}, "digest": {"S": "d"}, "daily": {"S": "many"}}},
        {"M": {"scope": {"S": "read"}, "digest": {"S": "d"}, "daily": {"N": "1"}, "expires_at": {"S": "never"}}},
    ],
)
def test_a_key_that_a_hand_has_spoilt_opens_nothing_and_no_other_is_lost(stage: Stage, entry: dict[str, Any]) -> None:
    item = access_item({"office": OFFICE})
    item["keys"]["M"]["spoilt"] = entry
    stage.api.put_item(TableName=TABLE, Item=item)
    assert stage.keys.access() == {"office": OFFICE}


def test_an_item_that_is_no_map_of_keys_is_named(stage: Stage) -> None:
    stage.item("access", {"keys": {"L": []}})
    with pytest.raises(ConfigError, match=f"The item key/access of the table {TABLE} is not as make key writes it"):
        stage.keys.access()


# --- the certificate


CERTIFICATE = {
    "certificate": {"S": "a chain"},
    "key": {"S": "a key"},
    "issuer_root": {"S": "its root"},
    "certificate_id": {"S": "its id"},
}


def test_which_certificate_is_kept_comes_with_the_keys_and_its_root_counts_more_than_the_file_s(stage: Stage) -> None:
    told = {"certificate_id": {"S": "its id"}, "certificate_root": {"S": "its root"}, "issuer_root": {"S": "a root"}}
    stage.item("tokens", {"present": {"S": "k"}, **told})
    assert (stage.keys.certificate_id(), stage.keys.issuer_root()) == ("its id", "its root")
    assert len(stage.reads()) == 1


def test_without_one_there_is_none(stage: Stage) -> None:
    """As on a stage that was deployed before there were any."""
    stage.put("tokens", "k")
    assert (stage.keys.certificate_id(), stage.keys.certificate(), stage.keys.certificate_ends_at()) == (None,) * 3


def test_the_certificate_is_read_strongly_and_kept_for_a_minute(stage: Stage) -> None:
    stage.item("tokens", {"present": {"S": "k"}, "certificate_id": {"S": "its id"}})
    stage.item("certificate", CERTIFICATE)
    for _ in range(2):
        assert stage.keys.certificate() == Certificate("a chain", "a key", "its root", "its id")
    read = [(read["Key"]["id"]["S"], read["ConsistentRead"]) for read in stage.reads()]
    assert read == [("key/tokens", True), ("key/certificate", True)]
    stage.pass_by(60)
    stage.item("certificate", CERTIFICATE | {"key": {"S": "another"}})
    found = stage.keys.certificate()
    assert found
    assert found.key == "another"


def test_an_older_one_than_desktops_are_told_of_is_read_again(stage: Stage) -> None:
    stage.item("tokens", {"present": {"S": "k"}, "certificate_id": {"S": "newer"}})
    stage.item("certificate", CERTIFICATE)
    stage.keys.certificate()
    stage.item("certificate", CERTIFICATE | {"certificate_id": {"S": "newer"}})
    found = stage.keys.certificate()
    assert found
    assert found.id == "newer"


def test_a_certificate_s_key_is_in_no_text_of_it(stage: Stage) -> None:
    stage.item("certificate", CERTIFICATE)
    assert "a key" not in repr(stage.keys.certificate())


@pytest.mark.parametrize("spoilt", [{"key": {"S": ""}}, {"certificate": {"N": "1"}}, {"issuer_root": {"NULL": True}}])
def test_a_certificate_that_a_hand_has_spoilt_is_named_and_not_shown(stage: Stage, spoilt: dict[str, Any]) -> None:
    stage.item("certificate", CERTIFICATE | spoilt)
    with pytest.raises(ConfigError, match=f"The item key/certificate of the table {TABLE}") as refused:
        stage.keys.certificate()
    assert "a chain" not in str(refused.value)


def test_one_that_cannot_be_read_is_unavailable(stage: Stage) -> None:
    stage.put("tokens", "k")
    stage.keys.of(Purpose.TOKENS)
    stage.account.instead["GetItem"] = ("InternalServerError", 500)
    with pytest.raises(Unavailable, match=f"The desktops' certificate could not be read from {TABLE}"):
        stage.keys.certificate()
    with pytest.raises(Unavailable, match="When the desktops' certificate ends could not be read"):
        stage.keys.certificate_ends_at()


def test_when_it_ends_is_told_without_a_look_at_the_key(stage: Stage) -> None:
    item = {"id": {"S": "certificate"}, "ends_at": {"S": "2027-11-27T05:20:00Z"}}
    stage.api.put_item(TableName=TABLE, Item=item)
    assert stage.keys.certificate_ends_at() == datetime(2027, 11, 27, 5, 20, tzinfo=UTC)
    assert [read["Key"]["id"]["S"] for read in stage.reads()] == ["certificate"]
    stage.api.put_item(TableName=TABLE, Item=item | {"ends_at": {"S": "soon"}})
    with pytest.raises(ConfigError, match=f"The item certificate of the table {TABLE} is not as make certificate"):
        stage.keys.certificate_ends_at()
