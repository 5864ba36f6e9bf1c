"""Every write on a row, by the name of what happened.

Each function returns the change as an `Update`: what is set, what is removed, and what the row must still hold
for the change to be made. Nothing else in the app builds one, so what belongs together is written, and
forgotten, together.
"""

from chalicelib.domain.writes.base import OF_A_DESKTOP, OF_A_LAUNCH, after, noted, telling, together
from chalicelib.domain.writes.ending import end_left, ended, ending, expiring, is_ending, kept_ended
from chalicelib.domain.writes.guests import (
    presence_changed,
    reported_missing,
    reported_ready,
    reported_recordings,
    reported_upload,
    seen,
)
from chalicelib.domain.writes.launching import (
    attempt_moved,
    given_up,
    held,
    launch_begun,
    launch_refused,
    launched,
    of_a_move,
    replacement_asked,
    stood_down,
)
from chalicelib.domain.writes.learning import (
    adopted,
    checkpoint_held,
    filed,
    kept,
    link_dropped,
    listed,
    opened,
    published,
    reported_healthy,
    status_restored,
    uploaded,
    vouched,
)
from chalicelib.domain.writes.managing import (
    cancelled,
    counted,
    lengthened,
    link_renewed,
    moved,
    recordings_taken,
    renamed,
    zoned,
)
from chalicelib.domain.writes.people import joined, scheduled, waiting

__all__ = [
    "OF_A_DESKTOP",
    "OF_A_LAUNCH",
    "adopted",
    "after",
    "attempt_moved",
    "cancelled",
    "checkpoint_held",
    "counted",
    "end_left",
    "ended",
    "ending",
    "expiring",
    "filed",
    "given_up",
    "held",
    "is_ending",
    "joined",
    "kept",
    "kept_ended",
    "launch_begun",
    "launch_refused",
    "launched",
    "lengthened",
    "link_dropped",
    "link_renewed",
    "listed",
    "moved",
    "noted",
    "of_a_move",
    "opened",
    "presence_changed",
    "published",
    "recordings_taken",
    "renamed",
    "replacement_asked",
    "reported_healthy",
    "reported_missing",
    "reported_ready",
    "reported_recordings",
    "reported_upload",
    "scheduled",
    "seen",
    "status_restored",
    "stood_down",
    "telling",
    "together",
    "uploaded",
    "vouched",
    "waiting",
    "zoned",
]
