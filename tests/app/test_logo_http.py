"""The operator's logo is served by the app: as text, on every gateway, whatever a browser says that it accepts."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from chalicelib.people import logo
from tests.app.world import World
from tests.pictures import SVG, png

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
OLD_SAFARI = "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5"
FIREFOX = "image/avif,image/webp,*/*"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(logo, "_FOLDER", tmp_path)
    (tmp_path / "logo.svg").write_text(SVG, encoding="utf-8")
    (tmp_path / "logo.png").write_bytes(png())
    return tmp_path


@pytest.mark.parametrize("accept", [CHROME, OLD_SAFARI, FIREFOX, "*/*", "image/png", "text/html"])
@pytest.mark.parametrize("name", ["logo.svg", "logo.png"])
def test_a_logo_is_served_as_text_that_may_be_kept_and_can_do_nothing(world: World, name: str, accept: str) -> None:
    world.configure(OPERATOR_LOGO=name)
    answer = world.http.get("/logo", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.body.decode() == logo.picture(name)
    assert answer.headers["Content-Type"] == "image/svg+xml; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert policy == ["default-src 'none'", "img-src data:", "style-src 'unsafe-inline'", "sandbox"]
    head = world.http.head("/logo")
    assert (head.status_code, head.headers, head.body) == (200, answer.headers, b"")


def test_a_gateway_hands_it_on_as_it_is(world: World) -> None:
    world.configure(OPERATOR_LOGO="logo.png")
    answer = requests.get(world.cloud.url + "/logo", headers={"Accept": CHROME}, timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")
    assert answer.text == logo.picture("logo.png")


@pytest.mark.parametrize(
    ("name", "told"), [(None, "No logo of its operator is set here"), ("lost.svg", "The logo stages/lost.svg is not")]
)
def test_where_there_is_none_a_sentence_says_so_and_nothing_is_kept(world: World, name: str | None, told: str) -> None:
    world.configure(OPERATOR_LOGO=name)
    answer = world.http.get("/logo")
    assert answer.status_code == 404
    assert answer.json_body["message"].startswith(told)
    assert answer.headers["Cache-Control"] == "no-store"


def test_pages_are_there_whatever_has_become_of_the_logo(world: World) -> None:
    world.configure(OPERATOR_LOGO="lost.svg")
    page = world.http.get("/meeting")
    assert page.status_code == 200
    assert '<img id="logo" alt="Example Language School">' in page.body.decode()
