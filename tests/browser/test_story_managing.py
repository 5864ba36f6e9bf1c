"""A meeting is changed while people have its pages open: each page follows, and the student's link changes nothing."""

from __future__ import annotations

from datetime import timedelta

from tests.browser.cloud import House, ask
from tests.browser.test_story_trouble import look, scheduled, waiting


def test_a_meeting_that_is_moved_is_another_time_on_both_pages(home: House) -> None:
    invitation = scheduled(home, timedelta(hours=2))
    with waiting(home, invitation) as teacher, waiting(home, invitation, "student") as student:
        before = [page.text("remark") for page in (teacher, student)]
        later = home.clock.now() + timedelta(hours=26)
        moved = ask(home, "PATCH", invitation.links["teacher"], meet_time=later.isoformat())
        assert moved.status_code == 200, moved.text
        for page in (teacher, student):
            look(page)
            page.wait_for("document.getElementById('remark').innerText.includes('1 day')")
        assert before == [text for text in before if "1 day" not in text]


def test_a_meeting_that_is_cancelled_is_over_on_both_pages(home: House) -> None:
    invitation = scheduled(home, timedelta(hours=2))
    with waiting(home, invitation) as teacher, waiting(home, invitation, "student") as student:
        cancelled = ask(home, "DELETE", invitation.links["teacher"])
        assert cancelled.status_code == 200, cancelled.text
        for page in (teacher, student):
            look(page)
            page.wait_for_text("This meeting was cancelled.")


def test_the_student_s_link_changes_nothing(home: House) -> None:
    invitation = scheduled(home, timedelta(hours=2))
    before = home.row(invitation.meeting_id)
    later = home.clock.now() + timedelta(hours=26)
    answers = [
        ask(home, "PATCH", invitation.links["student"], meet_time=later.isoformat()),
        ask(home, "DELETE", invitation.links["student"]),
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    after = home.row(invitation.meeting_id)
    assert {name: after.get(name) for name in ("meet_time", "status", "termination_reason")} == {
        name: before.get(name) for name in ("meet_time", "status", "termination_reason")
    }
