"""Draws a report's chart as SVG. Series differ by pattern, dash and mark, never by colour alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup, escape

from jieli.store.reports.values import Chart
from jieli.texts import text

WIDTH = 720.0
LABELS, VALUES = 150.0, 56.0
BAR, GAP = 20.0, 10.0
TOP, LEGEND = 8.0, 30.0
LINES_HIGH, AXIS = 220.0, 44.0
LONGEST_LABEL = 11
INK, SOFT, GRID = "#1b2422", "#56635f", "#dbe2df"
COLOURS = ("#0a6a52", "#c77700", "#3b5b92", "#a3262c")
DASHES = ("", "7 4", "2 4", "10 3 2 3")


def svg(chart: Chart, number: int = 0) -> Markup:
    """The picture; nothing where there is nothing to show."""
    if not any(value for series in chart.series for value in series.values if value):
        return Markup("")
    drawn = _lines(chart) if chart.kind == "lines" else _bars(chart, number)
    body = [*_patterns(number), *drawn.parts]
    head = (
        f'<svg class="chart" viewBox="0 0 {WIDTH:g} {drawn.height:g}" role="img" '
        f'aria-label="{escape(_said(chart))}" font-size="13" fill="{INK}">'
    )
    return Markup(head + "".join(body) + "</svg>")  # noqa: S704 (every text in it is escaped)


@dataclass(frozen=True)
class _Drawn:
    parts: list[str]
    height: float


def _said(chart: Chart) -> str:
    """The same for those who cannot see it; all numbers stand in the table beside."""
    legend = text(", ").join(series.label for series in chart.series)
    return f"{chart.title}{text(': ')}{legend}"


# ---- bars ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Scale:
    least: float
    most: float

    @property
    def zero(self) -> float:
        """Where bars begin."""
        return self.at(0)

    def at(self, value: float) -> float:
        """The place of a value; room is left for the numbers at both ends."""
        left = LABELS + (VALUES if self.least < 0 else 0)
        span = (self.most - self.least) or 1
        return left + (value - self.least) / span * (WIDTH - VALUES - left)


def _bars(chart: Chart, number: int) -> _Drawn:
    stacked = chart.kind == "stacked"
    lanes = 1 if stacked else len(chart.series)
    step = lanes * BAR + GAP
    scale = _scale(chart, stacked)
    parts = _legend(chart, number)
    top = TOP + (LEGEND if parts else 0)
    for row, label in enumerate(chart.labels):
        y = top + row * step
        parts.append(_text(LABELS - 10, y + lanes * BAR / 2, _short(label), "end"))
        draw = _stack if stacked else _group
        parts += draw(chart, row, y, scale, number)
    height = top + len(chart.labels) * step
    parts.append(_line(scale.zero, top - 4, scale.zero, height - GAP + 4, SOFT))
    return _Drawn(parts, height)


def _scale(chart: Chart, stacked: bool) -> _Scale:
    columns = [[each.values[row] or 0 for each in chart.series] for row in range(len(chart.labels))]
    reached = [sum(column) for column in columns] if stacked else [v for c in columns for v in c]
    return _Scale(min(0.0, *reached), max(0.0, *reached))


def _group(chart: Chart, row: int, y: float, scale: _Scale, number: int) -> Iterable[str]:
    for lane, series in enumerate(chart.series):
        value = series.values[row]
        if value is None:
            continue
        top = y + lane * BAR
        yield _rect(scale.zero, scale.at(value), top, lane, number)
        side, anchor = (6, "start") if value >= 0 else (-6, "end")
        yield _text(scale.at(value) + side, top + BAR / 2, _number(value, chart.share), anchor)


def _stack(chart: Chart, row: int, y: float, scale: _Scale, number: int) -> Iterable[str]:
    reached = 0.0
    for lane, series in enumerate(chart.series):
        value = series.values[row] or 0
        begin, end = scale.at(reached), scale.at(reached + value)
        reached += value
        if value:
            yield _rect(begin, end, y, lane, number)
        if end - begin > 22:
            words = _number(value, chart.share)
            yield _text((begin + end) / 2, y + BAR / 2, words, "middle", inside=lane)
    yield _text(scale.at(reached) + 6, y + BAR / 2, _number(reached, chart.share), "start", bold=True)


def _rect(begin: float, end: float, y: float, lane: int, number: int) -> str:
    left, width = min(begin, end), abs(end - begin)
    return (
        f'<rect x="{left:.1f}" y="{y + 2:.1f}" width="{max(width, 1):.1f}" height="{BAR - 4:g}" '
        f'fill="url(#p{number}-{lane % 4})" stroke="{COLOURS[lane % 4]}"/>'
    )


def _legend(chart: Chart, number: int) -> list[str]:
    if len(chart.series) == 1:
        return []
    parts, x = [], LABELS
    for lane, series in enumerate(chart.series):
        parts.append(
            f'<rect x="{x:.1f}" y="{TOP:g}" width="18" height="13" '
            f'fill="url(#p{number}-{lane % 4})" stroke="{COLOURS[lane % 4]}"/>'
        )
        parts.append(_text(x + 24, TOP + 7, series.label, "start"))
        x += 44 + _wide(series.label)
    return parts


def _patterns(number: int) -> list[str]:
    """Full, slanted lines, dots, a grid: told apart on a black-and-white printout too."""
    marks = (
        '<rect width="8" height="8" fill="{c}"/>',
        '<rect width="8" height="8" fill="#fff"/>'
        '<path d="M-2 2l4-4M0 8l8-8M6 10l4-4" stroke="{c}" stroke-width="2"/>',
        '<rect width="8" height="8" fill="#fff"/><circle cx="4" cy="4" r="1.8" fill="{c}"/>',
        '<rect width="8" height="8" fill="#fff"/><path d="M0 4h8M4 0v8" stroke="{c}" stroke-width="1.4"/>',
    )
    made = [
        f'<pattern id="p{number}-{lane}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f"{mark.format(c=COLOURS[lane])}</pattern>"
        for lane, mark in enumerate(marks)
    ]
    return ["<defs>", *made, "</defs>"]


# ---- lines ---------------------------------------------------------------------------------------


def _lines(chart: Chart) -> _Drawn:
    most = _nice(max(v for series in chart.series for v in series.values if v is not None))
    most = min(most, 1.0) if chart.share else most
    top, left, right = TOP + LEGEND, 52.0, WIDTH - 36
    step = (right - left) / max(len(chart.labels) - 1, 1)

    def place(index: int, value: float) -> tuple[float, float]:
        return left + index * step, top + LINES_HIGH * (1 - value / most)

    parts = _line_legend(chart)
    for part in range(5):
        x, y = place(0, most * part / 4)
        parts.append(_line(x, y, right, y, GRID))
        parts.append(_text(left - 8, y, _number(most * part / 4, chart.share), "end", soft=True))
    every = max(1, ceil(len(chart.labels) / 12))
    for index, label in enumerate(chart.labels):
        if index % every == 0:
            parts.append(_text(place(index, 0)[0], top + LINES_HIGH + 18, label, "middle", soft=True))
    for lane, series in enumerate(chart.series):
        points = [place(i, v) if v is not None else None for i, v in enumerate(series.values)]
        parts += _curve(points, lane)
    return _Drawn(parts, top + LINES_HIGH + AXIS - 14)


def _curve(points: Sequence[tuple[float, float] | None], lane: int) -> Iterable[str]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    for run in filter(None, runs):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in run)
        yield (
            f'<polyline points="{path}" fill="none" stroke="{COLOURS[lane % 4]}" '
            f'stroke-width="2.5" stroke-dasharray="{DASHES[lane % 4]}"/>'
        )
        yield from (_mark(x, y, lane) for x, y in run)


def _mark(x: float, y: float, lane: int) -> str:
    shapes = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"',
        f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"',
        f'<path d="M{x:.1f} {y - 5:.1f}l5 9h-10z"',
        f'<path d="M{x:.1f} {y - 5.5:.1f}l5 5.5l-5 5.5l-5-5.5z"',
    )
    return f'{shapes[lane % 4]} fill="{COLOURS[lane % 4]}" stroke="#fff"/>'


def _line_legend(chart: Chart) -> list[str]:
    parts: list[str] = []
    x = 52.0
    for lane, series in enumerate(chart.series):
        parts += _curve([(x, TOP + 7), (x + 30, TOP + 7)], lane)
        parts.append(_text(x + 40, TOP + 7, series.label, "start"))
        x += 60 + _wide(series.label)
    return parts


def _nice(value: float) -> float:
    """A round number not below it, so that the axis has round numbers, too."""
    if value <= 0:
        return 1.0
    unit = 10 ** floor(log10(value))
    return float(next(unit * n for n in (1, 2, 4, 5, 8, 10) if unit * n >= value * 0.999999))


# ---- small parts ---------------------------------------------------------------------------------


def _number(value: float, share: bool) -> str:
    if share:
        return f"{value * 100:.3g}%"
    return f"{value:g}"


def _text(
    x: float, y: float, words: str, anchor: str, *, soft: bool = False, bold: bool = False,
    inside: int | None = None,
) -> str:  # fmt: skip
    more = f' fill="{SOFT}"' if soft else ""
    more += ' font-weight="600"' if bold or inside is not None else ""
    if inside is not None:  # white on the full bar, a white edge on a pattern
        is_full = inside % 4 == 0
        more += ' fill="#fff"' if is_full else ' stroke="#fff" stroke-width="4" paint-order="stroke"'
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" dominant-baseline="central"'
    return f"<text {place}{more}>{escape(words)}</text>"


def _line(x: float, y: float, to_x: float, to_y: float, colour: str) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="{colour}"/>'


def _short(words: str) -> str:
    return words if len(words) <= LONGEST_LABEL else words[: LONGEST_LABEL - 1] + "…"


def _wide(words: str) -> float:
    return sum(13.0 if ord(each) > 0x2E7F else 7.5 for each in words)
