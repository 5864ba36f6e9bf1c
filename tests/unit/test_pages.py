"""The pages are complete in themselves, work below any stage prefix, and put no server text into markup."""

import base64
import hashlib
import re

import pytest

from chalicelib.domain.model import Reason
from chalicelib.people.pages import page

PAGES = ["schedule", "meeting"]


@pytest.mark.parametrize("name", PAGES)
def test_the_shared_parts_are_inserted_and_no_mark_is_left(name: str) -> None:
    html = page(name)
    assert "--accent:" in html
    assert "function webAddress(" in html
    assert "/* _" not in html
    assert "{{" not in html


@pytest.mark.parametrize("name", PAGES)
def test_the_policy_allows_exactly_the_style_and_the_script_in_the_page(name: str) -> None:
    html = page(name)
    policy = html.split('http-equiv="Content-Security-Policy" content="')[1].split('"')[0]
    for tag in ("style", "script"):
        texts = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
        assert f"{tag}-src {allowed}" in policy.split("; ")
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_loaded_from_elsewhere_nor_from_the_root_of_the_host(name: str) -> None:
    html = page(name)
    assert not re.search(r"""(?:src|href|action)=["'](?!data:)""", html)
    assert not re.search(r"@import|url\(", html)
    assert not re.search(r"""(?:fetch|new URL)\(["'`]/""", html)


@pytest.mark.parametrize("name", PAGES)
def test_server_text_never_becomes_markup(name: str) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", page(name))


@pytest.mark.parametrize("name", PAGES)
def test_every_element_that_the_script_looks_up_by_name_exists(name: str) -> None:
    html = page(name)
    ids = set(re.findall(r'\bid="([^"]+)"', html))
    assert set(re.findall(r'\$\("([^"]+)"\)', html)) <= ids


def test_every_field_of_the_form_has_its_label() -> None:
    html = page("schedule")
    inputs = re.findall(r'<input id="([^"]+)"', html)
    assert inputs == re.findall(r'<label for="([^"]+)"', html)
    assert {"teacher_name", "student_name", "teacher_email", "meet_time", "duration_minutes"} <= set(inputs)


@pytest.mark.parametrize("reason", list(Reason))
def test_the_meeting_page_has_a_sentence_for_every_reason_to_end(reason: Reason) -> None:
    assert re.search(rf'^  "?{reason}"?:\s+"[A-Z].+\."', page("meeting"), re.MULTILINE)


def test_a_page_is_read_once() -> None:
    assert page("meeting") is page("meeting")


def test_an_unknown_page_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match="board"):
        page("board")
