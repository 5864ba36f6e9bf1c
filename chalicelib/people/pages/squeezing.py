"""Leaves out of a page what is there only for whoever reads its sources: remarks, indents, spaces around signs.

Nothing is renamed, and nothing but a closing brace is joined to another line, so that an error's line still says where
it is. Of a script's lines those that hold a slash outside of a text stay as they are, since a pattern may stand there.
"""

from __future__ import annotations

import re

_REMARK = re.compile(r"^ */\*.*?\*/ *\n|(?:^ *|  )//[^\n]*", re.MULTILINE | re.DOTALL)
_INDENT = re.compile(r"^ +|\n(?=\n)", re.MULTILINE)
_STRING = r'"(?:[^"\\\n]|\\.)*"|`[^`\n]*`'
_PLAIN_LINE = re.compile(rf"^(?:{_STRING}|[^\"'`/\n])+$", re.MULTILINE)
_STRING_OR_SIGN = re.compile(rf"({_STRING})| *([{{}}()\[\]=<>*?:;,&|]) *")
_CLOSED = re.compile(r";?\n(?=\})")
_STYLE = re.compile(r"/\*.*?\*/|(?<=[:;,{}])\s+|;?\s+(?=[{}])", re.DOTALL)


def squeezed_script(text: str) -> str:
    """Return a script that does the same in fewer bytes."""
    bare = _INDENT.sub("", _REMARK.sub("", text)).strip("\n") + "\n"
    close = _PLAIN_LINE.sub(lambda line: _STRING_OR_SIGN.sub(lambda found: found[1] or found[2], line[0]), bare)
    return _CLOSED.sub("", close)


def squeezed_style(text: str) -> str:
    """Return a style that says the same in fewer bytes."""
    return _STYLE.sub("", text).strip()


def squeezed_document(text: str) -> str:
    """Return markup without its indents."""
    return _INDENT.sub("", text)
