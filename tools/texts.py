"""`python -m tools.texts`: write what the docs show from the code, so that it is said once.

A text is a whole file or what stands between two markers in one: `<!-- name:begin -->` and `<!-- name:end -->` in
Markdown, `# name:begin` and `# name:end` elsewhere. To show something else from the code, add a row to `TEXTS`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tools import event_texts, exposure, log_texts, rule_texts, settings_texts
from tools.stage import ROOT


class TextError(Exception):
    """A text has no place in its file; the message says which markers are missing."""


@dataclass(frozen=True, slots=True)
class Text:
    """Lines that `render` yields, for a file of the project; between the markers of `name`, or all of it where empty.

    A file of which `belongs_to_somebody` is true is left alone: its content is no longer what the code would show.
    """

    path: str
    name: str
    render: Callable[[], Iterable[str]]
    belongs_to_somebody: Callable[[str], bool] = lambda _: False

    def shown_in(self, content: str) -> str:
        """Return a file's content with this text as the code has it now.

        Raises:
            TextError: the markers are not both there, once and in order.
        """
        lines = "".join(f"{line}\n" for line in self.render())
        if self.belongs_to_somebody(content):
            return content
        if not self.name:
            return lines
        begin, end = (
            f"<!-- {self.name}:{edge} -->" if self.path.endswith(".md") else f"# {self.name}:{edge}"
            for edge in ("begin", "end")
        )
        between = re.compile(rf"(?<={re.escape(begin)}\n).*?(?={re.escape(end)}\n)", re.DOTALL)
        if content.count(f"{begin}\n") != 1 or not between.search(content):
            raise TextError(f"{self.path} must hold the lines {begin} and {end}, once and in this order.")
        return between.sub(lambda _: lines, content)


TEXTS = [
    Text("README.md", "settings", settings_texts.table),
    Text("README.md", "endings", rule_texts.endings),
    Text("stages/dev.toml", "", settings_texts.stage_file, settings_texts.is_filled_in),
    Text("docs/security.md", "exposure", exposure.lines),
    Text("docs/log.md", "log-events", log_texts.events),
    Text("docs/log.md", "log-metrics", log_texts.metrics),
    Text("docs/architecture.md", "rules", rule_texts.table),
    Text("docs/events.schema.json", "", event_texts.schema),
    Text("docs/integrations.md", "events", event_texts.kinds),
    Text("docs/integrations.md", "event-facts", event_texts.facts),
    *(
        Text("docs/integrations.md", f"{name}-sample", event_texts.sample(name))
        for name in ("mail", "chat", "recordings", "once")
    ),
    Text("chalicelib/rules/plan.py", "rules", rule_texts.table),
]
"""Everything in the project's files that is written from the code."""


def write(root: Path = ROOT) -> list[str]:
    """Bring every text up to date; return the files that changed.

    Raises:
        TextError: a text has no place in its file.
    """
    changed = []
    for text in TEXTS:
        path = root / text.path
        content = path.read_text(encoding="utf-8") if path.exists() else ""
        shown = text.shown_in(content)
        if shown != content:
            path.write_text(shown, encoding="utf-8")
            changed.append(text.path)
    return changed


def main() -> int:
    """Write the texts and say which files changed."""
    try:
        changed = write()
    except TextError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(changed) or "Nothing has changed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
