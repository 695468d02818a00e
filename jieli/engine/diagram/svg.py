"""A picture as SVG: no script, no address outside, readable in light and dark pages."""

from __future__ import annotations

from html import escape
from itertools import pairwise

from jieli.engine.diagram.layout import LINE, PAD, Box, Line, folded, laid_out
from jieli.engine.diagram.picture import Node, Picture
from jieli.engine.diagram.terminal import MARKS
from jieli.engine.diagram.trail import NOTHING, Trail
from jieli.texts import text

_LOOK = """
text{font:13px "PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;fill:#1f2933}
.box{fill:#fff;stroke:#52606d;stroke-width:1.2}
.decision .box{fill:#eef2ff}.wait .box{fill:#f0f7ff}.end .box{fill:#e4e7eb}
.sub_case .box{stroke-width:2.4}.notify .box,.call .box,.do .box{stroke-dasharray:5 3}
.done .box{fill:#dff3e4;stroke:#2f7d4f}.waiting .box{fill:#fff1cc;stroke:#b7791f;stroke-width:3}
.title{font-weight:600}.fact{fill:#52606d;font-size:12px}
.line{fill:none;stroke:#7b8794;stroke-width:1.2}.aside{stroke-dasharray:3 3}
.taken{stroke:#2f7d4f;stroke-width:2.6}.label rect{fill:#fff;opacity:.9}.label text{font-size:12px}
"""
_HEADS = "".join(
    f'<marker id="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
    f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 8 4 0 8z" fill="{colour}"/></marker>'
    for name, colour in (("head", "#7b8794"), ("head-taken", "#2f7d4f"))
)


def as_svg(picture: Picture, trail: Trail = NOTHING) -> str:
    """The whole picture; for a case the path taken is green, where it waits is yellow."""
    layout = laid_out(_with_loops(picture))
    width, height = round(layout.width), round(layout.height)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img"><title>{escape(picture.title)}</title>'
        f"<style>{_LOOK}</style><defs>{_HEADS}</defs>"
        f'<rect width="{width}" height="{height}" fill="#fff"/>'
    ]
    parts += [_line(line, trail) for line in layout.lines]
    parts += [_label(box) for _, box in layout.labels]
    parts += [_step(node, layout.boxes[node.name], trail) for node in picture.nodes]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _with_loops(picture: Picture) -> Picture:
    """A step that leads to itself says so in its box."""
    nodes = []
    for node in picture.nodes:
        own = [each for each in picture.leaving(node.name) if each.target == node.name]
        loops = tuple(f"↺ {arrow.label}" for arrow in own)
        nodes.append(Node(node.name, node.number, node.kind, _headed(node), (*node.facts, *loops)))
    return Picture(picture.process, picture.title, tuple(nodes), picture.arrows)


def _headed(node: Node) -> str:
    return f"{node.number} {MARKS[node.kind]} {node.title}"


def _step(node: Node, box: Box, trail: Trail) -> str:
    looks = [node.kind, "done" if node.name in trail.done else ""]
    if node.name in trail.waiting:
        looks[1] = "waiting"
    head = len(folded(_headed(node)))
    words = "".join(
        f'<text class="{"title" if number < head else "fact"}" x="{box.x:.1f}" '
        f'y="{box.y + PAD / 2 + LINE * (number + 0.72):.1f}" text-anchor="middle">'
        f"{escape(line)}</text>"
        for number, line in enumerate(box.lines)
    )
    round_ = min(box.height / 2, 18) if node.kind in ("wait", "end") else 4
    told = f"<title>{escape(_told(node, trail))}</title>"
    return (
        f'<g class="{" ".join(filter(None, looks))}" id="step-{node.name}">{told}'
        f'<rect class="box" x="{box.x - box.width / 2:.1f}" y="{box.y:.1f}" rx="{round_:.0f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}"/>{words}</g>'
    )


def _told(node: Node, trail: Trail) -> str:
    """What a screen reader says: the colours in words."""
    here = [text("it waits here")] if node.name in trail.waiting else []
    done = [f"✓ ×{trail.done[node.name]}"] if node.name in trail.done else []
    return " ".join([node.title, *done, *here])


def _label(box: Box) -> str:
    words = "".join(
        f'<text x="{box.x:.1f}" y="{box.y + LINE * (number + 0.72):.1f}" text-anchor="middle">'
        f"{escape(line)}</text>"
        for number, line in enumerate(box.lines)
    )
    return (
        f'<g class="label"><rect x="{box.x - box.width / 2:.1f}" y="{box.y:.1f}" '
        f'width="{box.width:.1f}" height="{box.height:.1f}"/>{words}</g>'
    )


def _line(line: Line, trail: Trail) -> str:
    taken = line.arrow in trail.taken
    looks = " ".join(
        filter(None, ["line", "taken" if taken else "", "aside" if line.arrow.aside else ""])
    )
    head = "head-taken" if taken else "head"
    return f'<path class="{looks}" d="{_curve(line)}" marker-end="url(#{head})"/>'


def _curve(line: Line) -> str:
    """Down (or up) through every bend, upright at each."""
    points: list[tuple[float, float]] = []
    for number, box in enumerate(line.through):
        near, far = box.y, box.y + box.height
        first, last = (far, near) if line.upwards else (near, far)
        if number > 0:
            points.append((box.x, first))
        if number < len(line.through) - 1 and (number == 0 or first != last):
            points.append((box.x, last))
    x, y = points[0]
    path = f"M{x:.1f} {y:.1f}"
    for (ax, ay), (bx, by) in pairwise(points):
        middle = (ay + by) / 2
        path += f"C{ax:.1f} {middle:.1f} {bx:.1f} {middle:.1f} {bx:.1f} {by:.1f}"
    return path
