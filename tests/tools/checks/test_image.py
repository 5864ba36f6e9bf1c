"""The checks of the desktops' image: that it is there, its keys, and Fast Launch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from desktop import PROTOCOL
from tests.tools.checks.sound import ACCOUNT, REGION, Account, Wrong, assert_found, nothing
from tools.checks import BEFORE, look
from tools.checks.image import OLD
from tools.findings import Level

PARAMETER = "/elephant/image"
RESOLVED = f"resolve:ssm:{PARAMETER}"


def image_is(account: Account, **told: Any) -> None:
    """Let EC2 describe the stage's image otherwise."""
    ec2 = account.client("ec2")
    [image] = ec2.describe_images(ImageIds=[account.stage.ami_id])["Images"]
    ec2.describe_images = lambda **_: {"Images": [image | told]}


def root_is(account: Account, **volume: Any) -> None:
    """Let the stage's image have this root volume, on Windows."""
    root = {"SnapshotId": "snap-1", "VolumeSize": 60, "VolumeType": "gp3", "DeleteOnTermination": True} | volume
    image_is(account, Platform="windows", BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": root}])


def _hold(value: str) -> Any:
    def hold(account: Account) -> None:
        account.client("ssm").put_parameter(Name=PARAMETER, Value=value or account.stage.ami_id, Type="String")

    return hold


def _hold_another_owners(account: Account) -> None:
    _hold("")(account)
    image_is(account, OwnerId="999999999999")


WRONG: dict[str, Wrong] = {
    "no such image": ("image", {"ami_id": "ami-0123456789abcdef0"}, nothing, Level.FAIL, "build one"),
    "image bigger than the volume": ("image", {"volume_gib": 8}, nothing, Level.WARN, "volume_gib = 15"),
    "image not ready": ("image", {}, lambda a: image_is(a, State="pending"), Level.FAIL, "wait image-available"),
    "image failed": ("image", {}, lambda a: image_is(a, State="failed"), Level.FAIL, "build one"),
    "image without a root": ("image", {}, lambda a: image_is(a, BlockDeviceMappings=[]), Level.FAIL, "no EBS volume"),
    "no such parameter": ("image", {"ami_id": RESOLVED}, nothing, Level.FAIL, f"{PARAMETER}, which is not there"),
    "a parameter without an image": ("image", {"ami_id": RESOLVED}, _hold("later"), Level.FAIL, "no image's id"),
    "another owner's image by parameter": (
        "image",
        {"ami_id": RESOLVED},
        _hold_another_owners,
        Level.FAIL,
        "an image of 999999999999",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_with_its_remedy(name: str, account: Account) -> None:
    assert_found(account, *WRONG[name])


def test_the_image_that_a_parameter_names_is_looked_at(account: Account) -> None:
    _hold("")(account)
    found = account.look("image", ami_id=RESOLVED)
    assert found[0] == (
        Level.OK,
        f"the image {account.stage.ami_id} is available; its root device is /dev/sda1, 15 GiB → ",
    )


def test_a_parameter_that_may_not_be_read_is_a_warning(account: Account) -> None:
    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetParameters")

    account.client("ssm").get_parameters = refuse
    [finding] = look(BEFORE["image"], account.site(ami_id=RESOLVED))
    assert (finding.level, "AccessDeniedException" in finding.what) == (Level.WARN, True)


@pytest.mark.parametrize("check", ["encryption", "fast_launch"])
def test_an_image_that_is_not_there_is_told_once(account: Account, check: str) -> None:
    assert account.look(check, ami_id="ami-0123456789abcdef0") == []


def _made(days: int, **tags: str) -> Any:
    """Return what lets EC2 describe the image as one of the kit's, made so many days ago, with these tags."""

    def make(account: Account) -> None:
        made = datetime.now(UTC) - timedelta(days=days, hours=1)
        account.client("cloudformation").describe_stacks = lambda **_: {"Stacks": []}  # a new stage has the kit
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        image_is(account, CreationDate=f"{made:%Y-%m-%dT%H:%M:%S.000Z}", Tags=listed)

    return make


BUILT = "/imagebuilder/elephant/dev/image"
AGENT: dict[str, Wrong] = {
    "old": ("agent", {}, _made(OLD.days + 1, Protocol=str(PROTOCOL)), Level.WARN, "91 days old"),
    "no date": ("agent", {}, lambda a: image_is(a, CreationDate=""), Level.WARN, "nothing says when"),
    "older agent": ("agent", {}, _made(1, Protocol=str(PROTOCOL - 1)), Level.FAIL, "make image STAGE=dev, then make"),
    "newer agent": ("agent", {}, _made(1, Protocol=str(PROTOCOL + 1)), Level.FAIL, "this app only"),
    "no tags": ("agent", {}, _made(1), Level.WARN, "cannot be told: it has no tag Protocol"),
    "a tag that is no number": ("agent", {}, _made(1, Protocol="one"), Level.WARN, "cannot be told"),
}


@pytest.mark.parametrize("name", AGENT)
def test_an_image_that_is_old_or_speaks_otherwise_is_found(name: str, account: Account) -> None:
    assert_found(account, *AGENT[name])


def test_an_image_that_was_built_lately_fits(account: Account) -> None:
    _made(OLD.days, Protocol=str(PROTOCOL), Version="0.2.0")(account)
    ami = account.stage.ami_id
    assert account.look("agent") == [
        (Level.OK, f"the image {ami} is 90 days old → "),
        (Level.OK, f"the agent of the image {ami}, of Elephant 0.2.0, and the app understand each other → "),
    ]


def test_an_image_with_scripts_has_no_agent_to_ask_about(account: Account) -> None:
    assert [level for level, _ in account.look("agent", client="scripts")] == [Level.OK]


def test_the_image_that_is_deployed_is_looked_at_where_the_file_names_none(account: Account) -> None:
    configuration = account.client("lambda").get_function_configuration(FunctionName="elephant-dev")
    variables = configuration["Environment"]["Variables"] | {"AMI_ID": account.stage.ami_id}
    account.client("lambda").update_function_configuration(
        FunctionName="elephant-dev", Environment={"Variables": variables}
    )
    *_, refused = account.look("agent", ami_id="")
    assert refused == (
        Level.WARN,
        "there is no image for desktops of stage dev: the next deploy will be refused → make image STAGE=dev",
    )
    newest = "ami-0123456789abcdef0"
    account.client("ssm").put_parameter(Name=BUILT, Value=newest, Type="String")
    assert account.look("image", ami_id="")[0][0] is Level.OK
    [*_, newer] = account.look("agent", ami_id="")
    assert newer == (
        Level.WARN,
        f"desktops have the image {account.stage.ami_id}, and {newest} was built since → make deploy STAGE=dev",
    )


def test_without_any_image_the_doctor_says_what_makes_one(account: Account) -> None:
    account.client("lambda").get_function_configuration = lambda **_: {"Environment": {"Variables": {}}}
    found = account.look("image", ami_id="")
    assert found == [(Level.FAIL, "there is no image for desktops of stage dev → make image STAGE=dev")]


def test_a_parameter_of_the_stage_s_that_holds_no_image_is_found(account: Account) -> None:
    account.client("ssm").put_parameter(Name=BUILT, Value="later", Type="String")
    account.client("lambda").get_function_configuration = lambda **_: {"Environment": {"Variables": {}}}
    [(level, told)] = account.look("image", ami_id="")
    assert (level, "holds 'later'" in told, "make image STAGE=dev" in told) == (Level.FAIL, True, True)


class TestEncryption:
    """A volume whose key the functions may not use: the instance is ended as soon as it is launched."""

    @pytest.fixture
    def key(self, account: Account) -> str:
        return str(account.client("kms").create_key()["KeyMetadata"]["Arn"])

    def encrypted(self, account: Account, key: str) -> None:
        """Let the image be encrypted with this key."""
        root_is(account, Encrypted=True)
        account.client("ec2").describe_snapshots = lambda **_: {"Snapshots": [{"KmsKeyId": key}]}

    def test_without_a_customer_key_there_is_nothing_to_do(self, account: Account) -> None:
        assert account.look("encryption") == [(Level.OK, "no volume is encrypted with a customer key → ")]

    def test_aws_own_key_is_everybodys(self, account: Account, key: str) -> None:
        self.encrypted(account, key)
        account.client("kms").describe_key = lambda **_: {"KeyMetadata": {"KeyManager": "AWS", "Arn": key}}
        assert account.look("encryption") == [(Level.OK, "no volume is encrypted with a customer key → ")]

    def test_the_images_key_must_be_named(self, account: Account, key: str) -> None:
        self.encrypted(account, key)
        [(level, text)] = account.look("encryption")
        assert level is Level.FAIL
        assert "of the image is not the functions' to use: a desktop would die as soon as it is launched" in text
        assert text.endswith(f'→ set desktops.kms_key = "{key}" in stages/dev.toml')
        assert account.look("encryption", kms_key=key) == [
            (Level.OK, f"the functions may use the key {key} of desktops.kms_key → ")
        ]

    def test_two_keys_are_one_too_many(self, account: Account, key: str) -> None:
        self.encrypted(account, key)
        other = str(account.client("kms").create_key()["KeyMetadata"]["Arn"])
        [(level, text), _] = account.look("encryption", kms_key=other)
        assert level is Level.FAIL
        assert "or copy the image" in text

    def test_the_accounts_default_key_must_be_named(self, account: Account, key: str) -> None:
        root_is(account)
        account.client("ec2").get_ebs_encryption_by_default = lambda: {"EbsEncryptionByDefault": True}
        account.client("ec2").get_ebs_default_kms_key_id = lambda: {"KmsKeyId": key}
        [(level, text)] = account.look("encryption")
        assert (level, "of the account's default is not the functions'" in text) == (Level.FAIL, True)

    def test_who_may_not_ask_for_the_default_is_not_kept_from_deploying(self, account: Account) -> None:
        def refuse() -> Any:
            raise ClientError({"Error": {"Code": "InvalidAction", "Message": "no"}}, "GetEbsEncryptionByDefault")

        root_is(account)
        account.client("ec2").get_ebs_encryption_by_default = refuse
        assert [level for level, _ in account.look("encryption")] == [Level.OK]

    def test_a_key_that_is_turned_off_is_turned_on(self, account: Account, key: str) -> None:
        account.client("kms").disable_key(KeyId=key.rpartition("/")[2])
        [(level, text)] = account.look("encryption", kms_key=key)
        assert (level, "kms enable-key" in text) == (Level.FAIL, True)


class TestFastLaunch:
    def state(self, account: Account, state: str) -> None:
        """Let the image be Windows' and this account's, with Fast Launch in this state; empty: off."""
        root_is(account)
        told = [{"State": state, "StateTransitionReason": "as it is"}] if state else []
        account.client("ec2").describe_fast_launch_images = lambda **_: {"FastLaunchImages": told}

    @pytest.mark.parametrize(
        ("state", "asked", "level", "words"),
        [
            ("", False, Level.OK, "desktops.fast_launch = true turns it on"),
            ("", True, Level.WARN, "make deploy STAGE=dev"),
            ("enabling", True, Level.WARN, "is enabling: as it is"),
            ("enabling-failed", True, Level.WARN, "is enabling-failed: as it is"),
            ("enabled", True, Level.OK, "prepares first boots"),
            ("enabled", False, Level.OK, "prepares first boots"),
        ],
    )
    def test_of_an_image_that_it_can_prepare(
        self, account: Account, state: str, asked: bool, level: Level, words: str
    ) -> None:
        self.state(account, state)
        [(seen, text)] = account.look("fast_launch", fast_launch=asked)
        assert (seen, words in text) == (level, True), text

    @pytest.mark.parametrize(
        ("harm", "changes", "words"),
        [
            (nothing, {}, "the image does not run Windows"),
            (lambda a: root_is(a, VolumeSize=30), {}, "the root volume is 30 GiB, less than 60"),
            (lambda a: root_is(a, VolumeType="gp2"), {}, "is gp2, not gp3"),
            (lambda a: root_is(a, DeleteOnTermination=False), {}, "outlives its instance"),
            (root_is, {"kms_key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"}, "is not encrypted"),
            (root_is, {"vpc": "vpc-0fff"}, "it needs a launch template, with a subnet of vpc-0fff"),
            (
                lambda a: image_is(a, Platform="windows", OwnerId="999999999999"),
                {},
                "the image is not this account's own",
            ),
        ],
        ids=["Linux", "small", "old type", "lasting", "open", "another VPC", "another owner"],
    )
    @pytest.mark.parametrize("asked", [True, False])
    def test_what_keeps_it_from_being_of_use_is_told(
        self, account: Account, harm: Any, changes: dict[str, Any], words: str, asked: bool
    ) -> None:
        harm(account)
        [(level, text)] = account.look("fast_launch", fast_launch=asked, **changes)
        assert (level, words in text) == (Level.WARN if asked else Level.OK, True), text
