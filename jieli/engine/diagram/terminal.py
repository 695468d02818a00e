"""A picture as lines of text: step by step, under each its buttons and where they lead."""

from __future__ import annotations

from jieli.engine.diagram.picture import Arrow, Node, Picture
from jieli.engine.diagram.trail import NOTHING, Trail
from jieli.texts import text

MARKS = {
    "human": "▢", "wait": "◷", "decision": "◇", "parallel": "╪", "join": "╫", "notify": "✉",
    "call": "⇄", "sub_case": "▣", "do": "⚙", "end": "■",
}  # fmt: skip


def as_text(picture: Picture, trail: Trail = NOTHING) -> str:
    """The whole process, for the terminal."""
    lines = [f"{picture.title} ({picture.process})"]
    for node in picture.nodes:
        lines += ["", _head(node, trail), *(f"       {fact}" for fact in node.facts)]
        lines += [_arrow(picture, arrow, trail) for arrow in picture.leaving(node.name)]
    return "\n".join(lines) + "\n"


def _head(node: Node, trail: Trail) -> str:
    count = trail.done.get(node.name, 0)
    here = f"  ◀ {text('it waits here')}" if node.name in trail.waiting else ""
    often = f" ×{count}" if count > 1 else ""
    done = f"  ✓{often}" if count else ""
    return f"{node.number:>3} {MARKS[node.kind]} {node.title}{done}{here}"


def _arrow(picture: Picture, arrow: Arrow, trail: Trail) -> str:
    target = picture.node(arrow.target)
    label = f"{arrow.label} " if arrow.label else ""
    line = "━▶" if arrow in trail.taken else "┄▷" if arrow.aside else "─▷"
    return f"       {label}{line} {target.number} {target.title}"
