"""The bucket that the machines of a build fetch from: the kit, and the operator's installers with their manifest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tools.errors import code_of
from tools.imaging.installers import Installers
from tools.imaging.kit import Kit

_MANY = 1000  # the most that one request deletes


def put(s3: Any, bucket: str, kit: Kit, installers: Installers, say: Callable[[str], object]) -> None:
    """Put what is not there yet; a key bears its content's digest, so what is there is what is wanted.

    The manifest comes last: where it is, all of its files are.
    """
    if not _is_there(s3, bucket, kit.key):
        say("the kit is uploaded")
        s3.put_object(Bucket=bucket, Key=kit.key, Body=kit.zip)
    manifest = f"{installers.prefix}/manifest.txt"
    if _is_there(s3, bucket, manifest):
        return
    for file, _ in installers.files:
        say(f"{file.name} is uploaded, {file.stat().st_size / 2**20:,.1f} MiB")
        s3.upload_file(str(file), bucket, f"{installers.prefix}/{file.name}")
    s3.put_object(Bucket=bucket, Key=manifest, Body=installers.manifest.encode())


def empty(s3: Any, bucket: str) -> None:
    """Delete everything in the bucket, so that its stack can be taken away."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": found["Key"]} for found in page.get("Contents", ())]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys[:_MANY], "Quiet": True})


def _is_there(s3: Any, bucket: str, key: str) -> bool:
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if code_of(error) not in ("404", "NoSuchKey", "NotFound"):
            raise
        return False
    return True
