"""One meeting as its two people live through it, from the form to the recordings, on desktops of real processes.

Whatever people do they do here with what the pages offer them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from tests.browser.chromium import Page
from tests.browser.cloud import BEGINNING, House
from tests.browser.states import shows
from tests.browser.test_devices import KEEP_STREAMS, LIVE
from tests.waiting import until

BERLIN = ZoneInfo("Europe/Berlin")
QUARTER = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
ROLES = ("teacher", "student")
START = BEGINNING + QUARTER
TWICE = "for (let clicks = 0; clicks < 2; clicks += 1) document.getElementById('%s').click();"


@dataclass
class Lesson:
    """A meeting of forty minutes, with the pages of its people: the student has two devices."""

    home: House
    meeting_id: str
    links: dict[str, str]
    teacher: Page
    student: Page
    phone: Page

    @property
    def row(self) -> dict[str, Any]:
        return self.home.row(self.meeting_id)

    @property
    def pages(self) -> tuple[Page, Page, Page]:
        return self.teacher, self.student, self.phone

    def until(self, minutes: float) -> None:
        """Let time pass until so many minutes after the meeting's time."""
        self.home.until(START + minutes * MINUTE)

    def live_until(self, minutes: float) -> None:
        """Let time pass, more than five minutes, and wait until both desktops are heard of as they are then."""
        self.until(minutes)
        self.told_since(minutes, "teacher_seen_at", "student_seen_at")

    def told(self, *names: str) -> None:
        """Wait until the row has these attributes."""
        until(lambda: set(names) <= set(self.row), f"{names} on {self.row}")

    def told_since(self, minutes: float, *names: str) -> None:
        """Wait until the row has moments under these names that are not before that."""
        moment = f"{START + minutes * MINUTE:%Y-%m-%dT%H:%M:%S}"
        until(lambda: all(self.row.get(name, "") >= moment for name in names), f"{names} since {moment} on {self.row}")

    def enter(self, page: Page, role: str) -> Page:
        """Click twice, as people do, and return the desktop's tab, of which there is one."""
        browser = self.home.browser
        before = browser.tabs()
        page.run(TWICE % "open", by_hand=True)
        tab = browser.tab(f"https://{self.row[f'{role}_ec2_id']}", beside=before)
        tab.wait_for_text("The room is open")
        assert len(browser.tabs()) == len(before) + 1
        return tab


def schedule(home: House, teacher: Page, start: datetime, minutes: int) -> dict[str, str]:
    """Schedule a meeting with the form, which is sent twice; return the links."""
    teacher.open(f"{home.cloud.address}/")
    shows(teacher, "schedule")
    teacher.fill("student_name", "Ben Birch")
    teacher.fill("meet_time", f"{start.astimezone(BERLIN):%Y-%m-%dT%H:%M}")
    teacher.fill("duration_minutes", str(minutes))
    teacher.click("submit")
    teacher.wait_for_text("Please enter a name.")
    shows(teacher, "schedule-amiss")
    teacher.fill("teacher_name", "Ann Ash")
    teacher.run(TWICE % "submit", by_hand=True)
    teacher.wait_for_text("The meeting is scheduled")
    shows(teacher, "schedule-done")
    return {role: teacher.run(f"document.getElementById('{role}-link').href") for role in ROLES}


@pytest.fixture
def lesson(home: House) -> Iterator[Lesson]:
    with ExitStack() as stack:
        teacher, student, phone = (
            stack.enter_context(home.person(width=width, before=KEEP_STREAMS)) for width in (720, 720, 390)
        )
        links = schedule(home, teacher, START, 40)
        [row] = home.cloud.rows()
        [link_id] = parse_qs(urlsplit(links["teacher"]).query)["id"]
        assert link_id.startswith(row["id"])
        yield Lesson(home, row["id"], links, teacher, student, phone)


def test_a_meeting_from_the_form_to_its_recordings(lesson: Lesson) -> None:
    wait_on_two_devices(lesson)
    try_devices(lesson.student)
    wait_for_desktops(lesson)
    tabs = come_in(lesson)
    reload_early(lesson, tabs["student"])
    tabs["student"] = lose_the_connection(lesson, tabs["student"])
    extend_by_a_quarter_of_an_hour(lesson)
    for tab in tabs.values():
        assert "The room is open" in tab.text()
    leave(lesson, tabs)


def wait_on_two_devices(lesson: Lesson) -> None:
    lesson.teacher.open(lesson.links["teacher"])
    for device in (lesson.student, lesson.phone):
        device.open(lesson.links["student"])
    for page in lesson.pages:
        page.wait_for_text("Your meeting is scheduled")
    shows(lesson.student, "meeting-scheduled")
    shows(lesson.phone, "meeting-scheduled-phone")


def try_devices(page: Page) -> None:
    """Try camera, microphone, speakers and clipboard, and leave the first two on."""
    page.run("document.querySelector('#check summary').click()", by_hand=True)
    page.click("try-devices")
    page.wait_for_text("It hears you.")
    page.wait_for("document.getElementById('preview').videoWidth > 0")
    page.click("try-speakers")
    page.wait_for_text("Did you hear two short tones?")
    shows(page, "meeting-check")
    assert page.run(LIVE) == 2


def wait_for_desktops(lesson: Lesson) -> None:
    with lesson.home.machines.held_up():
        lesson.until(-10)
        for page in lesson.pages:
            page.wait_for_text("Your desktop is almost ready")
        shows(lesson.teacher, "meeting-booting")
        assert not lesson.teacher.shows("open")
    for page in lesson.pages:
        page.wait_for_text("Your desktop is ready")
        page.wait_for_text("This meeting is recorded.")
    assert not {"student_joined_at", "student_consented_at"} & lesson.row.keys(), "nobody has clicked"
    shows(lesson.teacher, "meeting-ready")
    shows(lesson.phone, "meeting-ready-phone")


def come_in(lesson: Lesson) -> dict[str, Page]:
    """Have both come in, the student on one device after the other; return the desktops' tabs."""
    tabs = {"teacher": lesson.enter(lesson.teacher, "teacher")}
    on_the_phone = lesson.enter(lesson.phone, "student")
    assert lesson.student.run(LIVE) == 2
    tabs["student"] = lesson.enter(lesson.student, "student")
    assert lesson.student.run(LIVE) == 0, "the desktop may have camera and microphone"
    on_the_phone.wait_for_text("open in another window")
    lesson.told("teacher_connected_at", "student_connected_at", "teacher_consented_at", "student_consented_at")
    for page in lesson.pages:
        page.wait_for_text("You are at your desktop")
        page.wait_for_text("at the desktop.")
    shows(lesson.teacher, "meeting-in")
    return tabs


def reload_early(lesson: Lesson, tab: Page) -> None:
    """Load a desktop anew, which may look as if its person had left: the checkpoint passes, and nothing ends."""
    lesson.live_until(3)
    tab.call("Page.reload")
    tab.wait_for("performance.getEntriesByType('navigation')[0].type === 'reload'")
    tab.wait_for_text("The room is open")
    lesson.live_until(16)
    until(lambda: "checkpoint_at" in lesson.row, f"the checkpoint was held: {lesson.row}")
    assert "termination_reason" not in lesson.row
    for page in lesson.pages:
        page.wait_for_text("You are at your desktop")


def lose_the_connection(lesson: Lesson, tab: Page) -> Page:
    """Have the student's desktop go away, and come back by the page; return its new tab."""
    lesson.live_until(22)
    with lesson.home.between.holds_up("/uploaded"):  # by which a desktop says, too, that its person has left
        tab.call("Page.navigate", url="about:blank")
        lesson.student.wait_for_text("You have lost the connection")
        lesson.teacher.wait_for_text("Ben Birch: lost the connection at 16:07.")
        shows(lesson.student, "meeting-lost")
        shows(lesson.teacher, "meeting-other-lost")
    tab = lesson.enter(lesson.student, "student")
    lesson.student.wait_for_text("You are at your desktop")
    lesson.teacher.wait_for_text("Ben Birch: at the desktop.")
    return tab


def extend_by_a_quarter_of_an_hour(lesson: Lesson) -> None:
    lesson.live_until(30.5)
    for page in lesson.pages:
        page.wait_for_text("Your meeting ends at 16:25, in ten minutes at most.")
    shows(lesson.teacher, "meeting-ten-minutes")
    shows(lesson.phone, "meeting-ten-minutes-phone")
    assert not lesson.student.shows("extend"), "the end is the teacher's to put off"
    lesson.live_until(38.5)
    for page in lesson.pages:
        page.wait_for_text("in two minutes at most. Please save your work.")
    shows(lesson.student, "meeting-two-minutes")
    lesson.teacher.run(TWICE % "extend", by_hand=True)
    lesson.teacher.wait_for_text("Extended: your meeting now ends at 16:40.")
    for page in lesson.pages:
        page.wait_for("document.getElementById('closing').innerText === ''")
    shows(lesson.teacher, "meeting-extended")
    assert lesson.row["duration_minutes"] == 55
    lesson.until(41)


def leave(lesson: Lesson, tabs: dict[str, Page]) -> None:
    for tab in tabs.values():
        tab.click("leave")
        tab.wait_for_text("You have left the desktop")
    lesson.told("teacher_session_data", "student_session_data", "termination_reason")
    for page in lesson.pages:
        page.wait_for_text("This meeting has ended")
    lesson.student.wait_for_text("Your side: saved.")
    lesson.student.wait_for_text("Ann Ash: saved.")
    shows(lesson.student, "meeting-ended")
    shows(lesson.teacher, "meeting-ended-teacher")
    assert lesson.row["termination_reason"] == "SUCCESS"
