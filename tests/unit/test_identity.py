"""Whose word a signed request is: an instance's of this stage's desktops, or nobody's."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import Forbidden
from chalicelib.guests.identity import speaker

ROLE = "arn:aws:iam::123456789012:role/elephant-dev-desktop"
ME = "i-0123456789abcdef0"


def told(account: str = "123456789012", role: str = "elephant-dev-desktop", session: str = ME) -> str:
    return f"arn:aws:sts::{account}:assumed-role/{role}/{session}"


@pytest.mark.parametrize("session", [ME, "i-0a1b2c3d"])
def test_an_instance_of_the_desktops_role_speaks_for_itself(session: str) -> None:
    assert speaker({"userArn": told(session=session)}, ROLE) == session


def test_a_role_s_path_is_not_in_its_sessions() -> None:
    with_path = "arn:aws-cn:iam::123456789012:role/some/path/kit"
    assert speaker({"userArn": f"arn:aws-cn:sts::123456789012:assumed-role/kit/{ME}"}, with_path) == ME


@pytest.mark.parametrize(
    "arn",
    [
        told(account="999999999999"),
        told(role="AWSSystemsManagerDefaultEC2InstanceManagementRole"),
        told(role="elephant-dev-desktop2"),
        told(role="elephant-prod-desktop"),
        told().replace("arn:aws:", "arn:aws-cn:"),
        "arn:aws:iam::123456789012:user/elephant-dev-desktop",
        "arn:aws:iam::123456789012:root",
        ROLE,
        f"{told()}/more",
        f" {told()}",
        "",
    ],
)
def test_another_account_role_or_kind_of_caller_is_no_desktop(arn: str) -> None:
    with pytest.raises(Forbidden, match="not signed by an instance of this stage's desktops"):
        speaker({"userArn": arn}, ROLE)


@pytest.mark.parametrize("session", ["ann", "i-", "i-0123456789ABCDEF0", "i-0123456789abcdef01", f"x{ME}", f"{ME}\n"])
def test_a_session_that_bears_another_name_is_no_instance_s(session: str) -> None:
    """Who may assume the role could choose it; only EC2 names one by the instance."""
    with pytest.raises(Forbidden, match="not by an instance"):
        speaker({"userArn": told(session=session)}, ROLE)


@pytest.mark.parametrize("identity", [{}, {"userArn": None}, {"userArn": ["x"]}, {"sourceIp": "127.0.0.1", "user": ME}])
def test_who_has_not_signed_is_nobody(identity: dict[str, object]) -> None:
    with pytest.raises(Forbidden, match="Nobody has signed"):
        speaker(identity, ROLE)


@pytest.mark.parametrize("role", [None, "", "elephant-dev-desktop", "arn:aws:iam::123456789012:instance-profile/x"])
def test_where_no_role_is_set_nobody_is_a_desktop(role: str | None) -> None:
    with pytest.raises(Forbidden, match="DESKTOP_ROLE_ARN"):
        speaker({"userArn": told()}, role)
