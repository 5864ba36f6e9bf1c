"""What differs between Windows and Linux, for the service: each system in a module of its own."""

from __future__ import annotations

import os

from desktop.machine.programs import output
from desktop.machine.system import System


def this_machine() -> System:
    """Return the system that this runs on."""
    if os.name == "nt":
        from desktop.machine.windows import REGISTRY, Windows

        return Windows(output, REGISTRY)
    from desktop.machine.linux import Linux

    return Linux(output)
