"""A burst as a picture: how many meetings are how far, from minute to minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape

from tests.burst.cases import T
from tests.burst.report import Outcome
from tests.burst.tally import Count
from tests.simulation.world.clock import MINUTE

_WIDTH, _HEIGHT = 860, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 30, 70, 60
_LINES: dict[str, tuple[str, str, Callable[[Count], int]]] = {
    "launched pairs": ("#0072b2", "", lambda count: count.launched),
    "joinable, both doors": ("#009e73", "", lambda count: count.joinable),
    "half pairs": ("#d55e00", "4 3", lambda count: count.half),
    "gone": ("#666666", "8 4", lambda count: count.gone),
}
"""The lines by their names: colour (told apart by the colour-blind too), dashes, and what they show."""

_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 2500, 5000, 10_000)
_MINUTES = 5
_STYLE = 'role="img" font-family="sans-serif" font-size="13"'


def draw(outcome: Outcome, about: str) -> str:
    """Return an SVG picture of a burst; time runs in minutes from the first meetings' time."""
    points = [((at - T) / MINUTE, count) for at, count in outcome.course]
    first, last = points[0][0], max(points[-1][0], points[0][0] + _MINUTES)
    highest = max(outcome.meetings, 1)

    def x(minute: float) -> float:
        return _LEFT + (minute - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)

    def y(meetings: float) -> float:
        return _HEIGHT - _BOTTOM - meetings / highest * (_HEIGHT - _TOP - _BOTTOM)

    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_STYLE}>',
            f"<title>{escape(_title(outcome, about))}</title>",
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
            _text(_LEFT, 26, _title(outcome, about), 'font-size="16" font-weight="bold"'),
            *_legend(),
            *_across(y, highest),
            *_along(x, first, last),
            *(
                f'<polyline fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes or "none"}" '
                f'points="{" ".join(f"{x(minute):.1f},{y(value(count)):.1f}" for minute, count in points)}"/>'
                for colour, dashes, value in _LINES.values()
            ),
            "</svg>\n",
        ]
    )


def _title(outcome: Outcome, about: str) -> str:
    return f"{outcome.meetings:,} meetings {about}"


def _legend() -> Iterator[str]:
    left = _LEFT
    for name, (colour, dashes, _) in _LINES.items():
        yield (
            f'<line x1="{left}" y1="46" x2="{left + 28}" y2="46" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{dashes or "none"}"/>'
        )
        yield _text(left + 34, 50, name)
        left += 34 + 8 * len(name) + 20


def _across(y: Callable[[float], float], highest: int) -> Iterator[str]:
    """Yield the lines across, each with its number of meetings, and what they count."""
    step = next((step for step in _STEPS if step * 6 >= highest), _STEPS[-1])
    for number in range(0, highest + 1, step):
        at = y(number)
        yield f'<line x1="{_LEFT}" y1="{at:.1f}" x2="{_WIDTH - _RIGHT}" y2="{at:.1f}" stroke="#dddddd"/>'
        yield _text(_LEFT - 8, at + 4, f"{number:,}", 'text-anchor="end"')
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    yield _text(18, middle, "meetings", f'text-anchor="middle" transform="rotate(-90 18 {middle:.0f})"')


def _along(x: Callable[[float], float], first: float, last: float) -> Iterator[str]:
    """Yield the axis of time, with a mark every few minutes and a line at T, and what it counts."""
    base = _HEIGHT - _BOTTOM
    yield f'<line x1="{_LEFT}" y1="{base}" x2="{_WIDTH - _RIGHT}" y2="{base}" stroke="#000000"/>'
    step = next((step for step in _STEPS if step >= _MINUTES and step * 16 >= last - first), _STEPS[-1])
    for minute in range(-(-int(first) // step) * step, int(last) + 1, step):
        at = x(minute)
        yield f'<line x1="{at:.1f}" y1="{base}" x2="{at:.1f}" y2="{base + 5}" stroke="#000000"/>'
        yield _text(at, base + 20, f"{minute:+d}".replace("-", "−") if minute else "T", 'text-anchor="middle"')
    yield f'<line x1="{x(0):.1f}" y1="{_TOP}" x2="{x(0):.1f}" y2="{base}" stroke="#000000" stroke-dasharray="2 3"/>'
    yield _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 14, "minutes from the meetings’ time", 'text-anchor="middle"')


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(text)}</text>'
