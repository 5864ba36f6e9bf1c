"""The pages are complete in themselves, work below any stage prefix, and put no server text into markup."""

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.model import Reason
from chalicelib.environment import OperatorSettings
from chalicelib.people import pages
from chalicelib.people.pages import LANGUAGES, language_for, page

PAGES = ["schedule", "meeting", "manage", "ops", "days"]
LARGEST_PAGE = 60_000
WITHOUT_A_SCRIPT = ("frame.no_script", "frame.unable")
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')


def data(html: str, name: str) -> Any:
    """Return the data that a page holds under this id."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


def script(html: str) -> str:
    """Return a page's own script, without what only explains it."""
    found = re.search(r'<script type="module">(.*?)</script>', html, re.DOTALL)
    assert found
    return re.sub(r"/\*.*?\*/|(?:^|  )//[^\n]*", "", found[1], flags=re.DOTALL | re.MULTILINE)


def sentences(html: str) -> dict[str, Any]:
    """Return what a page can say by its keys: what stands in its document, and what only its script says."""
    standing = dict(re.findall(r'\bdata-t="([^"]+)"[^<>]*>([^<]+)</', html))
    said: dict[str, Any] = data(html, "strings")
    assert not standing.keys() & said.keys(), "a sentence is sent once"
    return standing | said


def keys_in_document(html: str) -> set[str]:
    """Return the keys of the sentences that a page's elements hold."""
    document = html.partition('<script type="application/json"')[0]
    return set(re.findall(r'\bdata-t(?:-[a-z-]+)?="([^"]+)"', document))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_and_no_mark_is_left(name: str) -> None:
    html = page(name)
    assert "--accent:" in html
    assert "function element(" in html
    assert not re.search(r"\{\{|^(?:import|export) ", html, re.MULTILINE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_stays_small(name: str, language: str) -> None:
    assert len(page(name, language=language).encode()) < LARGEST_PAGE


def test_no_text_of_a_script_goes_on_in_the_next_line() -> None:
    """It would lose its indentation there, as the script's own lines do."""
    for path in sorted(Path(pages.__file__).parent.glob("modules/*.js")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert line.count("`") % 2 == 0, f"{path.name}:{number}"


@pytest.mark.parametrize("name", PAGES)
def test_the_policy_allows_exactly_the_style_and_the_scripts_in_the_page(name: str) -> None:
    html = page(name)
    policy = html.split('http-equiv="Content-Security-Policy" content="')[1].split('"')[0]
    for tag in ("style", "script"):
        texts = re.findall(rf'<{tag}(?: type="module")?>(.*?)</{tag}>', html, re.DOTALL)
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


@pytest.mark.parametrize("name", ["schedule", "manage"])
def test_every_field_of_a_form_has_its_label(name: str) -> None:
    html = page(name)
    inputs = re.findall(r'<input id="([^"]+)"', html)
    labels = re.findall(r'<label for="([^"]+)"', html)
    assert [label for label in labels if label != "language"] == inputs
    assert {"teacher_name", "student_name", "meet_time", "time_zone", "duration_minutes"} <= set(inputs)


# --- sentences, in every language


@pytest.mark.parametrize("name", PAGES)
def test_every_language_says_the_same_things_with_the_same_values(name: str) -> None:
    first, *others = [sentences(page(name, language=language)) for language in LANGUAGES]
    for other in others:
        assert {key: values(said) for key, said in other.items()} == {key: values(said) for key, said in first.items()}


def values(said: str | dict[str, str]) -> tuple[set[str], set[str]]:
    """Return the names of the values in a sentence, and the forms that it has."""
    forms = {"other": said} if isinstance(said, str) else said
    return set(re.findall(r"\{(\w+)\}", "".join(forms.values()))), set(forms)


@pytest.mark.parametrize("name", PAGES)
def test_every_sentence_that_a_page_needs_is_there(name: str) -> None:
    html = page(name)
    known = set(sentences(html))
    assert keys_in_document(html) | set(re.findall(r'\bt\("([^"]+)"', script(html))) <= known
    assert not re.search(r"\bt\(`", script(html)), "a key that is put together is found by no search"


def test_no_sentence_is_there_for_nothing() -> None:
    """One of a page's own is named by that page, one that some share by at least one of them."""
    sections = json.loads((Path(pages.__file__).parent / "strings" / "en.json").read_text(encoding="utf-8"))
    used = {name: keys_in_document(page(name)) | set(LITERAL.findall(script(page(name)))) for name in PAGES}
    for section, said in sections.items():
        named = used[section] if section in PAGES else set.union(*used.values())
        assert set(said) - named - {"language.name", *WITHOUT_A_SCRIPT} == set(), section


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_speaks_its_language_before_its_script_runs_and_without_one_every_language(
    name: str, language: str
) -> None:
    html = page(name, language=language)
    title = sentences(html)["page.title"]
    assert f'<title data-t="page.title">{title}</title>' in html
    assert html.startswith(f'<!doctype html>\n<html lang="{language}">')
    assert not re.search(r'data-t="[^"]+"[^<>]*></', html)
    for each in LANGUAGES:
        assert len(re.findall(rf'<h1 lang="{each}">[^<]+</h1>', html)) == 2


@pytest.mark.parametrize(
    ("asked", "preferences", "language"),
    [
        ("", "", "en"),
        ("", "de", "de"),
        ("", "de-AT,de;q=0.9,en;q=0.8", "de"),
        ("", "fr-FR, es-419;q=0.8, de;q=0.9", "de"),
        ("", "ES", "es"),
        ("", "de;q=0,es;q=0.1", "es"),
        ("", "fr,*;q=0.5", "en"),
        ("", "nonsense;;q=x, , de ; q = 0.5", "de"),
        ("es", "de", "es"),
        ("DE-ch", "es", "de"),
        ("fr", "es", "es"),
        ("<script>", "es", "es"),
    ],
)
def test_people_read_the_language_that_is_asked_for_or_that_they_prefer(
    asked: str, preferences: str, language: str
) -> None:
    assert language_for(asked, preferences) == language


@pytest.mark.parametrize("name", ["meeting", "manage"])
@pytest.mark.parametrize("reason", list(Reason))
def test_the_pages_of_a_meeting_have_a_sentence_for_every_reason_to_end(reason: Reason, name: str) -> None:
    assert re.search(rf'^"?{reason}"?:"ended\.\w+"', page(name), re.MULTILINE)


# --- whose pages they are


def test_what_an_operator_is_called_is_data_and_ends_no_element() -> None:
    operator = OperatorSettings("</script><b>Ann & Co</b>", "ann@school.example")
    html = page("meeting", operator)
    assert "</script><b>" not in html
    assert data(html, "operator") == {"name": operator.name, "contact": operator.contact}
    assert data(page("meeting"), "operator") == {"name": None, "contact": None}


@pytest.mark.parametrize("name", PAGES)
def test_an_operators_logo_stands_in_the_place_of_the_products_mark(name: str) -> None:
    html = page(name, OperatorSettings('Ann & "Co"', logo="logo.svg"))
    assert '<img id="logo" alt="Ann &amp; &quot;Co&quot;">' in html
    assert 'id="mark"' not in html
    assert 'id="brand"' not in html
    assert "logo.svg" not in html
    assert len(html.encode()) < LARGEST_PAGE


@pytest.mark.parametrize("name", PAGES)
def test_only_a_page_with_a_logo_may_load_images_and_from_its_own_host_alone(name: str) -> None:
    assert "; img-src data:; " in page(name)
    assert "; img-src data: 'self'; " in page(name, OperatorSettings("Ann", logo="logo.svg"))
    assert "#logo{" not in page(name)


def test_a_page_without_a_logo_bears_the_products_mark_and_the_operators_name() -> None:
    assert '<span id="brand">Elephant</span>' in page("meeting")
    html = page("meeting", OperatorSettings("<b>Ann</b>"))
    assert '<span id="mark"><svg' in html
    assert '<span id="brand">&lt;b&gt;Ann&lt;/b&gt;</span>' in html


def test_a_page_is_put_together_once() -> None:
    assert page("meeting") is page("meeting")
    assert page("meeting", OperatorSettings("Ann")) is page("meeting", OperatorSettings("Ann"))


def test_an_unknown_page_is_refused() -> None:
    with pytest.raises(FileNotFoundError, match="board"):
        page("board")
