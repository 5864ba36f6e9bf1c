"""The port `Meetings`: every write is an entry of the row's history, and nothing that stands there stops one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import DynamoMeetings
from chalicelib.domain import history, rows
from chalicelib.domain.errors import Conflict
from chalicelib.domain.history import KEPT, LONGEST, Entry
from chalicelib.domain.model import Status
from chalicelib.domain.update import Update
from tests.builders import change
from tests.contract.meetings.stages import AT, TABLE, RealStage, Stage

NOW = rows.timestamp(AT)
BEGAN = "2026-03-01T09:00:00Z"
SCHEDULED = {"at": BEGAN, "what": "scheduled", "by": "somebody"}


def entry(what: str, by: str = "the app") -> dict[str, Any]:
    return {"at": NOW, "what": what, "by": by}


def old(many: int) -> list[Any]:
    return [SCHEDULED | {"what": f"number {number}"} for number in range(many)]


def entries_in(stands: list[Any]) -> int:
    """Return for how many entries a history stands."""
    return sum(int(each.get("count", 1)) for each in stands)


class TestAnEntry:
    def test_says_when_what_and_who(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        stage.meetings.update("m1", replace(change("the teacher came", {"a": 1}), by="the teacher"))
        stage.meetings.update("m1", change("it is over", {"a": 2}))
        assert stage.history("m1") == [entry("the teacher came", "the teacher"), entry("it is over")]

    def test_says_why_where_a_person_has_said_so(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        stage.meetings.update("m1", replace(change("moved", {"a": 1}), reason="Ann is ill"))
        assert stage.history("m1") == [entry("moved") | {"why": "Ann is ill"}]

    def test_comes_behind_those_before_whoever_wrote_them(self, stage: Stage) -> None:
        before = [SCHEDULED, "by hand", 7, {"what": "nothing else"}]
        stage.put({"id": "m1", "history": before})
        stage.meetings.update("m1", change("why", {"a": 1}))
        assert stage.history("m1") == [*before, entry("why")]

    def test_is_written_with_the_change_itself(self, real: RealStage) -> None:
        real.put({"id": "m1"})
        real.meetings.update("m1", change("why", {"a": 1}, ("b",), {"c": None}))
        assert [name for name, _ in real.account.requests] == ["UpdateItem"]

    def test_is_not_there_where_the_change_is_refused(self, stage: Stage) -> None:
        stage.put({"id": "m1", "a": 1, "history": [SCHEDULED]})
        with pytest.raises(Conflict):
            stage.meetings.update("m1", change("why", {"a": 2}, expect={"a": 3}))
        assert stage.history("m1") == [SCHEDULED]

    def test_makes_no_other_write_fail(self, stage: Stage) -> None:
        stage.put({"id": "m1", "status": "SCHEDULED", "a": 1})
        expect = stage.meetings.get("m1").expect("status")
        stage.meetings.update("m1", change("meanwhile", {"a": 2}))
        stage.meetings.update("m1", change("then", {"status": Status.LAUNCHED}, expect=expect))
        assert stage.history("m1") == [entry("meanwhile"), entry("then")]

    @pytest.mark.parametrize("stands", [None, [SCHEDULED], "a text"], ids=repr)
    def test_is_none_of_a_sign_of_life(self, stage: Stage, stands: Any) -> None:
        stage.put({"id": "m1"} | ({"history": stands} if stands else {}))
        stage.meetings.update("m1", replace(change("it lives", {"teacher_seen_at": AT}), quiet=True))
        assert stage.row("m1") == {"id": "m1", "teacher_seen_at": NOW}
        assert stage.history("m1") == stands

    def test_brings_those_of_others_writes_with_it(self, stage: Stage) -> None:
        stage.put({"id": "m1", "history": [SCHEDULED]})
        told = (Entry(BEGAN, "status became HEALTHY", "a desktop"),)
        stage.meetings.update("m1", replace(change("it is ready", {"a": 1}), told=told))
        stage.meetings.update("m1", replace(change("noted"), told=told, quiet=True))
        others = {"at": BEGAN, "what": "status became HEALTHY", "by": "a desktop"}
        assert stage.history("m1") == [SCHEDULED, others, entry("it is ready"), others]

    def test_is_cut_where_it_is_too_long(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        stage.meetings.update("m1", change("x" * 10_000, {"a": 1}))
        assert stage.history("m1") == [entry("x" * history.LONGEST_TEXT)]


class TestFolding:
    def test_the_last_that_has_room_folds_nothing(self, stage: Stage) -> None:
        stage.put({"id": "m1", "history": old(LONGEST - 1)})
        stage.meetings.update("m1", change("why", {"a": 1}))
        assert stage.history("m1") == [*old(LONGEST - 1), entry("why")]

    def test_the_oldest_become_one_that_counts_them(self, stage: Stage) -> None:
        stage.put({"id": "m1", "history": [*old(LONGEST - 1), SCHEDULED]})
        stage.meetings.update("m1", change("why", {"a": 1}))
        folded, *rest = stage.history("m1")
        many = LONGEST + 1 - KEPT
        assert folded == {"at": BEGAN, "until": BEGAN, "what": f"{many} earlier entries", "count": many}
        assert rest == [*old(LONGEST - 1)[many:], SCHEDULED, entry("why")]
        assert stage.row("m1") == {"id": "m1", "a": 1}

    def test_nothing_is_lost_from_the_count_however_many_there_are(self, stage: Stage) -> None:
        stage.put({"id": "m1", "history": old(LONGEST)})
        for number in range(KEPT + 5):  # it is folded at the first, and once more
            stage.meetings.update("m1", change(f"number {number}", {"a": number}))
            assert len(stage.history("m1")) <= LONGEST
        assert entries_in(stage.history("m1")) == LONGEST + KEPT + 5
        assert stage.history("m1")[-1] == entry(f"number {KEPT + 4}")

    def test_it_takes_a_second_call_and_then_none_for_long(self, real: RealStage) -> None:
        real.put({"id": "m1", "history": old(LONGEST)})
        for number in range(10):
            real.meetings.update("m1", change("why", {"a": number}))
        assert [name for name, _ in real.account.requests] == ["UpdateItem"] * 11

    def test_who_expects_what_is_not_so_is_refused_all_the_same(self, stage: Stage) -> None:
        stage.put({"id": "m1", "a": 1, "history": old(LONGEST)})
        with pytest.raises(Conflict):
            stage.meetings.update("m1", change("why", {"a": 2}, expect={"a": 3}))
        assert (stage.row("m1"), stage.history("m1")) == ({"id": "m1", "a": 1}, old(LONGEST))

    @pytest.mark.parametrize("folded_meanwhile", [False, True])
    def test_what_others_write_meanwhile_is_not_lost(self, real: RealStage, folded_meanwhile: bool) -> None:
        real.put({"id": "m1", "history": old(LONGEST)})
        other = DynamoMeetings(real.table, TABLE, lambda: AT, real.naps.append)

        def overtake() -> None:
            if folded_meanwhile:
                other.update("m1", change("meanwhile", {"b": 1}))
            else:
                real.change("m1", {"history": [*old(LONGEST), entry("by hand")]})

        with before_the_second_write(real, overtake):
            real.meetings.update("m1", change("why", {"a": 1}))
        assert entries_in(real.history("m1")) == LONGEST + 2
        assert [each["what"] for each in real.history("m1")][-2:] == [
            "meanwhile" if folded_meanwhile else "by hand",
            "why",
        ]


@contextmanager
def before_the_second_write(real: RealStage, act: Callable[[], None]) -> Iterator[None]:
    """Let something happen between the first and the second write that the port asks for."""
    events, asked = real.account.watched_client("dynamodb").meta.events, count(1)

    def hook(**_: Any) -> None:
        if next(asked) == 2:
            act()

    events.register("before-parameter-build.dynamodb.UpdateItem", hook)
    try:
        yield
    finally:
        events.unregister("before-parameter-build.dynamodb.UpdateItem", hook)


class TestWhatIsNoHistory:
    GARBAGE = ("a text", "", 7, True, {"a": ["map"]}, rows.AsStored("SS", ["a", "b"]), rows.AsStored("B", b"a"))

    @pytest.mark.parametrize("garbage", GARBAGE, ids=repr)
    def test_stops_no_write_and_is_kept_under_another_name(self, stage: Stage, garbage: Any) -> None:
        stage.put({"id": "m1", "a": 1, "history": garbage})
        stage.meetings.update("m1", change("it ends", {"a": 2}, expect={"a": 1}))
        kept = f"history_until_{NOW}"
        assert stage.meetings.get("m1").row[kept] == garbage
        assert stage.history("m1") == [
            entry(f"what stood here was no list of entries; it is kept as {kept}"),
            entry("it ends"),
        ]
        assert (stage.row("m1") or {})["a"] == 2

    def test_is_nothing_to_keep_where_it_is_null(self, stage: Stage) -> None:
        stage.put({"id": "m1", "history": None})
        stage.meetings.update("m1", change("it ends", {"a": 2}))
        assert (stage.row("m1"), stage.history("m1")) == ({"id": "m1", "a": 2}, [entry("it ends")])

    @pytest.mark.parametrize("garbage", GARBAGE, ids=repr)
    def test_lets_no_write_through_that_expects_what_is_not_so(self, stage: Stage, garbage: Any) -> None:
        stage.put({"id": "m1", "a": 1, "history": garbage})
        with pytest.raises(Conflict):
            stage.meetings.update("m1", change("it ends", {"a": 2}, expect={"a": 3}))
        assert stage.meetings.get("m1").row == {"id": "m1", "a": 1, "history": garbage}


class TestAFullRow:
    FULL = 405_000 - 40  # as the emulator counts; AWS takes 400 KB

    def test_is_changed_without_an_entry(self, real: RealStage) -> None:
        real.put({"id": "m1", "x": "x" * self.FULL, "a": "1", "b": "1"})
        real.meetings.update("m1", change("it ends", {"a": "2"}, expect={"b": "1"}))
        assert ((real.row("m1") or {})["a"], real.history("m1")) == ("2", None)

    def test_is_changed_only_as_the_change_expects(self, real: RealStage) -> None:
        real.put({"id": "m1", "x": "x" * self.FULL, "a": "1"})
        with pytest.raises(Conflict):
            real.meetings.update("m1", change("it ends", {"a": "2"}, expect={"a": "3"}))

    def test_is_left_alone_where_there_is_nothing_but_an_entry(self, real: RealStage) -> None:
        real.put({"id": "m1", "x": "x" * self.FULL})
        real.meetings.update("m1", Update("noted", quiet=True, told=(Entry(BEGAN, "status became HEALTHY"),)))
        assert real.history("m1") is None
