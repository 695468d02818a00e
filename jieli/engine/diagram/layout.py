"""Where the boxes and arrows of a picture lie: in layers, the words of an arrow on its line.

The label of an arrow is a small box of its own between two layers, so that no words lie on others.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from unicodedata import east_asian_width

from jieli.engine.diagram.picture import Arrow, Picture

WIDE, NARROW, LINE = 13.0, 7.0, 18.0
PAD, GAP, LAYER_GAP = 12.0, 22.0, 26.0
WIDEST = 32
SWEEPS = 12
_PARTS = re.compile(r"[\x21-\x7e]{1,28} ?|.", re.DOTALL)
_CLOSING = set("）」』”，。、：；！？…")


@dataclass
class Box:
    """A step, a label, or a bend of a long arrow."""

    name: str
    lines: tuple[str, ...]
    width: float
    height: float
    layer: int = 0
    x: float = 0.0  # the middle
    y: float = 0.0  # the top


@dataclass
class Line:
    """An arrow: the boxes it runs through, from its source to its target."""

    arrow: Arrow
    through: list[Box] = field(default_factory=list)
    upwards: bool = False


@dataclass
class Layout:
    """Everything with its place."""

    boxes: dict[str, Box]
    labels: list[tuple[Arrow, Box]]
    lines: list[Line]
    width: float
    height: float


def text_width(words: str) -> float:
    """About how wide a text is drawn."""
    return sum(WIDE if east_asian_width(each) in "WFA" else NARROW for each in words)


def folded(words: str, most: int = WIDEST) -> list[str]:
    """A text in lines of about so many narrow letters; words and closing marks are not cut off."""
    lines, line = [], ""
    for part in _PARTS.findall(words):
        if line and text_width(line + part.rstrip()) > most * NARROW and part not in _CLOSING:
            lines.append(line.rstrip())
            line = ""
        line += part
    return [*lines, line.rstrip()] if line.strip() else lines


def laid_out(picture: Picture) -> Layout:
    """The picture with a place for everything."""
    boxes = {node.name: _box(node.name, (node.title, *node.facts)) for node in picture.nodes}
    ranks = _ranks(picture)
    lines, labels, layers = _lines(picture, boxes, ranks)
    _untangle(layers, lines)
    _spread(layers, lines)
    height = _stack(layers)
    everything = [box for layer in layers for box in layer]
    left = min(box.x - box.width / 2 for box in everything) - PAD
    for box in everything:
        box.x -= left
    width = max(box.x + box.width / 2 for box in everything) + PAD
    return Layout(boxes, labels, lines, width, height)


def _box(name: str, words: Sequence[str]) -> Box:
    lines = tuple(line for each in words for line in folded(each))
    width = max((text_width(line) for line in lines), default=0.0) + 2 * PAD
    return Box(name, lines, width, len(lines) * LINE + PAD)


def _ranks(picture: Picture) -> dict[str, int]:
    """The layer of each step: below everything that leads to it, backward arrows left out."""
    back = _backward(picture)
    ahead = [(a.source, a.target) for a in picture.arrows if (a.source, a.target) not in back]
    ranks = {node.name: 0 for node in picture.nodes}
    for _ in picture.nodes:
        changed = False
        for source, target in ahead:
            if ranks[target] < ranks[source] + 1:
                ranks[target], changed = ranks[source] + 1, True
        if not changed:
            break
    return ranks


def _backward(picture: Picture) -> set[tuple[str, str]]:
    """The arrows that lead back to a step on the way to them, found by walking from the first."""
    back: set[tuple[str, str]] = set()
    seen: set[str] = set()
    for node in picture.nodes:
        stack: list[tuple[str, list[str]]] = []
        if node.name not in seen:
            seen.add(node.name)
            stack.append((node.name, [a.target for a in picture.leaving(node.name)]))
        while stack:
            name, targets = stack[-1]
            if not targets:
                stack.pop()
                continue
            target = targets.pop(0)
            if any(target == open_ for open_, _ in stack):
                back.add((name, target))
            elif target not in seen:
                seen.add(target)
                stack.append((target, [a.target for a in picture.leaving(target)]))
    return back


def _lines(
    picture: Picture, boxes: dict[str, Box], ranks: dict[str, int]
) -> tuple[list[Line], list[tuple[Arrow, Box]], list[list[Box]]]:
    """Every step on an even layer, every label on the odd one below its source, bends between."""
    layers: list[list[Box]] = [[] for _ in range(2 * max(ranks.values()) + 1)]
    for name, rank in ranks.items():
        boxes[name].layer = 2 * rank
        layers[2 * rank].append(boxes[name])
    lines, labels = [], []
    for arrow in picture.arrows:
        if arrow.source == arrow.target:
            continue
        source, target = boxes[arrow.source], boxes[arrow.target]
        upwards = source.layer > target.layer
        top, bottom = (target, source) if upwards else (source, target)
        middle = []
        at = bottom.layer - 1 if upwards else top.layer + 1
        for layer in range(top.layer + 1, bottom.layer):
            if layer == at and arrow.label:
                bend = _label(arrow)
                labels.append((arrow, bend))
            else:
                bend = Box("", (), 6.0, 0.0)
            bend.layer = layer
            layers[layer].append(bend)
            middle.append(bend)
        way = [top, *middle, bottom]
        lines.append(Line(arrow, way[::-1] if upwards else way, upwards))
    return lines, labels, layers


def _label(arrow: Arrow) -> Box:
    lines = tuple(folded(arrow.label, 22))
    width = max(text_width(line) for line in lines) + PAD
    return Box("", lines, width, len(lines) * LINE)


# ---- who lies beside whom --------------------------------------------------------------------------


def _neighbours(lines: list[Line]) -> tuple[dict[int, list[Box]], dict[int, list[Box]]]:
    above: dict[int, list[Box]] = defaultdict(list)
    below: dict[int, list[Box]] = defaultdict(list)
    for line in lines:
        for one, other in pairwise(line.through):
            top, bottom = (one, other) if one.layer < other.layer else (other, one)
            above[id(bottom)].append(top)
            below[id(top)].append(bottom)
    return above, below


def _untangle(layers: list[list[Box]], lines: list[Line]) -> None:
    """Order every layer by the middle of its neighbours, downwards and upwards in turn."""
    above, below = _neighbours(lines)
    place = {id(box): float(n) for layer in layers for n, box in enumerate(layer)}
    for sweep in range(SWEEPS):
        near = above if sweep % 2 == 0 else below
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            layer.sort(key=_middle(near, place))
            for number, box in enumerate(layer):
                place[id(box)] = float(number)


def _middle(near: dict[int, list[Box]], place: dict[int, float]) -> Callable[[Box], float]:
    def middle(box: Box) -> float:
        others = [place[id(each)] for each in near.get(id(box), ())]
        return sum(others) / len(others) if others else place[id(box)]

    return middle


def _spread(layers: list[list[Box]], lines: list[Line]) -> None:
    """Give every box its x: as near to its neighbours as the boxes beside it allow."""
    above, below = _neighbours(lines)
    for layer in layers:
        _settle(layer, [0.0] * len(layer))
    for sweep in range(SWEEPS):
        near = above if sweep % 2 == 0 else below
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            wanted = []
            for box in layer:
                others = [each.x for each in near.get(id(box), ())]
                wanted.append(sum(others) / len(others) if others else box.x)
            _settle(layer, wanted)


def _settle(layer: list[Box], wanted: list[float]) -> None:
    """The places nearest to the wanted ones that keep order and distance (pool adjacent violators)."""
    offsets = [0.0]
    for one, other in pairwise(layer):
        offsets.append(offsets[-1] + (one.width + other.width) / 2 + GAP)
    pools: list[list[float]] = []  # sum, count
    for want, offset in zip(wanted, offsets, strict=False):
        pools.append([want - offset, 1.0])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] > pools[-1][0] / pools[-1][1]:
            total, count = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += count
    places = [total / count for total, count in pools for _ in range(int(count))]
    for box, place, offset in zip(layer, places, offsets, strict=False):
        box.x = place + offset


def _stack(layers: list[list[Box]]) -> float:
    y = PAD
    for layer in layers:
        tallest = max((box.height for box in layer), default=0.0)
        for box in layer:
            if not box.lines:
                box.height = tallest  # a bend runs straight past the boxes beside it
            box.y = y + (tallest - box.height) / 2
        y += tallest + LAYER_GAP
    return y
