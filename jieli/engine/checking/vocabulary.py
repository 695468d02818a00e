"""The names an expression or template may use at a place, and what they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from jieli.engine.checking.report import Report
from jieli.engine.definition import FieldWords, SubCaseStep
from jieli.engine.elements import OF_AN_ARRIVAL, each_of, item_columns
from jieli.engine.expressions import ExpressionError, Reference, references
from jieli.engine.yaml_nodes import Path
from jieli.texts import retold

RESERVED = ("visits", "settings", "case", "now", "contact_blocked")
OF_A_STEP = ("by", "by_id", "at", "button", "done")
OF_THE_CASE = ("ref", "title", "priority", "opened_at", "buyer", "shop", "owner", "owner_id")

Meaning = FieldWords | tuple[str, ...] | Mapping[str, Any] | None
"""A field; the names below a name; those names with their meaning; or anything."""
Known = Mapping[str, Meaning]
IN_MESSAGES: Known = {
    "step": ("title", "about"), "window": ("start", "end"), "process": ("title",), "due": None,
}  # fmt: skip


@dataclass
class Vocabulary:
    """What names mean in one process; asked for one text at a time."""

    report: Report
    roots: dict[str, Meaning] = field(init=False)

    def __post_init__(self) -> None:
        process = self.report.process
        context = self.report.around.context
        # A field of the case may be called like one of these.
        self.roots = {"ledger": tuple(context.ledger.names), "roles": tuple(context.roles)}
        self.roots |= self.report.case_fields
        for name in self.report.step_names:
            broken = self.report.is_broken("steps", name)
            self.roots[name] = None if broken else self._of_step(name)
        self.roots |= {
            "visits": tuple(self.report.step_names), "settings": tuple(process.settings),
            "case": OF_THE_CASE, "now": None, "contact_blocked": None,
        }  # fmt: skip

    def _of_step(self, name: str) -> tuple[str, ...]:
        step = self.report.process.steps[name]
        more = ("result", "ref") if isinstance(step, SubCaseStep) else ("result",)
        each = ("each",) if each_of(step) else ()
        return (*getattr(step, "form", {}), *OF_A_STEP, *more, *each)

    def for_each_of(self, name: str) -> Vocabulary:
        """The vocabulary inside a step: with `each` it knows the element besides."""
        each = each_of(self.report.process.steps[name])
        if each is None:
            return self
        own = Vocabulary(self.report)
        own.roots |= self.with_item(each)
        return own

    def with_item(self, each: str | None) -> dict[str, Meaning]:
        """What `item` means where things are done for each of a list; nothing elsewhere."""
        return {"item": self.item_of(each)} if each is not None else {}

    def item_of(self, each: str) -> Meaning:
        """One of what the expression lists: its columns, or anything if they are not known."""
        columns = item_columns(self.report.process, each)
        if not columns:
            return None
        arrived = dict.fromkeys((*OF_AN_ARRIVAL, "result", "ref")) if "item" in columns else {}
        return {**arrived, **columns}

    def expression(
        self, path: Path, words: str, more: Known | None = None, *, private: bool = True
    ) -> None:
        """Note what is wrong with an expression; `more` are names that exist only here."""
        self._check(path, words, {**self.roots, **(more or {})}, template=False, private=private)

    def template(
        self, path: Path, words: str, more: Known | None = None, *, private: bool = True
    ) -> None:
        """Note what is wrong with a template; without `private` it may show no personal data."""
        if "{" in words:
            self._check(path, words, {**self.roots, **(more or {})}, template=True, private=private)

    def only(self, path: Path, words: str, known: Known) -> None:
        """Note what is wrong with an expression that sees nothing but these names."""
        self._check(path, words, known, template=False, private=True)

    def _check(
        self, path: Path, words: str, known: Known, *, template: bool, private: bool
    ) -> None:
        try:
            used = references(words, template=template)
        except ExpressionError as error:
            self.report.note(path, "This cannot be read: {reason}",
                             reason=retold(error.reason.rstrip(".")))  # fmt: skip
            return
        told: set[tuple[str, ...]] = set()
        for reference in used:
            if reference.path not in told:
                told.add(reference.path)
                self._check_name(path, reference, known)
                if not private:
                    self._check_private(path, reference, known)

    def _check_name(self, path: Path, reference: Reference, known: Known) -> None:
        root, *rest = reference.path
        if not self.report.knows(path, 'There is no "{name}" here', root, known):
            return
        if root == "settings" and rest:
            self.report.used_settings.add(rest[0])
            if self.report.is_broken("settings", rest[0]):
                return
        meant, where = known[root], root
        while isinstance(meant, Mapping) and rest:
            if not self._check_part(path, where, rest[0], meant):
                return
            meant, where = meant[rest[0]], f"{where}.{rest.pop(0)}"
        if isinstance(meant, tuple):
            if rest:
                self._check_part(path, root, rest[0], meant)
                meant = self._field_of_step(root, rest[0]) if root not in RESERVED else None
                rest = rest[1:]
            else:
                meant = None
        if isinstance(meant, FieldWords) and rest and meant.label:
            self._check_attribute(path, reference, meant, rest[0])

    def _check_part(self, path: Path, root: str, part: str, known: Iterable[str]) -> bool:
        message = 'There is no "{root}.{name}"'
        found = self.report.knows(path, message, part, known, root=root)
        if root == "settings" and not found:
            self.report.lost_settings = True
        return found

    def _field_of_step(self, step: str, name: str) -> FieldWords | None:
        form: dict[str, FieldWords] = getattr(self.report.process.steps.get(step), "form", {})
        return form.get(name)

    def _check_attribute(
        self, path: Path, reference: Reference, meant: FieldWords, attribute: str
    ) -> None:
        if attribute == "label" and meant.type not in ("choice", "person"):
            message = '"{name}" has no label: it is no choice'
            self.report.note(path, message, name=".".join(reference.path[:-1]))
        elif meant.type == "choice" and get_close_matches(attribute, ["label"], cutoff=0.6):
            shown = ".".join(reference.path)
            self.report.knows(path, 'There is no "{whole}"', attribute, ["label"], whole=shown)

    def _check_private(self, path: Path, reference: Reference, known: Known) -> None:
        root, *rest = reference.path
        if (root, *rest[:1]) == ("case", "buyer") or self._is_private(known.get(root), root, rest):
            message = '"{name}" is personal data; titles and tags are seen in Prefect by everybody'
            self.report.note(path, message, "use the order number or the case's ref",
                             name=".".join(reference.path))  # fmt: skip

    def _is_private(self, meant: Meaning, root: str, rest: list[str]) -> bool:
        if isinstance(meant, Mapping):
            inside = [meant.get(rest[0])] if rest else list(meant.values())
            return any(self._is_private(each, root, rest[1:]) for each in inside)
        if isinstance(meant, tuple):
            # A whole step (`{{ phone }}`) would show its whole form.
            form: dict[str, FieldWords] = getattr(self.report.process.steps.get(root), "form", {})
            asked = [form[rest[0]]] if rest and rest[0] in form else []
            return any(map(self._is_private_field, asked if rest else form.values()))
        return meant is not None and self._is_private_field(meant)

    def _is_private_field(self, words: FieldWords) -> bool:
        into = self.report.case_fields.get(words.case_field or "")
        return (
            words.pii is not None
            or words.type == "phone"
            or (into is not None and into.pii is not None)
            or any(map(self._is_private_field, words.fields.values()))
        )
