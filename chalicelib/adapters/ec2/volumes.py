"""What a launch says of an image's volumes: only what the image itself does not say already. Pure.

Whatever a request says of the root volume makes EC2 pass over the snapshots that Fast Launch has prepared, so it says
nothing where the image's own root will do. Volumes that would outlive their instance are named, so that they do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TYPE = "gp3"
_REPEATED = ("SnapshotId", "VolumeSize", "VolumeType", "Iops", "Throughput")


def root_of(image: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an image says of its root volume, empty where it says nothing."""
    root = image.get("RootDeviceName")
    return next((dict(m["Ebs"]) for m in _mappings(image) if m.get("DeviceName") == root and "Ebs" in m), {})


def lacks(root: Mapping[str, Any], volume_gib: int, kms_key: str | None) -> list[str]:
    """Return in what an image's root volume is not what desktops are to have, nothing where it will do."""
    told = {
        f"is {root.get('VolumeSize', 0)} GiB, less than {volume_gib}": root.get("VolumeSize", 0) < volume_gib,
        f"is {root.get('VolumeType', 'of no type')}, not {TYPE}": root.get("VolumeType") != TYPE,
        "outlives its instance": not root.get("DeleteOnTermination", True),
        "is not encrypted": bool(kms_key) and not root.get("Encrypted"),
    }
    return [what for what, holds in told.items() if holds]


def mappings(image: Mapping[str, Any], volume_gib: int, kms_key: str | None) -> list[dict[str, Any]]:
    """Return the block device mappings of a launch. Of an image that nothing is known of, there are none."""
    if not image.get("RootDeviceName"):
        return []
    root = root_of(image)
    asked: list[dict[str, Any]] = []
    if lacks(root, volume_gib, kms_key):
        size = max(volume_gib, root.get("VolumeSize", 0))
        volume = {"VolumeSize": size, "VolumeType": TYPE, "DeleteOnTermination": True}
        asked.append({"DeviceName": image["RootDeviceName"], "Ebs": volume | _encryption(root, kms_key)})
    for mapping in _mappings(image):
        volume = mapping.get("Ebs", {})
        if not volume or mapping.get("DeviceName") == image["RootDeviceName"]:
            continue
        encryption = _encryption(volume, kms_key)
        if encryption or not volume.get("DeleteOnTermination"):
            same = {key: volume[key] for key in _REPEATED if key in volume}
            ends = {"DeleteOnTermination": True}
            asked.append({"DeviceName": mapping["DeviceName"], "Ebs": same | ends | encryption})
    return asked


def _mappings(image: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(image.get("BlockDeviceMappings", []))


def _encryption(volume: Mapping[str, Any], kms_key: str | None) -> dict[str, Any]:
    """Return what encrypts a volume with the operator's key; one that is encrypted keeps the key that it has."""
    return {"Encrypted": True, "KmsKeyId": kms_key} if kms_key and not volume.get("Encrypted") else {}
