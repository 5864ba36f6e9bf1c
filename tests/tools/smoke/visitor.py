"""A browser for trials on the laptop's cloud: started as Chromium is, it speaks as the stand-in's page does."""

from __future__ import annotations

import html
import re
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from tests.desktop.process.laptops import Live


def program(folder: Path, doors: int) -> Path:
    """Return a program that takes this port for every desktop's, whatever its link says."""
    path = folder / "browser"
    root = Path(__file__).resolve().parents[3]
    path.write_text(f'#!/bin/sh\ncd "{root}" && exec "{sys.executable}" -m tests.tools.smoke.visitor {doors} "$@"\n')
    path.chmod(0o755)
    return path


def main(doors: int, page: str) -> int:
    """Go where the page leads on to, and stay until a signal comes."""
    found = re.search(r'content="0; url=([^"]+)"', Path(unquote(urlsplit(page).path)).read_text(encoding="utf-8"))
    assert found
    desktop = urlsplit(html.unescape(found[1]))
    assert desktop.hostname
    assert desktop.fragment == "console"
    [token] = parse_qs(desktop.query)["authToken"]
    live = Live(doors, desktop.hostname, token)
    if not live.is_in:
        print(live.first)
        return 1
    while True:
        time.sleep(60)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[-1]))
