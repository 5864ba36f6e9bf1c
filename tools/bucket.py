"""The buckets of a stage's recordings: the one that its stack makes, and one's own.

What was recorded outlives the stack: a bucket that was left is used again by the stage's next deploy.
"""

from __future__ import annotations

from collections.abc import Mapping

from tools.account import Account, Clients
from tools.kept_recordings import Bucket
from tools.stack import Stack
from tools.stage import Stage, StageError


def made_name(stage: Stage, account: Account) -> str:
    """Return the name of the bucket that the stage's stack makes, as the template has it."""
    return f"{stage.stack}-recordings-{account.id}-{account.region}"


def left(stage: Stage, account: Account, before: Mapping[str, str], client: Clients) -> str:
    """Return the bucket that an earlier stack of the stage has left, to be used again; empty where there is none.

    `before` are the outputs of the stack as it is.

    Raises:
        StageError: another account has a bucket of that name.
    """
    name = made_name(stage, account)
    if stage.upload_bucket or "MadeRecordings" in before:
        return ""
    return name if Bucket(client("s3"), name, account.id).exists() else ""


def of_stage(stage: Stage, account: Account, client: Clients) -> list[Bucket]:
    """Return the buckets that recordings of the stage may be in: its own, and the one that was made, be it left.

    Raises:
        StageError: one of them cannot be looked at, or there is none.
    """
    stack = Stack(client, stage.stack)
    outputs = stack.outputs() if stack.exists() else {}
    names = [stage.upload_bucket, outputs.get("RecordingsBucket", ""), made_name(stage, account)]
    buckets = [Bucket(client("s3"), name, account.id) for name in dict.fromkeys(filter(None, names))]
    found = [bucket for bucket in buckets if bucket.exists()]
    if not found:
        raise StageError(f"There is no bucket with recordings of stage {stage.name} in {stage.region}.")
    return found


def refuse_while_kept(stage: Stage, account: Account, client: Clients) -> None:
    """Refuse to take a stage away while recordings are in the bucket that was made for it.

    Raises:
        StageError: there are some; it says how many, and what can be done.
    """
    bucket = Bucket(client("s3"), made_name(stage, account), account.id)
    if not bucket.exists():
        return
    versions, uploads = bucket.holds()
    if not (versions or uploads):
        return
    unfinished = f" and {uploads} unfinished uploads" if uploads else ""
    raise StageError(
        f"{versions} recordings{unfinished} are in the bucket {bucket.name}, so nothing was taken away. Leave them "
        f"there, for the stage's next deploy to use the bucket again, with make destroy STAGE={stage.name} "
        f"LEAVE_RECORDINGS=1; or wait until they have expired (recordings.keep_days); or have them erased meeting by "
        f"meeting (docs/deploy.md, Erasing a recording)."
    )


def remove_made(stage: Stage, account: Account, client: Clients) -> bool:
    """Delete the bucket that was made for the stage, in which no recording is; return whether there was one.

    Raises:
        StageError: recordings have come meanwhile.
    """
    bucket = Bucket(client("s3"), made_name(stage, account), account.id)
    if not bucket.exists():
        return False
    bucket.remove()
    return True
