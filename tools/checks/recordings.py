"""What recordings stand on: who is said to record, the bucket, and what the functions may do there.

A bucket of one's own is held to what the stack makes. What is wrong with it keeps a stage from being deployed where
meetings are recorded or desktops have the kit; desktops with scripts may go on uploading as they did.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.settings import Client
from tools import inventory
from tools.bucket import made_name
from tools.checks.roles import may
from tools.errors import code_of, is_denied
from tools.findings import CHANGED_BY_HAND, Finding, fail, ok, warn
from tools.site import Site

ONES_OWN = "docs/deploy.md#a-bucket-of-ones-own"
_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_ON_RECORDINGS = ("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
_ON_THE_BUCKET = ("s3:ListBucket", "s3:ListBucketMultipartUploads")
_OF_A_KEY = ("kms:GenerateDataKey", "kms:Decrypt")


def consent(site: Site) -> Iterator[Finding]:
    """Where meetings are recorded, people can be told by whom and for how long."""
    stage = site.stage
    missing = [
        name
        for name, text in (("operator.name", stage.operator_name), ("operator.contact", stage.operator_contact))
        if not text
    ]
    if stage.record and missing:
        yield fail(
            f"meetings are recorded, and {site.file} does not say who records them and whom to ask: "
            f"{' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} empty",
            f"fill that in, or set recordings.record = false in {site.file}",
        )
    elif stage.record:
        told = f"by {stage.operator_name} ({stage.operator_contact}), and that it is kept {stage.keep_days} days"
        yield ok(f"people are told before they click that their meeting is recorded {told}")
    else:
        yield ok("no meeting is recorded, as far as the app decides it (recordings.record)")
    days = int(stage.variable("KEEP_MEETING_DAYS"))
    if stage.record and days < stage.keep_days:
        yield warn(
            f"a meeting's row is kept for {days} days, its recordings for {stage.keep_days}: from then on make erase "
            "finds them by the meeting's id alone, not by a person's name",
            f"set meetings.keep_days = {stage.keep_days} in {site.file}",
        )


def recordings_bucket(site: Site) -> Iterator[Finding]:
    """The recordings' bucket is ours, closed, encrypted, versioned, and expires what it holds."""
    name = site.stage.upload_bucket or site.outputs.get("RecordingsBucket", "")
    if not name:
        yield ok("the recordings' bucket will be made by make deploy")
        return
    region = ""
    try:
        site.client("s3").head_bucket(Bucket=name, ExpectedBucketOwner=site.account.id)
        region = _region(site, name)
    except ClientError as error:
        if code_of(error) in ("404", "NoSuchBucket"):
            yield fail(f"the bucket {name} does not exist", _remedy(site, "correct desktops.upload_bucket"))
        elif code_of(error) == "403" or is_denied(error):
            whose = f"the bucket {name} belongs to another account than {site.account.id}, or may not be looked at"
            yield _bad(site)(whose, _remedy(site, "name a bucket of this account as desktops.upload_bucket"))
        else:
            raise
        return
    found = [*_in_region(site, name, region), *_closed(site, name), *_encrypted(site, name), *_kept(site, name)]
    yield from found
    if not found:
        days = site.stage.keep_days
        yield ok(f"recordings are kept in {name}: private, encrypted, versioned, and they expire after {days} days")


def _remedy(site: Site, own: str) -> str:
    return f"{own} in {site.file}" if site.stage.upload_bucket else CHANGED_BY_HAND


def _bad(site: Site) -> Callable[[str, str], Finding]:
    """Return how bad it is where the bucket is not as it should be."""
    return fail if site.stage.record or site.desktop_client is Client.KIT else warn


def _docs(site: Site, name: str) -> str:
    made = "MadeRecordings" in site.outputs and name == made_name(site.stage, site.account)
    return CHANGED_BY_HAND if made else ONES_OWN


def _region(site: Site, name: str) -> str:
    told = site.client("s3").get_bucket_location(Bucket=name).get("LocationConstraint")
    return {None: "us-east-1", "EU": "eu-west-1"}.get(told) or str(told)


def _in_region(site: Site, name: str, region: str) -> Iterator[Finding]:
    signed_for = site.stage.variable("RECORDINGS_REGION") or site.stage.region
    if region != signed_for:
        yield _bad(site)(
            f"the bucket {name} is in {region}, and links for uploads are signed for {signed_for}: S3 would take none",
            f'name a bucket in {site.stage.region}, or write RECORDINGS_REGION = "{region}" under [environment] in '
            f"{site.file}; uploads then cross Regions, and cost more",
        )


def _closed(site: Site, name: str) -> Iterator[Finding]:
    s3, blocks = site.client("s3"), {}
    try:
        blocks = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    except ClientError as error:
        if code_of(error) != "NoSuchPublicAccessBlockConfiguration":
            raise
    if open_ := [block for block in _BLOCKS if not blocks.get(block)]:
        all_of_them = ",".join(f"{block}=true" for block in _BLOCKS)
        put = f"s3api put-public-access-block --bucket {name} --public-access-block-configuration {all_of_them}"
        yield _bad(site)(
            f"the bucket {name} may be opened to everybody ({', '.join(open_)} is not set)",
            f"{site.aws(put)}; first see that nothing else is served from it",
        )
    policy: dict[str, Any] = {}
    try:
        policy = json.loads(s3.get_bucket_policy(Bucket=name)["Policy"])
    except ClientError as error:
        if code_of(error) != "NoSuchBucketPolicy":
            raise
    if not any(_denies_plain_http(statement) for statement in policy.get("Statement", [])):
        yield warn(f"the bucket {name} may be asked over plain HTTP", _docs(site, name))


def _denies_plain_http(statement: dict[str, Any]) -> bool:
    condition = statement.get("Condition", {}).get("Bool", {})
    return statement.get("Effect") == "Deny" and str(condition.get("aws:SecureTransport", "")).lower() == "false"


def _encrypted(site: Site, name: str) -> Iterator[Finding]:
    key = ""
    try:
        told = site.client("s3").get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        by_default = told[0]["ApplyServerSideEncryptionByDefault"]
        key = by_default.get("KMSMasterKeyID", "") if "kms" in by_default["SSEAlgorithm"] else ""
    except ClientError as error:
        if code_of(error) != "ServerSideEncryptionConfigurationNotFoundError":
            raise
        put = f"s3api put-bucket-encryption --bucket {name} --server-side-encryption-configuration "
        put += '\'{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}\''
        yield _bad(site)(f"the bucket {name} does not encrypt what is put into it", site.aws(put))
    if not key:
        return
    role, resource = _api_role(site), key if key.startswith("arn:") else site.account.arn("kms", f"key/{key}")
    if not role or not all(_may(site, role, action, resource) for action in _OF_A_KEY):
        statement = {"Effect": "Allow", "Action": list(_OF_A_KEY), "Resource": resource}
        yield _bad(site)(
            f"the bucket {name} is encrypted with the customer key {key}, which the functions have not been seen to "
            "be allowed to use: S3 would refuse every upload",
            f"add {json.dumps({'api_handler': [statement]})} to stages/{site.stage.name}.policy.json, let the key's "
            f"own policy allow it, and {site.make('deploy')}",
        )


def _kept(site: Site, name: str) -> Iterator[Finding]:
    s3, rules = site.client("s3"), []
    if s3.get_bucket_versioning(Bucket=name).get("Status") != "Enabled":
        put = f"s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled"
        yield _bad(site)(f"the bucket {name} keeps no versions: a slip overwrites a recording for good", site.aws(put))
    try:
        rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    except ClientError as error:
        if code_of(error) != "NoSuchLifecycleConfiguration":
            raise
    rules = [rule for rule in rules if rule["Status"] == "Enabled" and _is_for_all(rule)]
    days = [rule["Expiration"]["Days"] for rule in rules if "Days" in rule.get("Expiration", {})]
    if not days or min(days) != site.stage.keep_days:
        when = f"after {min(days)} days" if days else "never"
        yield _bad(site)(
            f"recordings in the bucket {name} expire {when}, and people are told after {site.stage.keep_days} days",
            f"set recordings.keep_days = {min(days)} in {site.file}" if days else _docs(site, name),
        )
    lacks = [
        what
        for what, there in (
            ("unfinished uploads", any("AbortIncompleteMultipartUpload" in rule for rule in rules)),
            ("versions that were replaced or deleted", any("NoncurrentVersionExpiration" in rule for rule in rules)),
            (
                "marks of deletions",
                any(rule.get("Expiration", {}).get("ExpiredObjectDeleteMarker") for rule in rules),
            ),
        )
        if not there
    ]
    if lacks:
        yield _bad(site)(f"the bucket {name} keeps {', '.join(lacks)} for ever", _docs(site, name))


def _is_for_all(rule: dict[str, Any]) -> bool:
    """Return whether a rule is for everything in the bucket."""
    narrowed = rule.get("Filter") or {}
    return not rule.get("Prefix") and not any(narrowed.values())


def uploads(site: Site) -> Iterator[Finding]:
    """The functions know the bucket, and may do there what uploads need."""
    wanted, known = site.outputs.get("RecordingsBucket", ""), inventory.environment(site.stage, site.client)
    if not wanted or known.get("RECORDINGS_BUCKET") != wanted:
        told = known.get("RECORDINGS_BUCKET") or "none"
        yield fail(
            f"the functions know the recordings' bucket as {told}, and it is {wanted or 'none'}", site.make("deploy")
        )
        return
    role, arn = _api_role(site), f"arn:{site.account.partition}:s3:::{wanted}"
    needs = [(action, f"{arn}/*") for action in _ON_RECORDINGS] + [(action, arn) for action in _ON_THE_BUCKET]
    lacking = [action for action, resource in needs if not _may(site, role, action, resource)] if role else []
    if lacking:
        yield fail(f"the API's function may not {', '.join(lacking)} on {wanted}: no upload works", site.make("deploy"))
    else:
        yield ok(f"the app signs links for uploads to {wanted}")


def _api_role(site: Site) -> str:
    """Return the ARN of the role of the API's function, empty before the first deploy."""
    found = inventory.functions(site.stage, site.client).get("api_handler", {})
    return str(found.get("Role", ""))


def _may(site: Site, role: str, action: str, resource: str) -> bool:
    return may(site, role, action, resource, {"aws:ResourceAccount": (site.account.id,)})
