"""The certificate on the desktop: whole or not at all, DCV's alone; whatever goes wrong, the one before serves."""

from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desktop.certificate import Certificate
from localcloud.dcv.certificate import Authority
from localcloud.dcv.process import DcvProcess
from tests.waiting import until
from tools.pem import Pair

NAME = "*.example.com"
HOST = "i-0123456789abcdef0.example.com"
NOT_YET = "The certificate that the app keeps is not installed yet."


class Hands:
    """A machine that hands files over, as a test lets it; it sees what each holds by then."""

    def __init__(self) -> None:
        self.given: list[tuple[str, bytes, int]] = []
        self.fails: OSError | None = None

    def give_to_dcv(self, file: Path) -> None:
        if self.fails:
            raise self.fails
        self.given.append((file.name, file.read_bytes(), stat.S_IMODE(file.stat().st_mode)))


class Desk:
    """The folder of DCV's certificate, and what keeps it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hands = Hands()
        self.authority = Authority()
        self.restart()

    def restart(self) -> None:
        self.kept = Certificate(self.folder, self.hands)

    def pair(self) -> Pair:
        return self.authority.issue(NAME)

    def install(self, pair: Pair, **other: Any) -> str | None:
        """Install what the app answers; return what is missing then."""
        told = {"certificate": pair.chain, "key": pair.key, "issuer_root": pair.root, "certificate_id": pair.id}
        self.kept.install(told | other)
        return self.kept.find_fault(pair.id)

    def files(self) -> dict[str, str]:
        return {file.name: file.read_text() for file in self.folder.iterdir()} if self.folder.exists() else {}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "dcv")


def both(pair: Pair) -> dict[str, str]:
    return {"dcv.key": pair.key, "dcv.pem": pair.chain}


def test_it_is_put_where_dcv_reads_it(desk: Desk) -> None:
    pair = desk.pair()
    assert desk.kept.find_fault(pair.id) == NOT_YET
    assert desk.kept.wants(pair.id)
    assert desk.install(pair) is None
    assert desk.files() == both(pair)
    assert not desk.kept.wants(pair.id)


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such mode")
def test_nobody_else_could_read_the_key_at_any_moment(desk: Desk) -> None:
    """The rights are given before there is anything to read."""
    desk.install(desk.pair())
    assert desk.hands.given == [("dcv.key.new", b"", 0o600), ("dcv.pem.new", b"", 0o600)]
    assert {stat.S_IMODE(file.stat().st_mode) for file in desk.folder.iterdir()} == {0o600}


def test_after_a_restart_it_is_still_known(desk: Desk) -> None:
    pair = desk.pair()
    desk.install(pair)
    desk.restart()
    assert not desk.kept.wants(pair.id)
    assert desk.kept.find_fault(pair.id) is None


def test_where_the_app_keeps_none_that_of_the_image_stays(desk: Desk) -> None:
    assert not desk.kept.wants(None)
    assert desk.kept.find_fault(None) is None


def test_a_newer_one_takes_its_place(desk: Desk) -> None:
    first, second = desk.pair(), desk.pair()
    desk.install(first)
    assert desk.kept.wants(second.id)
    assert desk.install(second) is None
    assert desk.files() == both(second)


def test_of_two_answers_that_differ_in_age_each_is_good_for_a_while(desk: Desk) -> None:
    """What the app keeps is a minute old at most, and not the same in all its containers."""
    newer, older = desk.pair(), desk.pair()
    desk.install(newer)
    assert desk.kept.wants(older.id)
    assert desk.kept.find_fault(older.id) is None
    written = len(desk.hands.given)
    desk.install(newer)
    assert len(desk.hands.given) == written, "what is there is not written again"


def _killed_between(folder: Path, pair: Pair, before: Pair) -> None:
    folder.mkdir()
    (folder / "dcv.key").write_text(pair.key)
    (folder / "dcv.pem").write_text(before.chain)
    (folder / "dcv.pem.new").write_text(pair.chain[:100])


def test_one_that_was_killed_between_the_two_files_installs_them_again(desk: Desk) -> None:
    pair = desk.pair()
    _killed_between(desk.folder, pair, desk.pair())
    assert desk.kept.wants(pair.id)
    assert desk.install(pair) is None
    assert desk.files() == both(pair)


@pytest.mark.parametrize("spoilt", ["dcv.key", "dcv.pem"])
@pytest.mark.parametrize("content", [None, "", "garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_a_hand_has_spoilt_is_fetched_again(desk: Desk, spoilt: str, content: str | None) -> None:
    pair = desk.pair()
    desk.install(pair)
    (desk.folder / spoilt).unlink()
    if content is not None:
        (desk.folder / spoilt).write_text(content)
    assert desk.kept.wants(pair.id)
    assert desk.install(pair) is None


def _garbage() -> Iterator[tuple[str, dict[str, Any], str]]:
    holds_none = "The app's answer holds no certificate with its key; make certificate puts it right."
    for name, value in (("certificate", None), ("certificate", ""), ("key", 7), ("key", "x" * 65_537)):
        yield f"{name} {value!r:.9}", {name: value}, holds_none
    another = "The app's answer holds another certificate than it says; it is asked again."
    yield "another id", {"certificate_id": "0" * 64}, another
    yield "no id", {"certificate_id": None}, another
    yield "cut", {"certificate": "-----BEGIN CERTIFICATE-----\nMII"}, another


@pytest.mark.parametrize(("other", "says"), [each[1:] for each in _garbage()], ids=[each[0] for each in _garbage()])
def test_garbage_replaces_nothing(desk: Desk, other: dict[str, Any], says: str) -> None:
    before = desk.pair()
    desk.install(before)
    assert desk.install(desk.pair(), **other) == says
    assert desk.files() == both(before)


def test_nor_does_a_certificate_with_the_key_of_another(desk: Desk) -> None:
    before, another = desk.pair(), desk.pair()
    desk.install(before)
    said = desk.install(desk.pair(), key=another.key)
    assert said
    assert said.startswith("The certificate that the app hands over cannot be used (")
    assert said.endswith("); the one before stays.")
    assert desk.files() == both(before)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_a_disk_that_takes_nothing_is_said_and_tried_again(
    desk: Desk, code: int, caplog: pytest.LogCaptureFixture
) -> None:
    before, pair = desk.pair(), desk.pair()
    desk.install(before)
    desk.hands.fails = OSError(code, os.strerror(code))
    with caplog.at_level(logging.ERROR, "elephant.desktop"):
        for _ in range(3):
            said = desk.install(pair)
    assert said == f"The certificate cannot be written to {desk.folder} ({os.strerror(code)})."
    assert [record.getMessage() for record in caplog.records] == [said], "logged once"
    assert desk.files() == both(before)
    desk.hands.fails = None
    assert desk.install(pair) is None
    assert desk.files() == both(pair)


def test_a_folder_that_cannot_be_is_said(desk: Desk) -> None:
    desk.folder.write_text("a file")
    said = desk.install(desk.pair())
    assert said
    assert said.startswith(f"The certificate cannot be written to {desk.folder} (")


def test_no_key_stands_in_a_log(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    pair = desk.pair()
    with caplog.at_level(logging.DEBUG):
        desk.install(pair)
        desk.install(desk.pair(), key=pair.key)
    assert "PRIVATE" not in caplog.text
    assert not any(line in caplog.text for line in pair.key.splitlines())


@pytest.mark.skipif(os.name != "posix", reason="The stand-in for DCV is a Linux program there.")
def test_a_server_that_runs_shows_what_replaces_its_certificate(desk: Desk) -> None:
    """The stand-in for DCV, which makes one of its own at its start, and reads replaced files as DCV does."""
    from desktop import tls

    dcv = DcvProcess(desk.folder, HOST)
    (desk.folder / "dcv.conf").write_text("[session-management]\ncreate-session=true\n")
    dcv.start()
    try:
        for _ in range(2):
            desk.authority = Authority()
            pair = desk.pair()
            fault = tls.find_fault(dcv.port, HOST, pair.root)
            assert fault
            assert "is not good for" in fault
            assert desk.install(pair) is None
            until(lambda: tls.find_fault(dcv.port, HOST, pair.root) is None, "the server shows the new one")  # noqa: B023
    finally:
        dcv.kill()
