"""Erasing all that is kept of what was recorded of a meeting.

Every version, every mark of a deletion and every unfinished upload of both sides, under whichever day. It may be run
again at any time, goes on where it was interrupted, and needs no row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from chalicelib.domain.rows import timestamp
from chalicelib.domain.seat import Role
from tools.account import Clients
from tools.history import note
from tools.kept_recordings import Bucket, Kept, size
from tools.meeting import Asked, now
from tools.stage import Stage, StageError

_ROUNDS = 5  # a part that was on its way may still arrive after its upload was ended


def erase(
    stage: Stage, meeting_id: str, client: Clients, *, why: str = "", sure: Callable[[str], str] | None = None
) -> None:
    """Erase a meeting's recordings, and print what was there and that nothing is. `sure` asks, None to ask nobody.

    Raises:
        StageError: the meeting lives, whoever was asked is not sure, or something could not be erased.
    """
    asked = Asked(stage, meeting_id, client, now())
    _refuse_while_it_lives(asked)
    kept = {bucket: asked.kept(bucket) for bucket in asked.buckets}
    told = [_told(bucket, each) for bucket, each in kept.items() if each]
    print("\n".join(told) or f"Nothing is kept of what was recorded of meeting {meeting_id}.")
    if told and sure and sure("This erases it for good. Type the meeting's id to go on: ") != meeting_id:
        raise StageError("the id that was typed is not the meeting's; nothing was erased")
    if told or (asked.meeting and not asked.meeting.recordings_erased):
        # First, so that a desktop that the row still names is refused from now on.
        deed = asked.entry("recordings erased", why)
        where = note(
            asked.rows, asked.buckets[0], meeting_id, asked.row, deed, {"recordings_erased_at": timestamp(asked.now)}
        )
        print(f"Who erases them is in {where}.")
    for bucket, found in kept.items():
        _empty(asked, bucket, found)
        print(f"A listing of meeting {meeting_id} in {bucket.name} is empty: versions, marks and unfinished uploads.")
    for url in asked.elsewhere():
        print(f"The row names {url}, which is in no bucket of the stage: it was not touched. Have it erased there.")


def _refuse_while_it_lives(asked: Asked) -> None:
    if alive := asked.living():
        raise StageError(
            f"the desktops {', '.join(alive)} of meeting {asked.id} are alive and may still upload. Erase its "
            "recordings when they have ended."
        )
    if asked.meeting and not asked.meeting.finished:
        raise StageError(
            f"meeting {asked.id} has not ended (its row says {asked.meeting.status}), so more may be recorded. Erase "
            "its recordings when it has; to call it off now: docs/deploy.md, The first meeting."
        )


def _told(bucket: Bucket, kept: Kept) -> str:
    """Return what is there, by side."""
    lines = [f"In {bucket.name}:"]
    for side in (*Role, ""):
        versions = [each for each in kept.versions if _side(each.key) == side]
        uploads = Counter(_side(each.key) for each in kept.uploads)[side]
        if versions or uploads:
            marks = sum(each.is_marker for each in versions)
            lines.append(
                f"  {side or 'neither side'}: {len(versions) - marks} versions, "
                f"{size(sum(each.size for each in versions))}; {marks} marks of deletions; {uploads} unfinished uploads"
            )
    return "\n".join(lines)


def _side(key: str) -> str:
    """Return the role that a key bears, empty for none."""
    return next((role.value for role in Role if f"/{role}/" in key or f"_{role}_" in key), "")


def _empty(asked: Asked, bucket: Bucket, found: Kept) -> None:
    """Delete until nothing is listed.

    Raises:
        StageError: something comes again and again.
    """
    for _ in range(_ROUNDS):
        if not found:
            return
        bucket.delete(found)
        found = asked.kept(bucket)
    raise StageError(
        f"{len(found.versions)} versions and {len(found.uploads)} uploads came into {bucket.name} meanwhile: something "
        "still uploads. Find out what, and run this again."
    )
