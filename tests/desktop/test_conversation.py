"""What the service says to the app and when, whatever the app, the network and the desktop do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.guests.desk import parse_missing
from desktop.api import AppRefused, AppUnreachable
from desktop.conversation import Conversation, Place, understand
from desktop.door import Seat
from desktop.metadata import MetadataUnavailable

ME = "i-0123456789abcdef0"
PLACE = {
    "message": "This is the desktop of the teacher.",
    "meeting_id": "m-1",
    "role": "teacher",
    "name": "Ada",
    "other_name": "Boonki",
    "jitsi_url": "https://video.example.com/room",
    "meet_time": "2026-03-01T15:00:00Z",
    "ends_at": "2026-03-01T16:00:00Z",
    "host_name": f"{ME}.example.com",
    "door_keys": ["present", "earlier"],
}
UNDERSTOOD = Place(
    Seat(ME, "teacher", ("present", "earlier")),
    "Ada",
    "Boonki",
    "https://video.example.com/room",
    datetime(2026, 3, 1, 16, 0, tzinfo=UTC),
    f"{ME}.example.com",
)


class World:
    """An app and a desktop that a test sets, and a clock that it moves; five seconds lie between two steps."""

    def __init__(self) -> None:
        self.said: list[tuple[float, str, object]] = []
        self.fails: Exception | None = None
        self.missing: tuple[str, ...] = ()
        self.connected: bool | None = False
        self.since: datetime | None = None
        self.place: Mapping[str, Any] = PLACE
        self.now_s = 0.0
        self.conversation = Conversation(
            self,
            "m/1",
            ME,
            lambda: self.missing,
            lambda: self.connected,
            lambda: self.now_s,
            since=lambda: self.since,
        )

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if self.fails:
            raise self.fails
        assert path.startswith("/desktop/m%2F1")
        self.said.append((self.now_s, f"{method} {path.removeprefix('/desktop/m%2F1')}".strip(), body))
        if path.endswith("/certificate"):
            return {"certificate_id": self.place["certificate_id"]}
        if method == "GET" or path.endswith("/presence"):
            return dict(self.place)
        return {"message": "It is noted."}

    def run(self, seconds: float) -> list[tuple[float, str, object]]:
        """Let this much time pass; return what was said meanwhile."""
        self.said.clear()
        end = self.now_s + seconds
        while self.now_s < end:
            self.conversation.step()
            self.now_s += 5
        return list(self.said)

    def told(self, what: str, seconds: float) -> list[tuple[float, object]]:
        return [(when, body) for when, asked, body in self.run(seconds) if asked == what]


@pytest.fixture
def world() -> World:
    return World()


def test_at_first_it_asks_whose_desktop_this_is_and_tells_how_it_stands(world: World) -> None:
    assert world.run(5) == [
        (0, "GET", None),
        (0, "POST /presence", {"connected": False}),
        (0, "POST /ready", {"missing": []}),
    ]
    assert world.conversation.place == UNDERSTOOD


def test_what_is_missing_is_told_every_half_minute_and_withdrawn_when_it_is_repaired(world: World) -> None:
    world.missing = ("The DCV service is not running.",)
    told = {"missing": ["The DCV service is not running."]}
    assert world.told("POST /ready", 90) == [(0, told), (30, told), (60, told)]
    world.missing = ()
    assert world.told("POST /ready", 60) == [(90, {"missing": []})]


def test_what_the_app_has_heard_too_late_is_put_right_when_the_app_next_says_what_it_knows(world: World) -> None:
    world.run(60)
    world.place = {**PLACE, "missing": ["The DCV service is not running."]}
    assert world.told("POST /ready", 260) == [(300, {"missing": []})]
    world.place = {**PLACE, "missing": []}
    assert world.told("POST /ready", 600) == []


def test_it_says_again_that_it_is_ready_where_the_row_does_not_know_it_any_more(world: World) -> None:
    world.run(60)
    world.fails = AppRefused(404, "That meeting names no desktop.")
    world.run(300)
    world.fails, world.place = None, {**PLACE, "missing": None}
    assert world.told("POST /ready", 20)[0][1] == {"missing": []}


def test_a_desktop_that_stops_being_ready_says_so(world: World) -> None:
    world.run(60)
    world.missing = ("The machine is about to restart.",)
    assert world.told("POST /ready", 30) == [(60, {"missing": ["The machine is about to restart."]})]


def test_who_comes_and_goes_is_told_within_a_quarter_of_a_minute(world: World) -> None:
    world.run(55)
    world.connected = True
    assert world.told("POST /presence", 15) == [(60, {"connected": True})]
    world.connected = False
    assert world.told("POST /presence", 15) == [(70, {"connected": False})]


def test_who_came_and_went_in_between_is_told_by_its_date(world: World) -> None:
    world.connected, world.since = True, datetime(2026, 3, 1, 15, 0, tzinfo=UTC)
    world.run(60)
    world.since = datetime(2026, 3, 1, 15, 1, tzinfo=UTC)
    told = {"connected": True, "since": "2026-03-01T15:01:00+00:00"}
    assert world.told("POST /presence", 300) == [(60, told)]


@pytest.mark.parametrize("what", ["POST /presence", "POST /ready"])
def test_what_had_no_answer_may_have_arrived_so_what_was_so_before_it_is_told_anew(world: World, what: str) -> None:
    world.run(60)
    world.fails, world.connected, world.missing = AppUnreachable("It is silent."), True, ("DCV has no session yet.",)
    world.run(60)
    world.fails, world.connected, world.missing = None, False, ()
    bodies = {"POST /presence": {"connected": False}, "POST /ready": {"missing": []}}
    assert [body for _, body in world.told(what, 60)] == [bodies[what]]


def test_what_cannot_be_told_is_not(world: World) -> None:
    world.connected = None
    assert world.told("POST /presence", 60) == []


def test_an_hour_in_which_nothing_happens_is_told_every_five_minutes(world: World) -> None:
    said = [asked for _, asked, _ in world.run(3600)]
    assert {asked: said.count(asked) for asked in said} == {"GET": 1, "POST /presence": 12, "POST /ready": 1}


# --- bad days


@pytest.mark.parametrize("trouble", [AppUnreachable("It cannot be reached."), MetadataUnavailable("They are silent.")])
def test_what_could_not_be_said_is_said_as_it_is_then(
    world: World, trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    world.run(60)
    caplog.clear()
    world.fails, world.connected, world.missing = trouble, True, ("DCV has no session yet.",)
    world.run(3600)
    world.fails, world.missing = None, ()
    said = world.run(60)
    assert [body for _, asked, body in said if asked == "POST /presence"] == [{"connected": True}]
    assert all(body == {"missing": []} for _, asked, body in said if asked == "POST /ready")
    assert [record.getMessage() for record in caplog.records] == [str(trouble), "The app is reached again."]


def test_before_the_row_names_it_a_desktop_waits_and_says_nothing(world: World) -> None:
    world.fails = AppRefused(404, "That meeting names no desktop i-1, now or yet; ask again in a moment.")
    world.run(60)
    assert world.conversation.place is None
    world.fails = None
    assert world.run(15)[0][1] == "GET"
    assert world.conversation.place == UNDERSTOOD


def test_once_it_has_ended_nothing_more_is_said(world: World) -> None:
    world.run(30)
    world.fails = AppRefused(410, "This desktop's meeting has ended.")
    world.run(60)  # what is said next, whatever it is
    world.missing = ("DCV has no session yet.",)
    world.run(60)
    assert world.conversation.is_over
    world.fails = None
    assert [asked for _, asked, _ in world.run(300) if asked != "GET"] == []


def test_a_refusal_of_another_kind_ends_nothing(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.run(30)
    world.fails = AppRefused(403, "This request is not signed by an instance of this stage's desktops.")
    world.run(900)
    assert not world.conversation.is_over
    assert [record.levelname for record in caplog.records if record.levelname != "INFO"] == ["WARNING"]


def test_a_new_end_and_new_keys_are_known_within_five_minutes(world: World) -> None:
    world.run(30)
    world.place = PLACE | {"ends_at": "2026-03-01T16:15:00Z", "door_keys": ["next", "present"]}
    world.run(300)
    place = world.conversation.place
    assert place is not None
    assert place.ends_at == datetime(2026, 3, 1, 16, 15, tzinfo=UTC)
    assert place.seat.keys == ("next", "present")


# --- what the app tells


@pytest.mark.parametrize(("told", "means"), [({}, False), ({"record": True, "uploads": True}, True)])
def test_only_where_the_app_says_so_is_recorded_and_uploaded(told: dict[str, Any], means: bool) -> None:
    place = understand(PLACE | told, ME)
    assert (place.record, place.uploads) == (means, means)


@pytest.mark.parametrize("told", [None, "true", 1, [True]])
def test_what_is_no_yes_is_none(told: object) -> None:
    place = understand(PLACE | {"record": told, "uploads": told}, ME)
    assert (place.record, place.uploads) == (False, False)


def test_what_is_not_known_is_none() -> None:
    bare = dict.fromkeys(PLACE) | {"role": "student", "host_name": "x", "door_keys": []}
    assert understand(bare, ME) == Place(Seat(ME, "student", ()), None, None, None, None, "x")


@pytest.mark.parametrize(
    "changed",
    [
        {"role": None},
        {"role": "pupil"},
        {"host_name": None},
        {"door_keys": None},
        {"door_keys": "k"},
        {"ends_at": "x"},
        {"closes_at": "x"},
    ],
)
def test_an_answer_of_another_kind_is_trouble_that_passes(changed: dict[str, Any]) -> None:
    with pytest.raises(AppUnreachable):
        understand(PLACE | changed, ME)


def test_an_answer_of_another_kind_keeps_what_was_known(world: World) -> None:
    world.run(30)
    world.place = {"message": "Hello."}
    world.run(900)
    assert world.conversation.place == UNDERSTOOD


@pytest.mark.parametrize(
    "missing",
    [
        ["x" * 5000],
        ["A check of the operator's: two\nlines\tand \x00 more\u2028."],
        ["\n", ""],
        [f"Reason {number}." for number in range(30)],
        ["عائشة 🐘 \ud800"],
    ],
)
def test_whatever_is_missing_is_told_as_the_app_takes_it(world: World, missing: list[str]) -> None:
    world.missing = tuple(missing)
    [(_, body)] = world.told("POST /ready", 5)
    told = parse_missing(json.loads(json.dumps(body)))
    assert told
    assert all(told)


# --- the certificate


class Keeper:
    """What installs certificates, as a test lets it."""

    def __init__(self) -> None:
        self.installed: str | None = None
        self.takes = True
        self.failures: list[str] = []

    def wants(self, which: str | None) -> bool:
        return which is not None and which != self.installed

    def failed(self, why: str) -> None:
        self.failures.append(why)

    def install(self, told: Mapping[str, Any]) -> None:
        self.installed = told["certificate_id"] if self.takes else self.installed


FETCHED = "GET /certificate"


@pytest.fixture
def keeper(world: World) -> Keeper:
    keeper = Keeper()
    world.conversation = Conversation(world, "m/1", ME, lambda: (), lambda: False, lambda: world.now_s, keeper)
    return keeper


def test_a_certificate_that_the_app_keeps_is_fetched_before_the_desktop_says_that_it_is_ready(
    world: World, keeper: Keeper
) -> None:
    world.place = PLACE | {"certificate_id": "a"}
    asked = [what for _, what, _ in world.run(900)]
    assert asked[:4] == ["GET", "POST /presence", FETCHED, "POST /ready"]
    assert asked.count(FETCHED) == 1
    assert keeper.installed == "a"


@pytest.mark.parametrize("place", [PLACE, PLACE | {"certificate_id": None}, PLACE | {"certificate_id": 7}])
def test_where_the_app_keeps_none_nothing_is_fetched(world: World, keeper: Keeper, place: dict[str, Any]) -> None:
    """An app of an earlier version says nothing of it."""
    world.place = place
    assert FETCHED not in [what for _, what, _ in world.run(900)]


def test_a_newer_one_is_fetched_as_soon_as_the_app_tells_of_it(world: World, keeper: Keeper) -> None:
    world.place = PLACE | {"certificate_id": "a"}
    world.run(200)
    world.place = PLACE | {"certificate_id": "b"}
    said = [(when, what) for when, what, _ in world.run(300)]
    assert (300, "POST /presence") in said
    assert [each for each in said if each[1] == FETCHED] == [(300, FETCHED)]


def test_one_that_cannot_be_installed_is_fetched_again_every_ten_seconds(world: World, keeper: Keeper) -> None:
    keeper.takes = False
    world.place = PLACE | {"certificate_id": "a"}
    assert [when for when, what, _ in world.run(60) if what == FETCHED] == [0, 10, 20, 30, 40, 50]


def test_an_app_that_hands_none_over_ends_nothing(
    world: World, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.place = PLACE | {"certificate_id": "a"}
    ask = world.ask

    def refuse(method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if path.endswith("/certificate"):
            raise AppRefused(404, "This stage keeps no certificate for desktops.")
        return ask(method, path, body)

    monkeypatch.setattr(world, "ask", refuse)
    told = world.told("POST /ready", 60)
    assert told == [(0, {"missing": []})]
    assert world.conversation.place
    assert set(keeper.failures) == {"The app hands over no certificate: This stage keeps no certificate for desktops."}
