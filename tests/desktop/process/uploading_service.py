"""The uploading half of the agent's service as a process of its own, to be killed: ends when all that it has is safe.

`python -m tests.desktop.process.uploading_service FOLDER URL PART PACE`: with its folders in FOLDER, the stand-in for
the app at URL, parts of PART bytes at least, and pauses that pass PACE times as fast.
"""

from __future__ import annotations

import http.client
import json
import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from desktop import pieces
from desktop.api import AppRefused, AppUnreachable
from desktop.background import Background
from desktop.outbox import Outbox
from desktop.state import State
from desktop.uploading.transfer import Transfer
from desktop.uploading.uploader import Uploader

PATH = "/desktop/m-1/recordings"
_STEP_S = 0.05


class Unsigned:
    """Asks the stand-in, which knows no signatures."""

    def __init__(self, url: str) -> None:
        self._netloc = urlsplit(url).netloc

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(self._netloc, timeout=15)
        try:
            connection.request(method, path, json.dumps(body))
            answer = connection.getresponse()
            told: dict[str, Any] = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise AppUnreachable(str(error)) from error
        finally:
            connection.close()
        if answer.status >= 300:
            raise AppRefused(answer.status, told["message"])
        return told


def main(folder: Path, url: str, part: int, pace: float) -> int:
    pieces.SMALLEST_PART = part
    pieces.MIB = min(pieces.MIB, part)
    logging.getLogger("elephant.desktop").addHandler(logging.NullHandler())
    state = State(folder / "state" / "state.json", "i-0123456789abcdef0")
    outbox = Outbox(folder / "drop", folder / "outbox", folder / "refused", lambda file: None, lambda name: name)
    transfer = Transfer(Unsigned(url), PATH)
    uploader = Uploader(outbox, transfer, state, Background("upload"), lambda: time.monotonic() * pace)
    while True:
        uploader.step(look=True)
        if uploader.is_settled and uploader.has_any:
            break
        time.sleep(_STEP_S)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
