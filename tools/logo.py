"""The operator's logo: judged before it ships with the app, by its bytes and not by its name.

It is served under a policy that lets it run and load nothing; what is refused here would be shown without what it lacks
then, or not at all, and nobody would know why.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from tools.stage import ROOT, Stage, StageError

LONGEST = 20_000
LARGEST = 4_096
"""The bytes that a logo may have, and the points that one made of points may be wide and high."""

_PNG = b"\x89PNG\r\n\x1a\n"
_OTHERS = {b"\xff\xd8\xff": "a JPEG", b"GIF8": "a GIF", b"RIFF": "a WebP", b"\x1f\x8b": "compressed", b"%PDF": "a PDF"}
_TOLD = 4  # of the problems of one file: a sentence is to be read
_SVG = "{http://www.w3.org/2000/svg}"
_XHTML = "{http://www.w3.org/1999/xhtml}"
_NO_DRAWING = {"script", "handler", "foreignobject", "iframe", "object", "embed", "audio", "video", "canvas"}
_DECLARATION = re.compile(r"<!(?:ENTITY|ATTLIST|ELEMENT|NOTATION)|<\?xml-stylesheet")
_RASTER = "data:image/(?:png|jpeg|gif|webp);base64,"
_INSIDE = re.compile(rf"#|{_RASTER}")
_LOADED = re.compile(rf"""(@import\b[^;]*|url\(\s*["']?(?!["'\s]|#|{_RASTER})[^)"']*)""", re.IGNORECASE)


class NoLogo(StageError):
    """The file holds no logo: what it holds instead, and the remedy."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(f"{what}. To repair it: {remedy}.")


def judge(stage: Stage, folder: Path = ROOT / "stages") -> None:
    """Look at the logo that the stage's file names, if it names one.

    Raises:
        NoLogo: it cannot be shown, or has no name to be read by.
    """
    if not stage.operator_logo:
        return
    file, path = f"stages/{stage.name}.toml", folder / stage.operator_logo
    if not stage.operator_name:
        raise NoLogo(
            f"{file} names a logo, and nothing as operator.name, which is read to people who do not see it",
            f"write operator.name in {file}, or leave operator.logo there empty",
        )
    wanted = f"an SVG or a PNG of at most {LONGEST:,} bytes"
    remedy = f"put {wanted} into stages/{stage.operator_logo}, or leave operator.logo in {file} empty"
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise NoLogo(f"there is no {path}, which operator.logo names", remedy) from None
    except OSError as error:
        raise NoLogo(f"{path} cannot be read: {error.strerror}", remedy) from None
    if wrong := list(dict.fromkeys(_problems(raw))):
        raise NoLogo(f"{path} cannot be shown as a logo: {'; '.join(wrong[:_TOLD])}", remedy)


def _problems(raw: bytes) -> Iterator[str]:
    """Yield what keeps a file's content from being a logo."""
    if len(raw) > LONGEST:
        yield f"it has {len(raw):,} bytes, and {LONGEST:,} are the most"
    elif raw.startswith(_PNG):
        yield from _problems_of_png(raw)
    elif raw.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        yield from _problems_of_svg(raw)
    else:
        found = [f"by its bytes it is {kind}, and" for start, kind in _OTHERS.items() if raw.startswith(start)]
        yield f"{found[0] if found else 'by its bytes it is'} neither an SVG nor a PNG"


def _problems_of_png(raw: bytes) -> Iterator[str]:
    at, kinds = len(_PNG), []
    while at < len(raw) and b"IEND" not in kinds:
        end = at + 8 + int.from_bytes(raw[at : at + 4], "big")
        kind, content, check = raw[at + 4 : at + 8], raw[at + 8 : end], raw[end : end + 4]
        if len(check) < 4:
            break
        if zlib.crc32(kind + content).to_bytes(4, "big") != check:
            yield "it is a PNG that is damaged"
            return
        kinds.append(kind)
        at = end + 4
    if b"IEND" not in kinds or b"IDAT" not in kinds or kinds[0] != b"IHDR":
        yield "it is a PNG that is cut off"
        return
    width, height = (int.from_bytes(raw[place : place + 4], "big") for place in (16, 20))
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        yield f"it is {width:,} points wide and {height:,} high, and {LARGEST:,} are the most"


def _problems_of_svg(raw: bytes) -> Iterator[str]:
    try:
        text = raw.decode("utf-8-sig")
        drawn = ElementTree.fromstring(text)  # noqa: S314  the operator's own file, and expat bounds what it expands to
    except UnicodeDecodeError:
        yield "it is not in UTF-8"
        return
    except ElementTree.ParseError as error:
        yield f"it is not well-formed XML ({error})"
        return
    if drawn.tag != f"{_SVG}svg":
        yield 'its root is no <svg xmlns="http://www.w3.org/2000/svg">'
        return
    if not _has_size(drawn.get("viewBox", "")):
        yield "it has no viewBox, by which it could be made smaller"
    if found := _DECLARATION.search(text):
        yield f"it has {found[0]}, and a logo is a drawing alone"
    if "prefers-color-scheme" in text:
        yield "it looks at prefers-color-scheme, and pages give it a white ground in the dark as well"
    for element in drawn.iter():
        yield from _problems_of_element(element)


def _has_size(view_box: str) -> bool:
    """Return whether a viewBox holds something: its four numbers end with a width and a height."""
    try:
        _, _, width, height = (float(number) for number in re.split(r"[\s,]+", view_box.strip()))
    except ValueError:
        return False
    return width > 0 and height > 0


def _problems_of_element(element: ElementTree.Element) -> Iterator[str]:
    name = _local(element.tag)
    if name.lower() in _NO_DRAWING or element.tag.startswith(_XHTML):
        yield f"it holds <{name}>, and a logo is a drawing alone"
    for key, value in element.attrib.items():
        attribute = _local(key)
        if attribute.lower().startswith("on"):
            yield f"it has the event handler {attribute}"
        elif key == "attributeName" and _local(value.rpartition(":")[2]).lower().startswith(("href", "on")):
            yield f"it changes {value} while it is shown"
        elif attribute in ("href", "src", "base") and not _INSIDE.match(value.strip()):
            yield f"it refers to {value.strip():.60}, which is not in it"
        yield from _loaded(value)
    if name == "style":
        yield from _loaded("".join(element.itertext()))


def _loaded(style: str) -> Iterator[str]:
    """Yield what a style would load from elsewhere."""
    for found in _LOADED.findall(style):
        yield f"it refers to {found:.60}, which is not in it"


def _local(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition("}")[2]
