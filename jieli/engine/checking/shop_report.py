"""Where the checks of the files about the shop write down what they find."""

from __future__ import annotations

from collections.abc import Mapping

from jieli.engine.checking.report import Surroundings
from jieli.engine.model_errors import did_you_mean
from jieli.engine.yaml_nodes import Document, Path
from jieli.texts import text


class ShopReport:
    """Notes the problems of one file; parts that stand in other files are theirs."""

    def __init__(self, document: Document, around: Surroundings, broken: set[Path]) -> None:
        self.document, self.around, self.broken = document, around, broken

    def has(self, path: Path) -> bool:
        """Whether that part stands in this file and could be read."""
        here = path[:2] in self.document.keys or path[:2] in self.document.values
        return here and path[:2] not in self.broken

    def say(self, path: Path, message: str, hint: str | None = None, *, key: bool = False) -> None:
        """One problem, if its place is in this file."""
        if self.has(path):
            self.document.say(path, message, hint, key=key)

    def knows(
        self, path: Path, message: str, name: str, part: str, known: Mapping[str, object],
        *, key: bool = False,
    ) -> None:  # fmt: skip
        """Note a name that a whole part of the shop does not have."""
        if name not in known and part in self.around.whole_parts:
            self.say(path, text(message, name=name), did_you_mean(name, list(known)), key=key)
