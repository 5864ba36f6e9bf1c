"""Each link of the chain: what proves it, and the sentence and the remedy where it does not hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.model import State
from chalicelib.domain.seat import Role
from tests.tools.smoke.story import (
    ENDED,
    ENTERED,
    GOOD,
    INVITATION,
    LEFT,
    PLAN,
    RECORDED,
    Change,
    Story,
    both,
    chain,
    moment,
)
from tools.findings import fail
from tools.trial.steps import Failed

WHOLE = (*GOOD, ENTERED, LEFT, RECORDED, ENDED)


def failed(story: Story, plan: Any = PLAN) -> str:
    """Return why the chain does not hold, with its remedy."""
    with pytest.raises(Failed) as caught:
        chain(story, plan).run()
    return f"{caught.value.what} → {caught.value.remedy}"


def of_teacher(seconds: float, **attributes: Any) -> Change:
    return seconds, {f"teacher_{name}": value for name, value in attributes.items()}


def test_a_chain_that_holds_is_told_step_by_step_and_ends_in_a_table() -> None:
    story = Story(WHOLE)
    trial = chain(story)
    trial.run()
    assert trial.steps.wrong == []
    table = trial.steps.table()
    assert [line.split("  ")[0] for line in table[2:]] == [
        "launched",
        "running",
        "name published",
        "ready",
        "way in",
        "door opened",
        "doors closed",
        "recording safe",
        "ended",
        "all is gone",
    ]
    assert table[3].split() == ["running", "20", "20"]
    assert any("it ends by itself at 15:20 UTC at the latest" in line for line in story.said)
    assert sum("teacher's desktop is ready" in line for line in story.said) == 1


def test_the_door_is_opened_with_a_token_as_the_page_hands_it_over_and_stays_open_for_two_minutes() -> None:
    story = Story(WHOLE)
    trial = chain(story)
    trial.run()
    assert story.opened[Role.TEACHER] == "https://i-teacher.example.com:8443/?authToken=token#console"
    assert story.closed
    opened, closed = (line for line in trial.steps.table() if line.startswith("door"))
    assert int(closed.split()[-1]) - int(opened.split()[-1]) == 120


@pytest.mark.parametrize(
    ("story", "what", "remedy"),
    [
        (Story((GOOD[0],)), "the teacher's desktop is not launched after 16 minutes", "make doctor"),
        (
            Story((GOOD[0], of_teacher(5, refused="VcpuLimitExceeded"))),
            "is not launched after 16 minutes: EC2 says VcpuLimitExceeded",
            "aws logs tail",
        ),
        (
            Story(GOOD[:2], states={3: State.PENDING}),
            "the teacher's desktop i-teacher is pending after 16 minutes",
            "launch-failures",
        ),
        (Story(GOOD[:2]), "the teacher's desktop runs, and its name is not published", "make doctor"),
        (Story(GOOD[:3]), "nothing on it has told that it is ready", "make image"),
        (
            Story((*GOOD[:3], both(60, missing=["DCV has no session yet."], missing_since=moment(60)))),
            "is not ready after 16 minutes. It says: DCV has no session yet",
            "repair it on the image: make image",
        ),
        (
            Story((*GOOD[:3], both(60, missing=["DCV's certificate has expired."], missing_since=moment(60)))),
            "It says: DCV's certificate has expired",
            "make certificate",
        ),
    ],
    ids=["no desktop", "refused", "pending", "no name", "silent", "missing", "certificate"],
)
def test_a_desktop_that_never_gets_ready(story: Story, what: str, remedy: str) -> None:
    said = failed(story)
    assert what in said
    assert remedy in said.partition("→")[2]
    assert timedelta(minutes=16) <= timedelta(seconds=story.seconds) < timedelta(minutes=17)


def test_what_a_desktop_lacks_is_told_once_as_it_says_it() -> None:
    story = Story((*GOOD[:3], both(60, missing=["DCV has no session yet."], missing_since=moment(60))))
    failed(story)
    assert sum("the teacher's desktop says: DCV has no session yet." in line for line in story.said) == 1


def test_a_desktop_that_was_replaced_is_wrong_though_the_next_one_is_proven() -> None:
    replaced = of_teacher(100, replaced=["2026-03-01T15:01:40Z i-0: it was not ready in time"])
    trial = chain(Story((*GOOD[:3], replaced, *WHOLE[3:])))
    trial.run()
    [finding] = trial.steps.wrong
    assert "the teacher's desktop was replaced" in finding.what
    assert "desktops-replaced" in finding.remedy


def test_trouble_that_passes_is_waited_for_and_one_that_does_not_is_told() -> None:
    passing = Story(WHOLE, trouble={10: "The app answers 503.", 100: ""})
    chain(passing).run()
    assert sum("The app answers 503." in line for line in passing.said) == 1
    said = failed(Story(WHOLE, trouble={10: "The API cannot be reached."}))
    assert said == "for 2 minutes the app has not answered: The API cannot be reached → make doctor STAGE=dev"


def test_a_meeting_that_ends_under_the_trial() -> None:
    cancelled: Change = (60, {"status": "TERMINATED", "termination_reason": "CANCELLED", "ended_at": moment(60)})
    assert "the meeting ended before its trial did (CANCELLED)" in failed(Story((*GOOD, cancelled)))
    late: Change = (300, cancelled[1])
    assert "before its trial did (CANCELLED)" in failed(Story((*GOOD, ENTERED, late)))


def test_a_way_that_leads_nowhere_opens_no_door() -> None:
    story = Story(WHOLE, ways={Role.STUDENT: Failed("it does not resolve", "look at the zone")})
    assert failed(story) == "it does not resolve → look at the zone"
    assert story.opened == {}


def test_a_door_that_refuses() -> None:
    assert "hands over no token" in failed(Story(WHOLE, token=""))
    story = Story((*GOOD, of_teacher(230, connected_at=moment(230))), exits={Role.STUDENT: 1})
    said = failed(story)
    assert "for 90 s the student's desktop tells of nobody who is connected; its browser ended by itself (1)" in said


def test_a_connection_that_breaks_off_is_wrong() -> None:
    trial = chain(Story((*GOOD, ENTERED, of_teacher(260, disconnected_at=moment(260)), RECORDED, ENDED)))
    trial.run()
    assert [finding.what for finding in trial.steps.wrong] == [
        "the connection to the teacher's desktop broke off before the trial closed it"
    ]


def test_where_there_is_no_browser_people_are_given_the_links_and_more_time() -> None:
    later = both(700, connected_at=moment(700))
    story = Story((*GOOD, later, RECORDED, ENDED))
    chain(story, replace(PLAN, hands=True)).run()
    for role in Role:
        assert any(INVITATION.links[role] in line and role in line for line in story.said)
    assert story.opened == {}
    assert "for 600 s the teacher's desktop and the student's" in failed(Story(GOOD), replace(PLAN, hands=True))


def test_a_stage_that_records_has_a_recording_of_each() -> None:
    lost = of_teacher(1190, recording_lost=["Piece 3 was cut off."])
    said = failed(Story((*GOOD, ENTERED, LEFT, lost, ENDED)))
    assert (
        "there is no recording of the teacher's desktop and the student's desktop. It says: Piece 3 was cut off" in said
    )
    chain(Story((*GOOD, ENTERED, LEFT, ENDED)), replace(PLAN, records=False)).run()


def test_a_recording_that_is_safe_but_for_a_part_is_wrong() -> None:
    lost = of_teacher(510, recording_lost=["Piece 3 was cut off."])
    trial = chain(Story((*GOOD, ENTERED, LEFT, RECORDED, lost, ENDED)))
    trial.run()
    assert [finding.what for finding in trial.steps.wrong] == [
        "a part of the teacher's recording is lost. Its desktop says: Piece 3 was cut off"
    ]


def test_a_recording_may_be_noted_a_moment_after_the_end() -> None:
    chain(Story((*GOOD, ENTERED, LEFT, ENDED, both(1260, session_data="https://s.example.com/ROLE")))).run()


def test_a_meeting_that_never_ends_or_ends_otherwise() -> None:
    assert "has not ended, 5 minutes after it had to" in failed(Story(WHOLE[:-1]))
    gone = (1200, ENDED[1] | {"termination_reason": "DESKTOPS_GONE"})
    assert "(DESKTOPS_GONE)" in failed(Story((*WHOLE[:-1], gone)))


def test_what_is_left_over_is_told_each_with_its_remedy() -> None:
    remains = [fail("the desktop i-1 is still there", "end it"), fail("the name n is still in the zone", "withdraw it")]
    story = Story(WHOLE, remains=remains, left_until=1300)
    chain(story).run()
    assert story.seconds >= 1300
    story = Story(WHOLE, remains=remains, left_until=99_999)
    trial = chain(story)
    with pytest.raises(Failed, match="the desktop i-1 is still there"):
        trial.run()
    assert trial.steps.wrong == [remains[1]]
