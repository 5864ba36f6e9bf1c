"""What people see: the schedule form and the meeting page.

Each page is one self-contained HTML file beside this module, so that it is shipped with the code, needs no
second request and no host but the app's own. What the pages share lives once, in `_style.css` and
`_shared.js`; `_calendar.js` makes calendar files. The pages talk to the API with paths relative to
their own address, so they work below a stage prefix such as `/api/`.
"""

import base64
import functools
import hashlib
import re
from pathlib import Path

_FOLDER = Path(__file__).parent
_SHARED = ("_style.css", "_shared.js", "_calendar.js")  # each goes where a page says /* its name */
_POLICY_MARK = "{{content-security-policy}}"
_INLINE = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)


@functools.cache
def page(name: str) -> str:
    """Return the HTML of the page `name` ("schedule" or "meeting"), read from the package once a process.

    The shared parts are inserted, and the page's own security policy then allows exactly the style and the
    script written in it: whatever else might find its way into the document is not run.

    Raises:
        FileNotFoundError: there is no page of that name.
    """
    html = (_FOLDER / f"{name}.html").read_text(encoding="utf-8")
    for shared in _SHARED:
        html = html.replace(f"/* {shared} */", (_FOLDER / shared).read_text(encoding="utf-8"))
    return html.replace(_POLICY_MARK, _policy(html))


def _policy(html: str) -> str:
    allowed: dict[str, list[str]] = {"style": [], "script": []}
    for tag, text in _INLINE.findall(html):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        allowed[tag].append(f"'sha256-{digest}'")
    return "; ".join(
        [
            "default-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "connect-src 'self'",
            "img-src data:",
            f"style-src {' '.join(allowed['style'])}",
            f"script-src {' '.join(allowed['script'])}",
        ]
    )
