"""A meeting that is changed, by the teacher's link alone, and what the two waiting rooms make of it on the cloud."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import requests

from localcloud.people import Invitation
from tests.browser.chromium import Page
from tests.browser.cloud import BEGINNING, House
from tests.browser.states import shows
from tests.browser.test_story_trouble import look, scheduled, waiting

START = BEGINNING + timedelta(hours=2)


@contextmanager
def managing(home: House, invitation: Invitation) -> Iterator[Page]:
    """Have the teacher open their link, and from there the page on which the meeting is changed."""
    with waiting(home, invitation) as page:
        page.click("change")
        page.wait_for_text("Ann Ash and Ben Birch")
        yield page


def test_a_meeting_that_is_moved_is_another_time_for_both(home: House) -> None:
    invitation = scheduled(home, START)
    with waiting(home, invitation, "student") as student, managing(home, invitation) as teacher:
        shows(teacher, "manage")
        teacher.fill("meet_time", "2040-03-06T18:00")
        teacher.fill("duration_minutes", "45")
        teacher.click("submit")
        teacher.wait_for_text("The changes are saved.")
        assert "Tuesday, 6 March 2040 at 18:00 to 18:45" in teacher.text("detail")
        shows(teacher, "manage-moved")
        teacher.click("back-link")
        for page in (teacher, student):
            page.wait_for_text("Your meeting is scheduled")
            look(page)
            page.wait_for_text("Tuesday, 6 March 2040, 18:00–18:45")
    assert home.row(invitation.meeting_id)["meet_time"] == "2040-03-06T17:00:00Z"


def test_a_meeting_that_is_cancelled_is_over_for_both(home: House) -> None:
    invitation = scheduled(home, START)
    with waiting(home, invitation, "student") as student, managing(home, invitation) as teacher:
        teacher.click("cancel")
        teacher.fill("reason", "Ann is ill")
        shows(teacher, "manage-cancelling")
        teacher.click("question-yes")
        teacher.wait_for_text("This meeting was cancelled.")
        shows(teacher, "manage-cancelled")
        look(student)
        student.wait_for_text("This meeting was cancelled.")
        shows(student, "meeting-cancelled")
    row = home.row(invitation.meeting_id)
    assert row["termination_reason"] == "CANCELLED"
    assert "Ann is ill" in str(row["history"])


def test_a_new_link_opens_the_meeting_and_the_one_before_it_says_that_there_is_one(home: House) -> None:
    invitation = scheduled(home, START)
    with waiting(home, invitation, "student") as student, managing(home, invitation) as teacher:
        teacher.click("student-renew")
        shows(teacher, "manage-new-link")
        teacher.click("question-yes")
        teacher.wait_for_text("There is a new link for Ben Birch.")
        look(student)
        student.wait_for_text("This link was replaced by a newer one")
        shows(student, "meeting-link-replaced")
        student.open(teacher.run("document.getElementById('student-link').href"))
        student.wait_for_text("Your meeting is scheduled")


def test_the_student_s_link_changes_nothing(home: House) -> None:
    invitation = scheduled(home, START)
    before = home.row(invitation.meeting_id)
    with home.person(width=720) as student:
        student.open(invitation.links["student"].replace("/meeting?", "/manage?"))
        student.wait_for_text("Only the teacher can change this meeting")
        shows(student, "manage-student")
    [link_id] = parse_qs(urlsplit(invitation.links["student"]).query)["id"]
    where = f"{home.cloud.url}/meetings/{link_id}"
    answers = [
        requests.patch(where, json={"meet_time": "2040-03-06T17:00:00Z"}, timeout=30),
        requests.post(f"{where}/extend", json={"minutes": 15}, timeout=30),
        requests.delete(where, timeout=30),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert home.row(invitation.meeting_id) == before
