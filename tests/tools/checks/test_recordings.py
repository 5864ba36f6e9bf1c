"""The checks of recordings: who is said to record, the bucket, and what the functions may do there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.settings import Client
from tests.tools.checks.sound import ACCOUNT, BUCKET, SESSION, Account, Wrong, assert_found, nothing, site_of
from tools.checks import BEFORE
from tools.deploy import refuse_unready
from tools.findings import Level
from tools.stage import StageError

RECORDS: dict[str, Any] = {
    "record": True,
    "operator_name": "Example Language School",
    "operator_contact": "privacy@example.com",
}
KMS = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def _open(account: Account) -> None:
    closed: Any = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True}
    account.client("s3").put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=closed)


def _unversioned(account: Account) -> None:
    account.client("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})


def _customer_key(account: Account) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KMS}}
    account.client("s3").put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    account.forbidden.add("kms:GenerateDataKey")


def _gone(account: Account) -> None:
    account.client("s3").delete_bucket(Bucket=BUCKET)


WRONG: dict[str, Wrong] = {
    "nobody is said to record": (
        "consent",
        RECORDS | {"operator_name": "", "operator_contact": ""},
        nothing,
        Level.FAIL,
        "operator.name and operator.contact are empty → fill that in, or set recordings.record = false",
    ),
    "nobody to ask": ("consent", RECORDS | {"operator_contact": ""}, nothing, Level.FAIL, "operator.contact is empty"),
    "rows that expire before recordings do": (
        "consent",
        RECORDS | {"keep_days": 365},
        nothing,
        Level.WARN,
        "kept for 90 days, its recordings for 365: from then on make erase finds them by the meeting's id alone",
    ),
    "no such bucket": (
        "recordings_bucket",
        {"upload_bucket": "nowhere-to-be-found"},
        nothing,
        Level.FAIL,
        "does not exist → correct desktops.upload_bucket in stages/dev.toml",
    ),
    "the one that was made is gone": (
        "recordings_bucket",
        {},
        _gone,
        Level.FAIL,
        "does not exist → docs/deploy.md#changed-by-hand",
    ),
    "open": ("recordings_bucket", RECORDS, _open, Level.FAIL, "(RestrictPublicBuckets is not set) → aws --region"),
    "never closed": (
        "recordings_bucket",
        RECORDS,
        lambda account: account.client("s3").delete_public_access_block(Bucket=BUCKET),
        Level.FAIL,
        "may be opened to everybody",
    ),
    "plain HTTP": (
        "recordings_bucket",
        RECORDS,
        lambda account: account.client("s3").delete_bucket_policy(Bucket=BUCKET),
        Level.WARN,
        "over plain HTTP → docs/deploy.md#a-bucket-of-ones-own",
    ),
    "not encrypted": (
        "recordings_bucket",
        RECORDS,
        lambda account: account.client("s3").delete_bucket_encryption(Bucket=BUCKET),
        Level.FAIL,
        "does not encrypt what is put into it",
    ),
    "a key that the functions may not use": (
        "recordings_bucket",
        RECORDS,
        _customer_key,
        Level.FAIL,
        f"encrypted with the customer key {KMS}, which the functions have not been seen to be allowed to use",
    ),
    "no versions": ("recordings_bucket", RECORDS, _unversioned, Level.FAIL, "keeps no versions"),
    "another expiry": (
        "recordings_bucket",
        RECORDS,
        lambda account: account.expire(BUCKET, 90),
        Level.FAIL,
        "expire after 90 days, and people are told after 30 days → set recordings.keep_days = 90",
    ),
    "no expiry": (
        "recordings_bucket",
        RECORDS,
        lambda account: account.client("s3").delete_bucket_lifecycle(Bucket=BUCKET),
        Level.FAIL,
        "expire never, and people are told after 30 days → docs/deploy.md#a-bucket-of-ones-own",
    ),
    "unfinished uploads": (
        "recordings_bucket",
        RECORDS,
        lambda account: account.expire(BUCKET, 30, AbortIncompleteMultipartUpload=None),
        Level.FAIL,
        "keeps unfinished uploads for ever",
    ),
    "an expiry for a part of it": (
        "recordings_bucket",
        RECORDS,
        lambda account: account.expire(BUCKET, 30, Filter={"Prefix": "2026-"}),
        Level.FAIL,
        "expire never",
    ),
    "desktops with scripts": (
        "recordings_bucket",
        {"client": Client.SCRIPTS},
        _unversioned,
        Level.WARN,
        "keeps no versions",
    ),
    "functions of another bucket": (
        "uploads",
        {},
        lambda account: account.client("lambda").update_function_configuration(
            FunctionName="elephant-dev", Environment={"Variables": {"RECORDINGS_BUCKET": "another"}}
        ),
        Level.FAIL,
        f"know the recordings' bucket as another, and it is {BUCKET} → make deploy",
    ),
    "functions that may not": (
        "uploads",
        {},
        lambda account: account.forbidden.add("s3:PutObject"),
        Level.FAIL,
        f"may not s3:PutObject on {BUCKET}: no upload works",
    ),
}


@pytest.mark.parametrize(("check", "changes", "harm", "level", "words"), WRONG.values(), ids=WRONG.keys())
def test_the_doctor_names_what_is_wrong(
    account: Account, check: str, changes: dict[str, Any], harm: Any, level: Level, words: str
) -> None:
    assert_found(account, check, changes, harm, level, words)


def test_a_sound_bucket_and_what_people_are_told_are_fine(account: Account) -> None:
    for check in ("consent", "recordings_bucket", "uploads"):
        assert [level for level, _ in account.look(check, **RECORDS)] == [Level.OK]
    [(_, told)] = account.look("consent", **RECORDS)
    assert "by Example Language School (privacy@example.com), and that it is kept 30 days" in told


def test_a_customer_key_that_the_functions_may_use_is_fine(account: Account) -> None:
    _customer_key(account)
    account.forbidden.clear()
    assert [level for level, _ in account.look("recordings_bucket", **RECORDS)] == [Level.OK]


def test_a_bucket_of_another_region_is_taken_where_links_are_signed_for_it(account: Account) -> None:
    account.bucket("far-recordings", "eu-central-1")
    changes = RECORDS | {"upload_bucket": "far-recordings"}
    [(level, told)] = account.look("recordings_bucket", **changes)
    assert level is Level.FAIL
    assert "is in eu-central-1, and links for uploads are signed for us-west-2" in told
    assert 'write RECORDINGS_REGION = "eu-central-1" under [environment] in stages/dev.toml' in told
    environment = dict(account.stage.environment) | {"RECORDINGS_REGION": "eu-central-1"}
    assert [level for level, _ in account.look("recordings_bucket", **changes, environment=environment)] == [Level.OK]


def test_a_bucket_of_another_account_is_told(account: Account) -> None:
    s3 = SESSION.client("s3")

    def head_bucket(**asked: str) -> None:
        assert asked == {"Bucket": "theirs", "ExpectedBucketOwner": ACCOUNT}
        raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadBucket")

    s3.head_bucket = head_bucket
    site = site_of(
        replace(account.stage, upload_bucket="theirs", **RECORDS),
        lambda service: s3 if service == "s3" else account.client(service),
    )
    [found] = BEFORE["recordings_bucket"](site)
    assert found.level is Level.FAIL
    assert f"belongs to another account than {ACCOUNT}" in found.what


def test_a_stage_that_records_and_names_nobody_is_not_deployed(account: Account) -> None:
    stage = replace(account.stage, record=True)
    with pytest.raises(StageError, match=r"operator\.name and operator\.contact are empty"):
        refuse_unready(stage, account.client)
    refuse_unready(replace(account.stage, **RECORDS), account.client)


def test_before_the_first_deploy_the_bucket_is_yet_to_be_made(account: Account) -> None:
    account.client("cloudformation").delete_stack(StackName="elephant-dev")
    assert [text for _, text in account.look("recordings_bucket")] == [
        "the recordings' bucket will be made by make deploy → "
    ]
