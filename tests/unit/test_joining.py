"""A page's modules become one script: each after those that it needs, once, and none over another's names."""

from __future__ import annotations

import pytest

from chalicelib.people.pages.joining import joined

IMPORTS_A = 'import { a } from "./a.js";\n'


def join(**texts: str) -> str:
    """Return what `entry` and these other modules become."""
    return joined("entry", {f"modules/{name}.js": text for name, text in texts.items()}.__getitem__)


def test_each_module_stands_once_and_after_those_that_it_needs() -> None:
    script = join(
        entry='import { b } from "./b.js";\nimport { a, $ } from "./a.js";\n\nb(a, $);\n',
        b=f"{IMPORTS_A}\nexport async function b() {'{}'}\n",
        a="export const a = 1;\nexport function $() {}\nlet hidden = 2;\n",
    )
    assert script == ("const a = 1;\nfunction $() {}\nlet hidden = 2;\n\nasync function b() {}\n\nb(a, $);\n"), (
        "nothing is left of imports and exports"
    )


def test_what_only_looks_like_an_import_stays() -> None:
    assert join(entry='  import { a } from "./a.js";\nconst b = "export const a";\n').startswith("  import")


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"entry": 'import { b } from "./a.js";\n', "a": "const b = 1;\n"}, "imports b, which a.js does not export"),
        ({"entry": IMPORTS_A, "a": 'import { b } from "./b.js";\n', "b": IMPORTS_A}, "in a ring: entry → a → b → a"),
        (
            {"entry": f"{IMPORTS_A}function a() {{}}\n", "a": "export const a = 1;\n"},
            "Both a.js and entry.js declare a",
        ),
        (
            {"entry": f"{IMPORTS_A}let c;\n", "a": "export const a = 1;\nclass c {}\n"},
            "Both a.js and entry.js declare c",
        ),
        ({"entry": "export default 1;\n"}, "cannot be joined: export default 1;"),
        ({"entry": 'import * as a from "./a.js";\n'}, "cannot be joined: import"),
        ({"entry": "export let a;\n"}, "cannot be joined: export let a;"),
    ],
    ids=["unknown", "a ring", "an exported name twice", "a hidden name twice", "default", "all", "a variable"],
)
def test_what_cannot_be_joined_is_refused(texts: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says.replace("*", r"\*")):
        join(**texts)


def test_names_inside_functions_are_their_own() -> None:
    inside = "function {} {{\n  const same = 1;\n}}\n"
    assert join(entry=f"{IMPORTS_A}{inside.format('b')}a(b);\n", a=f"export {inside.format('a')}").count("same") == 2


def test_a_function_that_nothing_names_is_left_out_and_so_is_what_it_alone_needs() -> None:
    alone = "export function one() {\n  two();\n}\nfunction two() {\n  two();\n  b();\n}\n"
    named = "export function b() {\n}\nexport const c = { b };\nexport async function d() {\n  return 1;\n}\n"
    script = join(entry='import { c } from "./b.js";\nc.b();\n', b=f'import {{ one }} from "./a.js";\n{named}', a=alone)
    assert "one" not in script
    assert "async" not in script
    assert "function b()" in script
    assert "function two()" in script, "whatever names itself is not looked into"
