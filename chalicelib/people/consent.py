"""What people are told of being recorded before they click, on a stage that records; on any other there is nothing."""

from __future__ import annotations

from chalicelib.environment import OperatorSettings, RecordingSettings


def notice(recordings: RecordingSettings, operator: OperatorSettings) -> dict[str, dict[str, str | int]]:
    """Return what an answer holds of it beside all else, as `consent`: nothing where meetings are not recorded.

    It is who records, whom to ask to have a recording erased, and for how many days it is kept.
    """
    if not recordings.record:
        return {}
    told: dict[str, str | int] = {
        "operator": operator.name or "",
        "contact": operator.contact or "",
        "keep_days": recordings.keep_days,
    }
    return {"consent": told}
