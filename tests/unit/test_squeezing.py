"""What is left out of a page changes nothing of what it does and says."""

import pytest

from chalicelib.people.pages.squeezing import squeezed_document, squeezed_script, squeezed_style


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("  const a = { b: 1 };", "const a={b:1};"),
        ("/* Why this is\n   as it is. */\nlet a = 1;  // a count", "let a=1;"),
        ("const url = `${a} = {b}, c`;", "const url=`${a} = {b}, c`;"),
        ('write("a = b,  c", "\\" = ( ");', 'write("a = b,  c","\\" = ( ");'),
        ('const at = "https://a.example/b";', 'const at="https://a.example/b";'),
        ("const parts = text.split(/ = [,;] /g);", "const parts = text.split(/ = [,;] /g);"),
        ("return a + +b - -c;", "return a + +b - -c;"),
        ("if (a) {\n  return b;\n}", "if(a){\nreturn b}"),
        ("for (const [a, b] of all) if (a in b) go();", "for(const[a,b]of all)if(a in b)go();"),
    ],
)
def test_a_script_keeps_its_texts_and_patterns(line: str, left: str) -> None:
    assert squeezed_script(line) == f"{left}\n"


def test_a_style_keeps_what_spaces_mean() -> None:
    style = "/* why */\n.a .b > p:hover,\np {\n  margin: 0 calc(1rem + 2px);\n}\n@media (a: b) {\n  p { top: 0; }\n}\n"
    assert squeezed_style(style) == (".a .b > p:hover,p{margin:0 calc(1rem + 2px)}@media (a:b){p{top:0}}")


def test_a_document_loses_its_indents_alone() -> None:
    assert squeezed_document("<p>\n  a <b>c</b> d\n</p>\n") == "<p>\na <b>c</b> d\n</p>\n"
