"""The pages that people see are served by the app itself."""

from __future__ import annotations

import pytest

from chalicelib.environment import OperatorSettings
from chalicelib.people.pages import page
from tests.app.world import World


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "schedule"),
        ("/meeting", "meeting"),
        ("/meeting?id=m-1&role=teacher", "meeting"),
        ("/manage", "manage"),
        ("/ops", "ops"),
        ("/days", "days"),
    ],
)
def test_a_page_is_served_whole_and_is_not_to_be_framed_or_guessed_at(world: World, path: str, name: str) -> None:
    answer = world.http.get(path)
    assert answer.status_code == 200
    assert answer.body.decode() == page(name, OperatorSettings("Example Language School", "privacy@example.com"))
    assert answer.body.startswith(b"<!doctype html>")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-cache"


def test_a_page_needs_no_setting_and_no_service(world: World) -> None:
    world.configure(DOMAIN_ROOT=None, SCHEDULER_ROLE_ARN=None, AMI_ID=None, OPERATOR_NAME=None, OPERATOR_CONTACT=None)
    assert world.http.get("/").status_code == 200
    assert world.http.get("/meeting").status_code == 200
    assert world.calls() == []


@pytest.mark.parametrize("path", ["/", "/meeting", "/meeting?id=m-1&role=teacher"])
def test_head_is_answered_as_get_is_without_a_body(world: World, path: str) -> None:
    head, get = world.http.head(path), world.http.get(path)
    assert (head.status_code, head.headers, head.body) == (200, get.headers, b"")


@pytest.mark.parametrize(
    ("path", "headers", "language"),
    [
        ("/meeting", {"Accept-Language": "de-AT,de;q=0.9"}, "de"),
        ("/meeting?lang=es", {"Accept-Language": "de-AT,de;q=0.9"}, "es"),
        ("/?lang=es", {}, "es"),
        ("/", {}, "en"),
    ],
)
def test_a_page_is_in_the_language_that_is_asked_for_and_no_cache_mistakes_it(
    world: World, path: str, headers: dict[str, str], language: str
) -> None:
    answer = world.http.get(path, headers=headers)
    assert f'<html lang="{language}">' in answer.body.decode()
    assert answer.headers["Vary"] == "Accept-Language"
