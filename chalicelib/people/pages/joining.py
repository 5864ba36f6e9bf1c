"""Joins a page's ES modules into one script, so that a page is one document and needs no build step.

The modules are what browsers know: each says what it needs in lines like `import { a, b } from "./x.js";`, and exports
functions, classes and constants where it declares them. Joined, they share one scope; so no two may declare one name.
A function that nothing in a page names is left out of that page.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

_IMPORT = re.compile(r'^import \{ ([\w$, ]+) \} from "\./([\w-]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|function|const|class) [\w$])", re.MULTILINE)
_DECLARED = re.compile(r"^(?:(export) )?(?:async function|function|const|let|class) ([\w$]+)", re.MULTILINE)
_FUNCTION = re.compile(r"^(?:async )?function ([\w$]+)\(.*\{\n(?:.*\n)*?\}\n", re.MULTILINE)
_LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def joined(entry: str, read: Callable[[str], str]) -> str:
    """Return one script that holds the module `entry` and all that it needs, each module after those that it imports.

    `read` returns a module's text by its path.

    Raises:
        ValueError: a module imports what another does not export, or itself by way of others; two declare one name;
            or a line imports or exports in another form than those above.
    """
    texts: dict[str, str] = {}
    exported: dict[str, set[str]] = {}
    declared: dict[str, str] = {}

    def take(name: str, importers: tuple[str, ...]) -> None:
        if name in importers:
            raise ValueError(f"Modules import one another in a ring: {' → '.join((*importers, name))}.")
        if name in texts:
            return
        text = read(f"modules/{name}.js")
        for names, other in _IMPORT.findall(text):
            take(other, (*importers, name))
            if unknown := set(names.split(", ")) - exported[other]:
                raise ValueError(f"{name}.js imports {', '.join(sorted(unknown))}, which {other}.js does not export.")
        found = _DECLARED.findall(text)
        for _, each in found:
            if each in declared:
                raise ValueError(
                    f"Both {declared[each]}.js and {name}.js declare {each}; joined, they share one scope."
                )
            declared[each] = name
        exported[name] = {each for export, each in found if export}
        texts[name] = _EXPORT.sub("", _IMPORT.sub("", text)).strip("\n")
        if left := _LEFT.search(texts[name]):
            raise ValueError(f"{name}.js imports or exports in a form that cannot be joined: {left[0]}")

    take(entry, ())
    return _needed("\n\n".join(texts.values()) + "\n")


def _needed(script: str) -> str:
    """Return a script without the functions that nothing else in it names."""
    names = Counter(re.findall(r"[\w$]+", script))
    left = _FUNCTION.sub(lambda found: "" if names[found[1]] == found[0].count(found[1]) == 1 else found[0], script)
    return script if left == script else _needed(left)
