"""What the service asks of a machine, whatever its system."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol


class Observable(Protocol):
    """What can be told of a machine. Everything raises OSError where it cannot."""

    def dcv_runs(self) -> bool:
        """Return whether the DCV server's service runs."""

    def is_logged_on(self, user: str) -> bool:
        """Return whether this user is logged on at the machine itself: the automatic logon has happened."""

    def awaits_restart(self) -> bool:
        """Return whether the machine is about to restart, or must, to finish an installation."""


class Allows(Protocol):
    """A machine, as far as the room needs it."""

    def allow_capture(self, origin: str) -> None:
        """Let the desktop's browsers use camera and microphone at this origin without asking, and at no other.

        Raises:
            OSError: it cannot be set.
        """


class Ends(Protocol):
    """A machine, as far as its guard needs it."""

    def shut_down(self) -> None:
        """Begin to shut the machine down; OSError where it cannot."""


class Hands(Protocol):
    """A machine, as far as DCV's certificate needs it."""

    def give_to_dcv(self, file: Path) -> None:
        """Let DCV's server read this file, and nobody beside it but the service's user and administrators.

        Raises:
            OSError: it cannot be done.
        """


class System(Observable, Allows, Ends, Hands, Protocol):
    """All that the service asks of it. Everything raises OSError where it cannot."""

    def make_private(self, folder: Path) -> None:
        """Make a folder that only the service's user and administrators may look into."""

    def make_drop(self, folder: Path, user: str) -> None:
        """Make a folder into which this user may put files, and where they can neither look around nor change it."""

    def own(self, file: Path) -> None:
        """Make a file of a private folder the service's alone, which may be another user's, and no link."""
