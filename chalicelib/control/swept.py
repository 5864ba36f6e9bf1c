"""What a sweep came to, counted while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from chalicelib import log


@dataclass(slots=True)
class SweepReport:
    """What one sweep came to.

    `overdue` counts desktops that were seen alive past the deadline they bear, `unfinished` what the
    time budget left to the next sweep.
    """

    meetings: int = 0
    acted: int = 0
    failed: int = 0
    overdue: int = 0
    unfinished: int = 0

    def counts(self) -> dict[str, int]:
        """Return the counts by name, for the log."""
        return asdict(self)

    @contextmanager
    def tolerate(self, what: str, meeting_id: str | None = None) -> Iterator[None]:
        """Log and count what fails inside, so that one bad meeting, record or call never stops the others."""
        try:
            yield
        except Exception as error:
            self.failed += 1
            log.fail(log.Fail.SWEEP_FAILED, error, meeting=meeting_id, why=f"could not {what}")
