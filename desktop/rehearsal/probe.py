"""What the rehearsal's own command runs: writes who it is, and whether the instance metadata answer it.

Run as a file, by the service and, in the person's session, by the helper: probe.py <metadata's address> <result>.
"""

from __future__ import annotations

import getpass
import http.client
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

_PATIENCE_S = 5


def main(arguments: Sequence[str]) -> int:
    """Write what was found; return 0."""
    address, result = arguments
    told = {"user": getpass.getuser(), "metadata": reach(address)}
    file = Path(result)
    beside = file.with_name(f"{file.name}.{os.getpid()}.new")
    beside.write_text(json.dumps(told), encoding="utf-8")
    beside.replace(file)
    return 0


def reach(address: str) -> str | None:
    """Return None where a token is to be had of the metadata, else what keeps one from it."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=_PATIENCE_S)
    try:
        connection.request("PUT", "/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    return None if status == http.client.OK else f"status {status}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
