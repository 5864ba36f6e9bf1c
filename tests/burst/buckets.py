"""EC2's token buckets, for an account in a Region, as the EC2 Developer Guide publishes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

_A_TOKEN = 1_000_000
"""Of what a bucket counts; a token a second is so one for each microsecond, and no refill is ever rounded."""

_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class Bucket:
    """Holds `size` tokens at the most, and is full at first; so many come `a_second`."""

    size: int
    a_second: int
    _level: int = field(init=False)
    _at: datetime | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._level = self.size * _A_TOKEN

    def take(self, count: int, now: datetime) -> bool:
        """Take so many tokens and return True, or none where there are too few; `now` (UTC) never goes back."""
        if self._at is not None:
            refill = (now - self._at) // _MICROSECOND * self.a_second
            self._level = min(self._level + refill, self.size * _A_TOKEN)
        self._at = now
        if self._level < count * _A_TOKEN:
            return False
        self._level -= count * _A_TOKEN
        return True


class Limits:
    """What EC2 takes of each operation: requests, and of some the instances that they are about as well.

    All that is read comes from one bucket, that of filtered and paginated requests, which the app's are. A request
    that is refused for its instances has used up its own token.
    """

    def __init__(self) -> None:
        self._requests = {
            "RunInstances": Bucket(5, 2),
            "TerminateInstances": Bucket(100, 5),
            "CreateTags": Bucket(100, 10),
        }
        self._reads = Bucket(100, 20)
        self._instances = {"RunInstances": Bucket(1000, 2), "TerminateInstances": Bucket(1000, 20)}

    def admit(self, operation: str, instances: int, now: datetime) -> bool:
        """Return whether EC2 serves a request now (UTC) that is about so many instances."""
        if not self._requests.get(operation, self._reads).take(1, now):
            return False
        about = self._instances.get(operation)
        return about is None or about.take(instances, now)
