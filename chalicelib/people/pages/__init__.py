"""What people see: the pages that the app serves, each one document that needs no second request but for its logo.

A page `name` is `frame.html` around `<name>.html`, with the styles of `style/` (`tokens.css` says every colour, size
and distance), `modules/<name>.js` with all that it imports, and its sentences in every language from `strings/`. What
some pages have in common is a part: markup in `parts/`, a style and a section of the sentences by its name, as far as
it has them. The pages talk to the API with paths relative to their own address, so they work below a stage prefix such
as `/api/`.
"""

import base64
import functools
import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from chalicelib.environment import OperatorSettings
from chalicelib.people.pages.joining import joined
from chalicelib.people.pages.squeezing import squeezed_document, squeezed_script, squeezed_style

LANGUAGES: Final = ("en", "de", "es")
"""The pages' languages; the first is for those who prefer none of them."""

_FOLDER = Path(__file__).parent
_PRODUCT = "Elephant"
_SHARED = "shared"  # the section of the sentences that every page holds
_WITHOUT_A_SCRIPT = ("frame.no_script", "frame.unable")  # said in every language, since nothing can choose
_NAME = "language.name"
_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "schedule": ("consent", "inputs", "fields", "handing"),
    "meeting": ("consent", "reasons"),
    "manage": ("consent", "reasons", "inputs", "fields", "handing", "question", "history"),
    "ops": ("inputs", "board", "tools", "rows", "question", "history"),
    "days": ("inputs", "board", "tools", "rows"),
}
_MARK = re.compile(r"\{\{([\w.-]+)\}\}")
_TO_BE_SAID = re.compile(r'(<(\w+)[^<>]*\bdata-t="([^"]+)"[^<>]*>)(?=</\2>)')
_INLINE = re.compile(r'<(style|script)(?: type="module")?>(.*?)</\1>', re.DOTALL)
_POLICY = "{{policy}}"
_PREFERENCE = re.compile(r"\s*([A-Za-z]{2,3})(?:-[\w-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.\d*)?)\s*)?")


def language_for(asked: str, preferences: str) -> str:
    """Return the language that somebody is to read a page in.

    That is the one `asked` for, by the link, or the best of what their browser prefers (the header Accept-Language).
    """
    found = [match for each in preferences.split(",") if (match := _PREFERENCE.fullmatch(each))]
    ranked = sorted(found, key=lambda match: -float(match[2] or 1))
    for tag in (asked[:2], *(match[1] for match in ranked if match[2] is None or float(match[2]))):
        if tag.lower() in LANGUAGES:
            return tag.lower()
    return LANGUAGES[0]


@functools.cache
def page(name: str, operator: OperatorSettings = OperatorSettings(), language: str = LANGUAGES[0]) -> str:  # noqa: B008
    """Return the HTML of the page of that name in a language, put together once a process.

    The page's own security policy allows exactly the styles and the scripts written in it: whatever else might find
    its way into the document is not run. An image of its own it loads only where the operator has a logo.

    Raises:
        FileNotFoundError: there is no page of that name.
    """
    frame = _read("frame.html")
    main = _MARK.sub(lambda mark: _read(f"parts/{mark[1]}.html"), _read(f"{name}.html"))
    standing = {key for _, _, key in _TO_BE_SAID.findall(frame + main)}
    strings = {each: _strings(each, name) for each in LANGUAGES}
    own = {key: said for key, said in strings[language].items() if key not in {*_WITHOUT_A_SCRIPT, _NAME}}
    mark = _read("mark.svg").strip()
    styles = ("tokens", "base", *(["logo"] if operator.logo else []), *_styled(_PARTS.get(name, ())), name)
    parts = {key: _in_every_language(strings, key) for key in _WITHOUT_A_SCRIPT}
    parts |= {
        "brand": _brand(operator, mark),
        "icon": f"data:image/svg+xml;base64,{base64.b64encode(_own_colour(mark).encode()).decode()}",
        "language": language,
        "languages": "".join(f'<option value="{each}" lang="{each}">{strings[each][_NAME]}' for each in LANGUAGES),
        "main": squeezed_document(main),
        "operator": _data({"name": operator.name, "contact": operator.contact}),
        "script": squeezed_script(joined(name, _read)),
        "strings": _data({key: said for key, said in own.items() if key not in standing}),
        "style": squeezed_style("".join(_read(f"style/{each}.css") for each in styles)),
    }
    document = _MARK.sub(lambda mark: parts.get(mark[1], mark[0]), frame)
    document = _TO_BE_SAID.sub(lambda tag: tag[1] + html.escape(own[tag[3]], quote=False), document)
    return document.replace(_POLICY, _policy(document, images="data: 'self'" if operator.logo else "data:"))


def _read(path: str) -> str:
    return (_FOLDER / path).read_text(encoding="utf-8")


def _styled(parts: Iterable[str]) -> list[str]:
    return [part for part in parts if (_FOLDER / f"style/{part}.css").exists()]


def _strings(language: str, name: str) -> dict[str, Any]:
    """Return the sentences that a page needs in one language, by their keys; one in several forms is a mapping."""
    sections = json.loads(_read(f"strings/{language}.json"))
    parts = (part for part in (_SHARED, *_PARTS.get(name, ()), name) if part in sections)
    return {key: said for part in parts for key, said in sections[part].items()}


def _brand(operator: OperatorSettings, mark: str) -> str:
    """Return whose pages these are: their logo, which the script fetches, or the product's mark and their name."""
    name = html.escape(operator.name or _PRODUCT)
    if operator.logo:
        return f'<img id="logo" alt="{name}">'
    return f'<span id="mark">{mark}</span>\n  <span id="brand">{name}</span>'


def _data(value: object) -> str:
    """Return a value as JSON that no element of the document ends in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _in_every_language(strings: dict[str, dict[str, Any]], key: str) -> str:
    """Return a sentence for where no script runs that could choose: in each language, and the page's only heading."""
    return "".join(f'<h1 lang="{code}">{html.escape(said[key], quote=False)}</h1>' for code, said in strings.items())


def _own_colour(mark: str) -> str:
    """Return the mark as an image of its own, which takes no colour from the text around it."""
    return mark.replace("currentColor", "#3d63c9")


def _policy(document: str, images: str) -> str:
    allowed: dict[str, list[str]] = {"style": [], "script": []}
    for tag, text in _INLINE.findall(document):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        allowed[tag].append(f"'sha256-{digest}'")
    return "; ".join(
        [
            "default-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "connect-src 'self'",
            f"img-src {images}",
            f"style-src {' '.join(allowed['style'])}",
            f"script-src {' '.join(allowed['script'])}",
        ]
    )
