"""A picture as Mermaid text, for pages and documents that draw it themselves."""

from __future__ import annotations

from jieli.engine.diagram.picture import Node, Picture
from jieli.engine.diagram.trail import NOTHING, Trail

_SHAPES = {
    "human": ("[", "]"), "wait": ("([", "])"), "decision": ("{", "}"), "parallel": ("[[", "]]"),
    "join": ("[[", "]]"), "notify": ("[/", "/]"), "call": ("[/", "/]"), "sub_case": ("[[", "]]"),
    "do": ("[/", "/]"), "end": ("((", "))"),
}  # fmt: skip
_LOOK = (
    "classDef done fill:#dff3e4,stroke:#2f7d4f",
    "classDef waiting fill:#fff1cc,stroke:#b7791f,stroke-width:3px",
)


def as_mermaid(picture: Picture, trail: Trail = NOTHING) -> str:
    """A flowchart from top to bottom."""
    lines = ["flowchart TD", *(f"  {_box(node)}" for node in picture.nodes)]
    for arrow in picture.arrows:
        line = "==>" if arrow in trail.taken else "-.->" if arrow.aside else "-->"
        label = f'|"{_plain(arrow.label)}"|' if arrow.label else ""
        lines.append(f"  s_{arrow.source} {line}{label} s_{arrow.target}")
    for look, names in (("done", set(trail.done) - trail.waiting), ("waiting", trail.waiting)):
        if names:
            lines.append(f"  class {','.join(f's_{name}' for name in sorted(names))} {look}")
    lines += [f"  {look}" for look in _LOOK] if trail != NOTHING else []
    return "\n".join(lines) + "\n"


def _box(node: Node) -> str:
    before, after = _SHAPES[node.kind]
    words = "<br/>".join(_plain(line) for line in (node.title, *node.facts))
    return f's_{node.name}{before}"{words}"{after}'  # `end` alone is a word of Mermaid


def _plain(words: str) -> str:
    codes = {"&": "#amp;", '"': "#quot;", "<": "#lt;", ">": "#gt;"}
    return "".join(codes.get(each, each) for each in words)
