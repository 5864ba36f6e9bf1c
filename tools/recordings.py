"""`python -m tools.recordings --stage dev --meeting ID`: a link to each recording of a meeting, good for five minutes.

Links are signed with the operator's own credentials; the board signs others for whoever has a key. Who took them is
kept before they are shown.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.s3 import SIGNING
from tools.account import Clients, clients
from tools.history import note
from tools.kept_recordings import Bucket, Version, size
from tools.meeting import Asked, now
from tools.stage import Stage, StageError, load
from tools.terminal import say

LASTS = timedelta(minutes=5)
"""How long a link is good; credentials that end sooner end it."""

Signers = Callable[[str], Any]
"""Returns a client of S3 that signs for a Region."""


def main() -> int:
    """Show the recordings of the meeting that the command line names; return 0 where there are any."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stage", required=True, help="the name of a file in stages/")
    arguments.add_argument("--meeting", required=True, help="the meeting's id, as its row has it")
    arguments.add_argument("--why", default="", help="what they are taken for; it is kept with who took them")
    given = arguments.parse_args()
    try:
        stage = load(given.stage)
        return 0 if show(stage, given.meeting, clients(stage.region), why=given.why) else 1
    except (StageError, ClientError, BotoCoreError) as error:
        say(f"No recording is shown: {error}", sys.stderr)
        return 1


def signer(region: str) -> Any:
    """Return a client of S3 that signs links for a Region with the credentials at hand."""
    return boto3.client("s3", region_name=region, config=Config(**SIGNING))


def show(stage: Stage, meeting_id: str, client: Clients, *, why: str = "", signers: Signers = signer) -> int:
    """Print a link to each recording of a meeting, and what else is known of them; return how many there are.

    Raises:
        StageError: the stage has no bucket, or it could not be kept who took the links.
    """
    asked = Asked(stage, meeting_id, client, now())
    kept = {bucket: asked.kept(bucket) for bucket in asked.buckets}
    found = [(bucket, each) for bucket, all_of_it in kept.items() for each in all_of_it.recordings]
    print(f"{len(found)} recordings of meeting {meeting_id} on stage {stage.name}{'' if found else '.'}")
    if found:
        taken = asked.entry(f"links to {len(found)} recordings taken", why)
        where = note(asked.rows, found[0][0], meeting_id, asked.row, taken)
        by_bucket = {bucket: signers(bucket.region()) for bucket in kept}
        for bucket, each in found:
            print(_shown(bucket, each, by_bucket[bucket]))
        ends = asked.now + LASTS
        print(f"\nThe links are good for five minutes, to {ends:%H:%M:%S} UTC. Who took them is in {where}.")
    _tell_the_rest(asked, sum(len(each.uploads) for each in kept.values()))
    return len(found)


def _shown(bucket: Bucket, each: Version, client: Any) -> str:
    which = {"Bucket": bucket.name, "Key": each.key, "VersionId": each.id}
    link = client.generate_presigned_url("get_object", Params=which, ExpiresIn=int(LASTS.total_seconds()))
    return f"\n{each.key}  {size(each.size)}, {each.at:%Y-%m-%d %H:%M} UTC\n{link}"


def _tell_the_rest(asked: Asked, unfinished: int) -> None:
    """Print what is not there, and why."""
    if unfinished:
        print(f"{unfinished} uploads are not finished: their desktops may still be at it.")
    for url in asked.elsewhere():
        print(f"The row names {url}, which is in no bucket of the stage: whoever keeps it gives it out.")
    for seat in asked.meeting.seats if asked.meeting else ():
        for lost in seat.recording_lost:
            print(f"Lost, of the {seat.role}'s: {lost}")
    if asked.row is None:
        print(f"The meeting has no row on stage {asked.stage.name} any more.")
    elif asked.meeting and asked.meeting.recordings_erased:
        print(f"Its recordings were erased at {asked.row['recordings_erased_at']}.")


if __name__ == "__main__":
    sys.exit(main())
