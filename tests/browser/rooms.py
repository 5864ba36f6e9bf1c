"""The states that a waiting room can be in, each as the app's answer to the teacher; it is noon, UTC, on 2 March."""

from __future__ import annotations

from typing import Any

from tests.browser.stand import DESKTOP, SILENCE, Answer, refused, waiting

CONSENT = {"operator": "Example Language School", "contact": "privacy@school.example", "keep_days": 30}
PEOPLE: dict[str, Any] = {"teacher_name": "Ann Ash", "student_name": "Ben Birch", "sequence": 2}
LESSON = PEOPLE | {
    "meet_time": "2026-03-02T12:05:00Z",
    "ends_at": "2026-03-02T12:55:00Z",
    "time_zone": "America/New_York",
    "usual_minutes": 6,
    "may_extend": 30,
    "consent": CONSENT,
}


def person(presence: str, since: str = "2026-03-02T11:58:00Z", **more: object) -> dict[str, object]:
    """Return where somebody is."""
    return {"presence": presence, "since": since, **more}


def waits(step: str, other: str = "absent", **more: Any) -> Answer:
    """Return what who waits at this step is told; `progress` in `more` is what else is told of the step."""
    progress = {"since": "2026-03-02T11:57:30Z", "attempt": 1} | more.pop("progress", {})
    answer = waiting(step, **progress)
    return _with(answer, LESSON | {"you": person("waiting"), "other": person(other)} | more)


def may_enter(you: str = "waiting", other: str = "waiting", **more: Any) -> Answer:
    """Return what is told before an open door."""
    answer = Answer(200, {"message": "Ready.", "dcv_url": DESKTOP, "status": "IN_PROGRESS"}, {"Retry-After": "30"})
    return _with(answer, LESSON | {"you": person(you), "other": person(other)} | more)


def is_over(reason: str, **more: Any) -> Answer:
    """Return what is told of a meeting that has ended."""
    told = PEOPLE | {"meet_time": LESSON["meet_time"], "ended_at": "2026-03-02T11:59:00Z"} | more
    return refused(410, reason=reason, **told)


def _with(answer: Answer, more: dict[str, Any]) -> Answer:
    assert isinstance(answer.body, dict)
    return Answer(answer.status, {**answer.body, **more}, answer.headers)


LOST = "20260302T120500Z-3.mkv (64 MiB) is not uploaded: the disk is full."
RUNNING = {"meet_time": "2026-03-02T11:10:00Z"}
ROOMS: dict[str, Answer] = {
    "early": waits("scheduled", meet_time="2026-03-05T08:00:00Z", ends_at="2026-03-05T08:50:00Z",
                   progress={"launch_at": "2026-03-05T07:50:00Z"}),
    "launching": waits("launching"),
    "starting": waits("starting", "waiting"),
    "publishing": waits("publishing", "in"),
    "booting": waits("booting", "lost"),
    "lacking": waits("booting", progress={"missing": ["The DCV service is not running.", "The room is not open."]}),
    "second desktop": waits("booting", progress={"attempt": 2}),
    "a step to come": waits("something new"),
    "ready": may_enter(),
    "in": may_enter("in", "in", **RUNNING),
    "lost": may_enter("lost", "in", **RUNNING),
    "left": may_enter("left", "left", **RUNNING),
    "ten minutes": may_enter("in", "in", **RUNNING, ends_at="2026-03-02T12:09:00Z"),
    "two minutes": may_enter("in", "in", **RUNNING, ends_at="2026-03-02T12:01:40Z", may_extend=7),
    "the other has finished": may_enter("in", "left", **RUNNING, closes_at="2026-03-02T12:20:00Z"),
    "over, saved": is_over("SUCCESS", recording="safe", other_recording={"recording": "safe"}),
    "over, saving": is_over("MAX_DURATION", recording="on its way", other_recording={"recording": "on its way"}),
    "over, lost": is_over("PARTIAL_UPLOAD_TIMEOUT", recording="lost", recording_lost=[LOST],
                          other_recording={"recording": "lost", "recording_lost": [LOST]}),
    "nobody came": is_over("NO_SHOW_TIMEOUT", other_recording={"recording": "none"}),
    "no desktop": is_over("LAUNCH_FAILED"),
    "cancelled": is_over("CANCELLED"),
    "replaced link": refused(403, why="replaced"),
    "other person's link": refused(403),
    "no such meeting": refused(404),
    "malformed": refused(400),
    "portal": Answer(200, "<h1>Sign in</h1>", ours=False),
    "overrun": Answer(429, {"message": "Too Many Requests"}, {"Retry-After": "60"}, ours=False),
    "silence": SILENCE,
}  # fmt: skip
