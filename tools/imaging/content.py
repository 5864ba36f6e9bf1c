"""infra/image.yaml with its component documents and parameters, and the version that all of it comes to.

The documents are files of their own, since AWS's own program checks them as such; a line `Data: desktop/image/…` of
the template says where each belongs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import indent

from chalicelib.settings import Guest
from desktop import PROTOCOL
from tools.imaging.installers import Installers
from tools.imaging.kit import Kit
from tools.stage import ROOT, Stage
from tools.version import version

TEMPLATE = "infra/image.yaml"
BASES = {
    "Windows": "/aws/service/ami-windows-latest/Windows_Server-2022-English-Full-Base",
    "Linux": "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
}
"""The public parameters that name Amazon's and Canonical's own images, by system."""

_DOCUMENT = re.compile(r"^( +)Data: (desktop/image/[a-z-]+\.yaml)$", re.M)
_NOT_IN_AN_IMAGE = {"Version", "Elephant", "InstanceType", "SubnetId", "VpcId", "FastLaunch", "Prepared", "LogDays"}
"""Parameters that change how an image is built or handed on, and nothing in it."""


def system(stage: Stage) -> str:
    """Return the system of the stage's desktops: what the guard is written for; Windows where there is none."""
    return "Linux" if stage.variable("IN_GUEST_DEADLINE") == Guest.LINUX else "Windows"


def template(root: Path = ROOT) -> str:
    """Return the template with its documents in it."""

    def document(found: re.Match[str]) -> str:
        text = (root / found[2]).read_text(encoding="utf-8")
        return f"{found[1]}Data: |\n{indent(text, found[1] + '  ').rstrip()}"

    return _DOCUMENT.sub(document, (root / TEMPLATE).read_text(encoding="utf-8"))


def parameters(
    stage: Stage, base: str, kit: Kit, installers: Installers, *, body: str, subnet: str = "", vpc: str = ""
) -> dict[str, str]:
    """Return the stack's parameters. `base` is the id of the image to begin with, `body` the template with documents.

    `subnet` and `vpc` are empty where the machines of the build belong into the default VPC.
    """
    wanted = {
        "Stage": stage.name,
        "Elephant": version(),
        "Protocol": str(PROTOCOL),
        "Platform": system(stage),
        "ParentImage": base,
        "KitKey": kit.key,
        "KitDigest": kit.digest,
        "InstallersPrefix": installers.prefix,
        "InstanceType": stage.instance_type,
        "VolumeGib": str(stage.volume_gib),
        "KmsKey": stage.kms_key,
        "SubnetId": subnet,
        "VpcId": vpc,
        "FastLaunch": str(stage.fast_launch).lower(),
        "Prepared": str(stage.at_once),
        "LogDays": str(stage.log_retention_days),
    }
    return wanted | {"Version": content_version(body, wanted)}


def content_version(body: str, wanted: Mapping[str, str]) -> str:
    """Return the version that this content comes to: the same for the same, and no other has it.

    Image Builder takes three numbers below 2^30, and makes no version of a name twice.
    """
    inside = {key: value for key, value in wanted.items() if key not in _NOT_IN_AN_IMAGE}
    digest = hashlib.sha256(json.dumps([body, inside], sort_keys=True).encode()).digest()
    number = int.from_bytes(digest[:8], "big")
    return f"1.{number >> 30 & 0x3FFFFFFF}.{number & 0x3FFFFFFF}"
