"""The checks of what desktops with the kit stand on."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tools.certificates import DAY, NOW, certificate
from tests.tools.checks.sound import ACCOUNT, REGION, STATE_TABLE, Account, Wrong, assert_found, nothing, site_of
from tests.tools.checks.test_keys import set_for_all
from tools.checks import kit
from tools.findings import Level

KIT = {"client": "kit"}
TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}


@pytest.fixture
def account(account: Account) -> Account:
    """An account whose stage has the kit."""
    role = account.client("iam").get_role(RoleName="desktop")["Role"]["Arn"]
    set_for_all(account, API_URL=address(account), DESKTOP_ROLE_ARN=role)
    trust(account, TRUST)
    return account


def address(account: Account) -> str:
    return f"https://{account.api}.execute-api.{REGION}.amazonaws.com/dev"


def trust(account: Account, *statements: dict[str, Any]) -> None:
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    account.client("iam").update_assume_role_policy(RoleName="desktop", PolicyDocument=document)


def launch(account: Account, **options: str) -> str:
    tags = [{"Key": "Project", "Value": "Elephant"}, {"Key": "Stage", "Value": "dev"}]
    launched = account.client("ec2").run_instances(
        ImageId=account.stage.ami_id,
        MinCount=1,
        MaxCount=1,
        MetadataOptions=options,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
    )
    return str(launched["Instances"][0]["InstanceId"])


def without_an_api(account: Account) -> None:
    account.client("apigateway").delete_rest_api(restApiId=account.api)


WRONG: dict[str, Wrong] = {
    "another API": (
        "kit",
        KIT,
        lambda account: set_for_all(account, API_URL="https://gone.execute-api.us-west-2.amazonaws.com/dev"),
        Level.FAIL,
        "sweep knows the API as https://gone.execute-api.us-west-2.amazonaws.com/dev, and it is https://",
    ),
    "no API told": (
        "kit",
        KIT,
        lambda account: set_for_all(account, API_URL=""),
        Level.FAIL,
        "knows the API as nothing, and it is",
    ),
    "no API at all": ("kit", KIT, without_an_api, Level.FAIL, "there is no API that desktops could ask → make deploy"),
    "another role": (
        "kit",
        KIT,
        lambda account: set_for_all(account, DESKTOP_ROLE_ARN="arn:aws:iam::123456789012:role/earlier"),
        Level.FAIL,
        "hears desktops that sign as arn:aws:iam::123456789012:role/earlier, and the profile desktop holds",
    ),
    "no right to call": (
        "instance_profile",
        KIT,
        lambda account: account.forbidden.add("execute-api:Invoke"),
        Level.FAIL,
        "/dev/*/desktop/*: a desktop cannot ask whose it is, nor say that it is ready",
    ),
    "somebody else may speak as a desktop": (
        "instance_profile",
        KIT,
        lambda account: trust(
            account,
            TRUST | {"Principal": {"Service": ["ec2.amazonaws.com", "ssm.amazonaws.com"]}},
            TRUST | {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}},
        ),
        Level.WARN,
        f"desktop may be assumed by arn:aws:iam::{ACCOUNT}:root, ssm.amazonaws.com, who could speak for any desktop",
    ),
    "a file of roots that is not there": (
        "issuer_root",
        KIT | {"issuer_root": "lost.pem"},
        nothing,
        Level.FAIL,
        "lost.pem, which desktops.issuer_root names → put the issuer's root certificates into stages/lost.pem",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    assert_found(account, *WRONG[name])


def test_where_all_stands_it_is_told_where_the_api_is(account: Account) -> None:
    launch(account, HttpTokens="required", InstanceMetadataTags="enabled")
    assert account.look("kit", client="kit") == [
        (Level.OK, f"desktops are told where the API is: {address(account)}/ → ")
    ]
    assert [level for level, _ in account.look("instance_profile", client="kit")] == [Level.OK]


def test_of_several_apis_the_one_that_desktops_are_told_counts(account: Account) -> None:
    first, told = account.api, address(account)
    account._api()
    assert account.api != first
    assert account.look("kit", client="kit")[0] == (Level.OK, f"desktops are told where the API is: {told}/ → ")


def test_an_own_profile_is_told_the_statement_that_it_lacks(account: Account) -> None:
    """And nothing that only scripts need."""
    account.forbidden = {"execute-api:Invoke", "dynamodb:Scan", "s3:PutObject"}
    [(level, told)] = account.look("instance_profile", client="kit", upload_bucket="sessions")
    assert level is Level.FAIL
    assert "dynamodb" not in told
    put = shlex.split(told.partition(" → ")[2])
    assert put[put.index("--policy-name") + 1] == "elephant-desktop"
    statements = {statement["Action"]: statement["Resource"] for statement in json.loads(put[-1])["Statement"]}
    assert statements == {
        "s3:GetObject": "arn:aws:s3:::dcv-license.us-west-2/*",
        "execute-api:Invoke": f"arn:aws:execute-api:us-west-2:123456789012:{account.api}/dev/*/desktop/*",
    }


@pytest.mark.parametrize("option", ["HttpEndpoint", "InstanceMetadataTags"])
def test_a_desktop_that_cannot_read_its_tags_is_named(
    account: Account, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"InstanceId": "i-1", "MetadataOptions": {"HttpEndpoint": "enabled", option: "disabled"}}
    monkeypatch.setattr(kit, "living", lambda *_: [found])  # moto keeps no such option
    [(level, told)] = account.look("kit", client="kit")
    assert level is Level.WARN
    assert "the desktop i-1 cannot read its tags" in told
    assert "modify-instance-metadata-options" in told


def test_with_scripts_nothing_of_this_is_looked_for(account: Account) -> None:
    set_for_all(account, API_URL="", DESKTOP_ROLE_ARN="")
    trust(account, TRUST | {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}})
    account.forbidden = {"execute-api:Invoke"}
    for check in ("kit", "issuer_root", "instance_profile"):
        assert {level for level, _ in account.look(check, client="scripts")} == {Level.OK}


def roots(account: Account, folder: Path, text: str, kept: str = "", days: int = 0) -> tuple[Level, str]:
    """Return what is found of the roots in a file, with others or none in the table, so many days from now."""
    (folder / "roots.pem").write_text(text)
    item: dict[str, Any] = {"id": {"S": "key/tokens"}, "present": {"S": "k"}}
    item |= {"issuer_root": {"S": kept}} if kept else {}
    account.client("dynamodb").put_item(TableName=STATE_TABLE, Item=item)
    stage = replace(account.stage, client="kit", issuer_root="roots.pem")
    [found] = kit.issuer_root(site_of(stage, account.client, folder=folder, now=lambda: NOW + days * DAY))
    return found.level, f"{found.what} → {found.remedy}"


@pytest.mark.parametrize(
    ("keeps", "days", "level", "words"),
    [
        (str, 0, Level.OK, "must be issued by the roots in roots.pem, good to "),
        (str, 65, Level.WARN, "a root of the desktops' certificates ends on "),
        (str, 91, Level.FAIL, "the certificate of Origin root has expired on "),
        (lambda _: "", 0, Level.FAIL, "told other roots of their certificates than the file names → make deploy"),
        (lambda _: "another", 0, Level.FAIL, "than the file names → make deploy"),
    ],
    ids=["sound", "ends soon", "has ended", "not deployed", "another is deployed"],
)
def test_roots_are_looked_at(
    account: Account, tmp_path: Path, keeps: Callable[[str], str], days: int, level: Level, words: str
) -> None:
    root = certificate()
    seen, told = roots(account, tmp_path, root, keeps(root), days)
    assert (seen, words in told) == (level, True), told


def test_without_roots_desktops_trust_whom_they_trust(account: Account) -> None:
    [(level, told)] = account.look("issuer_root", client="kit")
    assert level is Level.OK
    assert "the roots that they trust themselves" in told
