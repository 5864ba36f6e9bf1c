"""What differs between Windows and Linux, for the service: each system in a module of its own."""

from __future__ import annotations

import os
from pathlib import Path

from desktop.machine.programs import output
from desktop.machine.system import System


def this_machine(root: Path) -> System:
    """Return the system that this runs on; `root` is where its own files are."""
    if os.name == "nt":
        from desktop.machine.windows import REGISTRY, Windows

        return Windows(output, REGISTRY)
    from desktop.machine.linux import Linux

    return Linux(output, root)
