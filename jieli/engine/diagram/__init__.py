"""The picture of a process, for ops: as text, as Mermaid, as SVG; of a case, with its path."""

from jieli.engine.diagram.layout import Layout, laid_out
from jieli.engine.diagram.mermaid import as_mermaid
from jieli.engine.diagram.picture import Arrow, Node, Picture, picture
from jieli.engine.diagram.svg import as_svg
from jieli.engine.diagram.terminal import as_text
from jieli.engine.diagram.trail import Trail, trail_of

__all__ = [
    "Arrow", "Layout", "Node", "Picture", "Trail", "as_mermaid", "as_svg", "as_text", "laid_out",
    "picture", "trail_of",
]  # fmt: skip
