"""The roots of desktops' certificates: from the file beside the stage's into the table, refused where they are none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.adapters.keys import TableKeys
from chalicelib.domain.keys import Purpose
from tests.tools.certificates import DAY, NOW, certificate, private_key
from tests.tools.deploying.world import Project
from tools import issuer
from tools.account import Clients
from tools.stage import Stage, StageError, load, parse

FILE = "origin-roots.pem"
TABLE = "elephant-state-dev"

WRONG: dict[str, tuple[Callable[[], str], str]] = {
    "words": (lambda: "my root", "it holds no PEM certificate"),
    "nothing": (lambda: "", "it holds no PEM certificate"),
    "garbage": (
        lambda: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "the certificate number 1 in it is none",
    ),
    "cut off": (lambda: certificate() + certificate()[:200] + certificate()[-30:], "number 2 in it is none"),
    "expired": (lambda: certificate("Old", until=-DAY / 2), "the certificate of Old has expired on "),
    "one of two expired": (lambda: certificate() + certificate("Old", until=-DAY / 2), "Old has expired on "),
    "not yet valid": (lambda: certificate("New", since=DAY), "the certificate of New is valid only from "),
    "a desktop's own": (lambda: certificate(may_issue=False), "may issue none, so it is no root"),
    "one in between": (lambda: certificate("Middle", issuer="Root"), "Middle was issued by another one: it is no root"),
    "with its key": (lambda: certificate() + private_key(), "it holds a private key"),
    "very many": (lambda: "".join(certificate(f"Root {n}") for n in range(40)), "more than 16384 characters"),
}


@pytest.fixture
def named(stage: Stage) -> Stage:
    return replace(stage, issuer_root=FILE)


def write(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / FILE).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_root_is_refused_with_what_it_is(name: str, named: Stage, tmp_path: Path) -> None:
    make, words = WRONG[name]
    with pytest.raises(
        StageError, match=r"origin-roots\.pem holds no roots .*or leave desktops\.issuer_root in .* empty"
    ) as no:
        issuer.load(named, NOW, write(tmp_path, make()))
    assert words in str(no.value)


def test_bytes_of_another_encoding_are_refused_too(named: Stage, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\x30\x82\xff\xfe")
    with pytest.raises(StageError, match="holds no roots"):
        issuer.load(named, NOW, tmp_path)


def test_a_file_that_is_not_there_is_named(named: Stage, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"there is no .*origin-roots\.pem, which desktops\.issuer_root names"):
        issuer.load(named, NOW, tmp_path)


@pytest.mark.parametrize("value", ["../secret.pem", "/etc/ssl/root.pem", ".pem", "a/b.pem"])
def test_only_a_file_beside_the_stages_is_named(value: str) -> None:
    content = {"region": "us-west-2", "desktops": {"ami_id": "ami-0123456789abcdef0", "issuer_root": value}}
    with pytest.raises(StageError, match=r"desktops\.issuer_root must be the name of a file beside this one"):
        parse("prod", content | {"dns": {"domain": "example.com", "zone_id": "0" * 32}})


def test_several_roots_are_taken_as_they_are_without_what_stands_between_them(named: Stage, tmp_path: Path) -> None:
    rsa, ecc = certificate("RSA"), certificate("ECC", until=5 * DAY)
    text = f"# RSA\n{rsa}\n# ECC, and the first one again\r\n{ecc}{rsa}".replace("\n", "\r\n")
    roots = issuer.load(named, NOW, write(tmp_path, text))
    assert roots == rsa + ecc
    ends = issuer.ends_at(roots)
    assert ends
    assert abs(ends - NOW - 5 * DAY).total_seconds() < 2
    assert issuer.ends_at("") is None
    assert issuer.load(load("dev"), NOW) == ""


def test_a_deploy_hands_the_roots_to_the_app_and_takes_them_back(
    project: Project, stage: Stage, named: Stage, client: Clients
) -> None:
    """They stay beside the keys through deploys; the keys stay what they were."""
    project.deploy(stage)
    before = TableKeys(client("dynamodb"), TABLE, lambda: NOW).of(Purpose.TOKENS)
    root = certificate()
    write(project.root / "stages", root)
    changes = [project.deploy(named) for _ in range(2)]
    told = f"desktops' certificates must be issued by the roots in {FILE}"
    assert [told in each for each in changes] == [True, False]
    store = TableKeys(client("dynamodb"), TABLE, lambda: NOW)
    assert (store.issuer_root(), store.of(Purpose.TOKENS)) == (root, before)
    assert "desktops' certificates may be whosever the desktop trusts" in project.deploy(stage)
    assert TableKeys(client("dynamodb"), TABLE, lambda: NOW).issuer_root() is None


def test_a_root_that_has_expired_is_refused_before_anything_is_touched(
    project: Project, named: Stage, client: Clients
) -> None:
    write(project.root / "stages", certificate(until=-DAY / 2))
    with pytest.raises(StageError, match="has expired"):
        project.deploy(named)
    assert not client("cloudformation").describe_stacks()["Stacks"]


def test_a_key_that_was_replaced_does_not_lose_the_roots(project: Project, named: Stage, client: Clients) -> None:
    write(project.root / "stages", certificate())
    project.deploy(named)
    client("dynamodb").delete_item(TableName=TABLE, Key={"id": {"S": "key/tokens"}})
    project.deploy(named)
    assert TableKeys(client("dynamodb"), TABLE, lambda: NOW).issuer_root()
