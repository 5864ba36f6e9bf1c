"""From the form to the waiting room with nothing in between but the app itself, on the embedded cloud."""

from __future__ import annotations

import boto3
import pytest

import app
from localcloud.cloud import Cloud
from tests.app.world import NOW, StillClock
from tests.browser.chromium import Chromium


def test_a_meeting_is_scheduled_and_its_link_leads_to_the_waiting_room(
    browser: Chromium, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with Cloud(app.app, StillClock(NOW)) as cloud, browser.page() as page:
        page.open(f"{cloud.url}/")
        page.fill("student_name", "Ben Birch")
        page.fill("meet_time", "2026-03-02T18:00")
        page.click("submit")
        page.wait_for_text("Please enter a name.")
        page.fill("teacher_name", "Ann Ash")
        page.click("submit")
        page.wait_for_text("The meeting is scheduled")
        (row,) = cloud.rows()
        assert row["meet_time"] == "2026-03-02T17:00:00Z"

        link = page.run("document.getElementById('teacher-link').href")
        page.open(f"{link}.".replace("role=teacher", "role=Teacher"))
        page.wait_for_text("Your meeting is scheduled")
        assert "at 17:50, in 1 hr 50 mins" in page.text("remark")

        page.open(link.replace(row["id"], "another"))
        page.wait_for_text("This link does not open the meeting")
