"""One meeting as its two people live through it, from the form to the recordings, on desktops of real processes."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.browser.chromium import Page
from tests.browser.cloud import House, ask
from tests.browser.states import shows
from tests.waiting import until

BERLIN = ZoneInfo("Europe/Berlin")
ROLES = ("teacher", "student")
QUARTER = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
TWICE = "for (let clicks = 0; clicks < 2; clicks += 1) document.getElementById('%s').click();"


def schedule(home: House, teacher: Page, start: datetime, minutes: int) -> tuple[str, dict[str, str]]:
    """Schedule a meeting with the form, which is sent twice; return its id and the links."""
    teacher.open(f"{home.cloud.url}/")
    shows(teacher, "schedule")
    teacher.fill("student_name", "Ben Birch")
    teacher.fill("meet_time", f"{start.astimezone(BERLIN):%Y-%m-%dT%H:%M}")
    teacher.fill("duration_minutes", str(minutes))
    teacher.click("submit")
    teacher.wait_for_text("Please enter a name.")
    shows(teacher, "schedule-amiss")
    teacher.fill("teacher_name", "Ann Ash")
    before = len(home.cloud.rows())
    teacher.run(TWICE % "submit", by_hand=True)
    teacher.wait_for_text("The meeting is scheduled")
    shows(teacher, "schedule-done")
    assert len(home.cloud.rows()) == before + 1
    [meeting_id] = {row["id"] for row in home.cloud.rows() if row["created_at"] == newest(home)}
    return meeting_id, {role: teacher.run(f"document.getElementById('{role}-link').href") for role in ROLES}


def newest(home: House) -> str:
    return str(max(row["created_at"] for row in home.cloud.rows()))


def enter(home: House, page: Page, meeting_id: str, role: str) -> Page:
    """Click twice, as people do, and return the desktop's tab, of which there is one."""
    before = home.browser.tabs()
    page.run(TWICE % "open", by_hand=True)
    tab = home.browser.tab(f"https://{home.row(meeting_id)[f'{role}_ec2_id']}", beside=before)
    tab.wait_for_text("The room is open")
    assert len(home.browser.tabs()) == len(before) + 1
    return tab


def test_a_meeting_from_the_form_to_its_recordings(home: House) -> None:
    with ExitStack() as stack:
        teacher, student, phone = (stack.enter_context(home.person(width=width)) for width in (1000, 1000, 390))
        start = home.clock.now() + QUARTER
        meeting_id, links = schedule(home, teacher, start, 30)

        def told(*names: str) -> None:
            until(lambda: set(names) <= set(home.row(meeting_id)), f"{names} on {home.row(meeting_id)}")

        teacher.open(links["teacher"])
        for device in (student, phone):
            device.open(links["student"])
        for page in (teacher, student, phone):
            page.wait_for_text("Your meeting is scheduled")
        shows(student, "meeting-scheduled")
        shows(phone, "meeting-scheduled-phone")
        assert "student_joined_at" not in home.row(meeting_id)

        home.until(start - 10 * MINUTE + timedelta(seconds=1))
        for page in (teacher, student, phone):
            page.wait_for_text("Your desktop is ready")
        shows(student, "meeting-ready")
        shows(phone, "meeting-ready-phone")

        tabs = {"teacher": enter(home, teacher, meeting_id, "teacher")}
        on_the_phone = enter(home, phone, meeting_id, "student")
        tabs["student"] = enter(home, student, meeting_id, "student")
        on_the_phone.wait_for_text("open in another window")
        told("teacher_connected_at", "student_connected_at")

        home.until(start + QUARTER + MINUTE)
        tabs["student"].call("Page.navigate", url="about:blank")
        told("student_disconnected_at")
        tabs["student"] = enter(home, student, meeting_id, "student")
        lost_at = home.row(meeting_id)["student_disconnected_at"]
        until(lambda: home.row(meeting_id)["student_connected_at"] > lost_at, "the student is told to be back")

        home.until(start + 21 * MINUTE)
        extended = ask(home, "POST", links["teacher"], "/extend", minutes=15)
        assert extended.status_code == 200, extended.text
        home.until(start + 31 * MINUTE)
        for tab in tabs.values():
            assert "The room is open" in tab.text()

        for tab in tabs.values():
            tab.click("leave")
            tab.wait_for_text("You have left the desktop")
        told("teacher_session_data", "student_session_data", "termination_reason")
        for page in (teacher, student, phone):
            page.wait_for_text("This meeting has ended")
        student.wait_for_text("Your side: saved.")
        shows(student, "meeting-ended")
        assert home.row(meeting_id)["termination_reason"] == "SUCCESS"
