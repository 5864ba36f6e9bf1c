"""What the app tells the operators' board, canned; it is noon, UTC, on Monday, 2 March 2026."""

from __future__ import annotations

from typing import Any

from tests.browser.chromium import Page
from tests.browser.stand import Answer, Stand

KEY = "0123456789abcdef-key of a test"
SIGNATURE = "0123456789abcdef0123456789abcdef"
SHUT_OUT = {"what": "shut out", "told": "The student waits at a door that is closed.", "role": "student"}
REFUSED = {
    "what": "refused",
    "told": "EC2 refused the student's desktop: InsufficientInstanceCapacity: there is none in this zone.",
    "role": "student",
    "since": "2026-03-02T11:50:00Z",
}
READY = {"step": "ready", "presence": "in", "ready": True, "desktop_id": "i-0a0a0a0a0a0a0a0a0", "link_number": 0}
WAITS = {"step": "launching", "presence": "waiting", "since": "2026-03-02T11:58:00Z", "ready": False, "link_number": 2}
ABSENT = {"step": "scheduled", "presence": "absent", "ready": False, "link_number": 0}
COST = {"amount": 0.41, "estimate": 1.2, "currency": "USD", "paid_minutes": 24.5, "used_minutes": 20}


def listed(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a meeting as lists show it, that begins at noon, otherwise than usual in this."""
    usual = {
        "id": f"m-{number}",
        "teacher_name": "Ann Ash",
        "student_name": "Ben Birch",
        "time_zone": "Europe/Berlin",
        "scheduled_by": "school",
        "meet_time": "2026-03-02T12:00:00Z",
        "launch_at": "2026-03-02T11:48:00Z",
        "ends_at": "2026-03-02T12:50:00Z",
        "deadline": "2026-03-02T13:05:00Z",
        "status": "HEALTHY",
        "lives": True,
        "seats": {"teacher": READY, "student": READY},
        "troubles": [],
    }
    return usual | changes


TROUBLED = listed(1, seats={"teacher": READY, "student": WAITS}, troubles=[SHUT_OUT, REFUSED], cost=COST)
FINE = listed(2, teacher_name="Cleo Carr", student_name="Dan Dale", meet_time="2026-03-02T11:30:00Z", cost=COST)
LATER = listed(
    3,
    teacher_name="Eve Elm",
    student_name="Fay Fox",
    meet_time="2026-03-02T12:45:00Z",
    launch_at="2026-03-02T12:33:00Z",
    ends_at="2026-03-02T13:35:00Z",
    deadline="2026-03-02T13:50:00Z",
    status="SCHEDULED",
    lives=False,
    seats={"teacher": ABSENT, "student": ABSENT},
)
DONE = listed(
    4,
    teacher_name="Gus Gray",
    student_name="Hal Holt",
    meet_time="2026-03-02T08:00:00Z",
    launch_at="2026-03-02T07:48:00Z",
    ended_at="2026-03-02T08:47:00Z",
    status="TERMINATED",
    reason="SUCCESS",
    lives=False,
)
NOBODY = DONE | {"id": "m-5", "teacher_name": "Ida Iske", "reason": "NO_SHOW_TIMEOUT", "scheduled_by": "portal"}
MONTH = {"spent": 84.2, "limit": 100, "currency": "USD"}

MEETING: dict[str, Any] = TROUBLED | {
    "message": "This is how the meeting stands.",
    "duration_minutes": 50,
    "sequence": 1,
    "may": {"move": True, "lengthen_to": 80, "extend": 30, "rename": True, "cancel": True, "replace": ["teacher"]},
    "link_ids": {"teacher": f"m-1.{SIGNATURE}", "student": f"m-1.{SIGNATURE[::-1]}"},
    "created_at": "2026-03-01T09:00:00Z",
    "timers": [{"name": "launch", "at": "2026-03-02T11:48:00Z"}, {"name": "safety", "at": "2026-03-02T13:05:00Z"}],
    "desktops": {
        "teacher": {
            "id": "i-0a0a0a0a0a0a0a0a0",
            "subnet": "subnet-1",
            "name": "i-0a0a0a0a0a0a0a0a0.example.com",
            "link": "https://i-0a0a0a0a0a0a0a0a0.example.com:8443/#m-1",
            "launched_at": "2026-03-02T11:48:00Z",
            "published_at": "2026-03-02T11:50:00Z",
            "healthy_at": "2026-03-02T11:54:00Z",
            "attempts": 1,
            "missing": [],
            "earlier": [],
        },
        "student": {
            "attempts": 2,
            "missing": [],
            "earlier": ["2026-03-02T11:57:00Z i-0b0b0b0b0b0b0b0b0: it was not ready in time"],
        },
    },
    "history": [
        {"at": "2026-03-01T09:00:00Z", "what": "the meeting was scheduled", "by": "the key school"},
        {"at": "2026-03-02T11:48:00Z", "what": "the teacher's desktop was launched", "by": "the app"},
        {"at": "2026-03-02T11:57:00Z", "what": "the student's desktop is replaced", "by": "the app", "why": "late"},
    ],
}

FIGURES = {
    "no_shows": 0,
    "ready_p50_s": 214,
    "ready_p95_s": 391,
    "replaced": {"NOT_READY": 2, "GONE": 1},
    "used_is_estimate": False,
    "currency": "USD",
}


def summed(name: str, meetings: int, hours: float, **more: Any) -> dict[str, Any]:
    """Return the figures of a group of meetings."""
    used = {"paid_hours": hours, "used_hours": round(hours * 0.8, 2), "cost": round(hours * 0.3, 2)}
    return FIGURES | {"name": name, "meetings": meetings} | used | more


WEEK: dict[str, Any] = {
    "message": "These are the figures.",
    "total": summed("", 31, 52.5, no_shows=2),
    "by_day": [summed("2026-03-02", 14, 24, no_shows=2), summed("2026-03-03", 9, 15.5), summed("2026-03-06", 8, 13)],
    "by_key": [summed("portal", 20, 34), summed("school", 11, 18.5)],
    "by_teacher": [summed("ann@school.example", 18, 30), summed("", 13, 22.5)],
}
AHEAD: dict[str, Any] = {
    "message": "So many desktops are wanted.",
    "at_once": 20,
    "minutes": 15,
    "from": "2026-03-02T00:00:00Z",
    "weeks": [{"monday": "2026-03-02", "desktops": [0] * 32 + [6] * 8 + [12] * 4 + [20] * 2 + [4] * 20 + [0] * 606}],
}


def now(*meetings: dict[str, Any], **more: Any) -> Answer:
    """Return the app's word on the meetings of now."""
    told = {"message": "These are the meetings.", "at": "2026-03-02T12:00:00Z", "at_once": 20}
    return Answer(200, told | {"meetings": list(meetings)} | more)


def day(*meetings: dict[str, Any], **more: Any) -> Answer:
    """Return a page of the app's word on this day."""
    told = {"message": "These are the meetings.", "day": "2026-03-02", "at_once": 20}
    return Answer(200, told | {"meetings": list(meetings)} | more)


def meeting(**changes: Any) -> Answer:
    """Return the app's word on the meeting, otherwise than usual in this."""
    return Answer(200, MEETING | changes)


def only_read(**changes: Any) -> Answer:
    """Return what a key that may only read is told of the meeting."""
    return Answer(200, {name: value for name, value in MEETING.items() if name != "link_ids"} | changes)


def at(page: Page, stand: Stand, *answers: Answer, where: str = "ops#now") -> None:
    """Open the board with a key in its address, and let the app answer this."""
    stand.answers = list(answers)
    path, _, fragment = where.partition("#")
    page.open(f"{stand.url}{path}#key={KEY.replace(' ', '%20')}&{fragment}")


def look(page: Page, stand: Stand, *answers: Answer) -> None:
    """Look at the page again, which makes it ask, and let the app answer this."""
    stand.answers = list(answers)
    page.run("document.dispatchEvent(new Event('visibilitychange'))")
