"""Where the checks write down what they find, and what they know around a process."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from jieli.engine.context import Context
from jieli.engine.definition import FieldWords, Process, StepWords
from jieli.engine.model_errors import did_you_mean
from jieli.engine.yaml_nodes import Document, Path
from jieli.texts import text


@dataclass(frozen=True)
class Surroundings:
    """What other files say; a name is unknown only if they could all be read."""

    context: Context
    processes: dict[str, Process]
    whole_parts: frozenset[str] = frozenset()  # of the shop: roles, people, hours, channels
    processes_are_whole: bool = True


@dataclass
class Report:
    """The problems of one process; parts in `broken` only stand in for what could not be read."""

    document: Document
    process: Process
    around: Surroundings
    broken: Collection[Path] = frozenset()
    partial: Collection[Path] = frozenset()
    flawed: bool = False
    used_settings: set[str] = field(default_factory=set)
    lost_targets: bool = False
    lost_settings: bool = False

    def note(
        self, path: Path, message: str, hint: str | None = None, *, key: bool = False, **values: Any
    ) -> None:
        """One problem, at that part of the file; a part that is broken is known to be so."""
        if not self._is_known_to_be_wrong(path):
            told = text(hint, **values) if hint else None
            self.document.say(path, text(message, **values), told, key=key)

    def knows(
        self, path: Path, message: str, name: str, known: Iterable[str],
        *, key: bool = False, **values: Any,
    ) -> bool:  # fmt: skip
        """Whether the name is among the known ones; if not, the problem says what was meant."""
        names = list(known)
        if name in names:
            return True
        if not self._is_known_to_be_wrong(path):
            told = text(message, name=name, **values)
            self.document.say(path, told, did_you_mean(name, names), key=key)
        return False

    def _is_known_to_be_wrong(self, path: Path) -> bool:
        # What lacks a word because that word was misspelled has its problem already.
        inside = any(path[:length] in self.broken for length in range(1, len(path) + 1))
        return inside or path in self.partial

    def knows_step(self, path: Path, name: str) -> bool:
        """Whether there is such a step."""
        found = self.knows(path, 'There is no step "{name}"', name, self.step_names)
        self.lost_targets = self.lost_targets or not found
        return found

    @property
    def step_names(self) -> list[str]:
        """Every step, those that could not be read too."""
        return [*self.process.steps, *self._broken_below(("steps",))]

    @property
    def case_fields(self) -> dict[str, FieldWords]:
        """The fields of the case, those that could not be read too."""
        unread = dict.fromkeys(self._broken_below(("case", "fields")), FieldWords(label=""))
        return {**unread, **self.process.case.fields}

    def is_broken(self, *path: str) -> bool:
        """Whether that part could not be read."""
        return path in self.broken

    def steps(self) -> Iterable[tuple[str, StepWords, Path]]:
        """The steps that could be read, with their place."""
        for name, step in self.process.steps.items():
            if not self.is_broken("steps", name):
                yield name, step, ("steps", name)

    def _broken_below(self, prefix: Path) -> list[str]:
        size = len(prefix)
        return [str(p[size]) for p in self.broken if len(p) == size + 1 and p[:size] == prefix]
