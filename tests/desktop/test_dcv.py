"""What is made of DCV's words: a session, none, or nothing that can be known."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from desktop.dcv import Dcv, DcvUnknown, Session, run
from tests.desktop import shells

TOLD: dict[str, Any] = {
    "id": "console",
    "owner": "lesson",
    "name": "",
    "num-of-connections": 1,
    "creation-time": "2026-03-01T14:50:00.123456Z",
    "last-disconnection-time": "",
    "licenses": [
        {"product": "dcv", "status": "LICENSED", "check-timestamp": "", "expiration-date": ""},
        {"product": "dcv-gl", "status": "NOT_LICENSED", "check-timestamp": "", "expiration-date": ""},
    ],
    "storage-root": "",
    "type": "console",
    "display-layout": [{"width": 1920, "height": 1080, "x": 0, "y": 0}],
}
FAILS = None


class Cli:
    """Prints what a test wants for each command, or fails."""

    def __init__(self, **prints: str | None) -> None:
        self.prints = prints
        self.ran: list[str] = []

    def __call__(self, command: Sequence[str]) -> str:
        self.ran.append(" ".join(command))
        printed = self.prints[command[1].replace("-", "_")]
        if printed is None:
            raise DcvUnknown("It fails.")
        return printed


def session(more: dict[str, Any] | None = None, **changed: Any) -> Session | None:
    told = TOLD | {name.replace("_", "-"): value for name, value in changed.items()} | (more or {})
    return Dcv(run=Cli(describe_session=json.dumps(told))).session()


def test_a_session_is_told_with_one_command() -> None:
    cli = Cli(describe_session=json.dumps(TOLD))
    assert Dcv("C:\\dcv.exe", cli).session() == Session("lesson", 1, None, None)
    assert cli.ran == ["C:\\dcv.exe describe-session console --json"]


@pytest.mark.parametrize("moment", ["2026-03-01T15:04:05Z", "2026-03-01T15:04:05.000000Z", "2026-03-01T16:04:05+01:00"])
def test_times_come_with_and_without_fractions(moment: str) -> None:
    assert session(last_disconnection_time=moment) == Session(
        "lesson", 1, datetime(2026, 3, 1, 15, 4, 5, tzinfo=UTC), None
    )


@pytest.mark.parametrize(
    ("licences", "lacks"),
    [
        ([{"product": "dcv", "status": "licensed"}], None),
        ([{"product": "dcv", "status": "LICENSED"}], None),
        ([{"product": "dcv", "status": "Unlicensed"}], "DCV says Unlicensed"),
        ([{"product": "dcv-gl", "status": "LICENSED"}], "DCV lists no licence"),
        ([], "DCV lists no licence"),
        (None, "DCV lists no licence"),
        (["dcv"], "DCV lists no licence"),
        ([{"product": "dcv"}], "DCV says None"),
    ],
)
def test_the_licence_is_dcv_s_own_and_in_either_case(licences: object, lacks: str | None) -> None:
    found = session(licenses=licences)
    assert found is not None
    assert found.licence == lacks


@pytest.mark.parametrize("listed", ["[]", "", "\n", '[{"id": "other"}]', "[1]"])
def test_where_dcv_lists_none_there_is_none(listed: str) -> None:
    assert Dcv(run=Cli(describe_session=FAILS, list_sessions=listed)).session() is None


@pytest.mark.parametrize("listed", [FAILS, "{}", "null", "Session: 'console'", '[{"id": "console"}]'])
def test_where_it_cannot_be_told_it_is_unknown_and_not_none(listed: str | None) -> None:
    with pytest.raises(DcvUnknown):
        Dcv(run=Cli(describe_session=FAILS, list_sessions=listed)).session()


@pytest.mark.parametrize(
    ("name", "value"),
    [("num-of-connections", value) for value in (None, "1", -1, True, 1.5)]
    + [("last-disconnection-time", value) for value in (None, 0, "yesterday", "2026-13-01T00:00:00Z")],
)
def test_a_key_that_is_not_as_told_is_unknown_and_never_nobody(name: str, value: object) -> None:
    with pytest.raises(DcvUnknown, match="DCV tells"):
        session({name: value})


@pytest.mark.parametrize("printed", ["[]", "Warning: x", "1", "[" * 70_000])
def test_so_is_what_is_no_object(printed: str) -> None:
    with pytest.raises(DcvUnknown, match="prints"):
        Dcv(run=Cli(describe_session=printed, list_sessions='[{"id": "console"}]')).session()


# --- sending everybody out


def test_who_is_sent_out_is_gone_once_dcv_lists_the_session_no_more() -> None:
    cli = Cli(close_session="", list_sessions="[]")
    Dcv(run=cli).disconnect()
    assert cli.ran == ["dcv close-session console", "dcv list-sessions --json"]


@pytest.mark.parametrize(("closed", "listed"), [("", '[{"id": "console"}]'), (FAILS, "[]"), ("", FAILS)])
def test_what_dcv_says_of_it_is_not_believed(closed: str | None, listed: str | None) -> None:
    with pytest.raises(DcvUnknown):
        Dcv(run=Cli(close_session=closed, list_sessions=listed)).disconnect()


# --- the command itself


def test_a_command_is_run_and_its_words_are_returned(tmp_path: Path) -> None:
    program = shells.put(tmp_path / "dcv", 'echo "$@"')
    assert run([str(program), "list-sessions", "--json"]) == "list-sessions --json\n"


def test_one_that_fails_says_how(tmp_path: Path) -> None:
    program = shells.put(tmp_path / "dcv", "echo 'No such session' >&2; exit 3")
    with pytest.raises(DcvUnknown, match="`dcv describe-session` fails with 3: No such session"):
        run([str(program), "describe-session"])


def test_one_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(DcvUnknown, match="is DCV installed"):
        run([str(tmp_path / "dcv"), "version"])


def test_one_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desktop.dcv._PATIENCE_S", 0.2)
    with pytest.raises(DcvUnknown, match="has not ended"):
        run([sys.executable, "-c", "import time; time.sleep(60)"])
