"""An expression as ops may read it: fields, steps and options by their labels. Works nothing out."""

from __future__ import annotations

import re

from jieli.engine.definition import FieldWords, Process
from jieli.engine.scope import form_of
from jieli.texts import text

_NAME = r"(?<![\w.'\"])([a-z]\w*)(?:\.([a-z]\w*))?(?![\w(])"
_COMPARED = re.compile(_NAME + r"\s*(==|!=)\s*'(\w+)'")
_NAMED = re.compile(_NAME + r"(?=(?:[^']*'[^']*')*[^']*$)")  # not inside quotes


def spoken(process: Process, expression: str) -> str:
    """`severity == 'severe'` as `严重程度 = 严重`; what has no label stays as it is written."""

    def compared(found: re.Match[str]) -> str:
        root, part, sign, value = found.groups()
        field = _field(process, root, part)
        label = _label(process, root, part)
        if field is None or label is None or value not in field.of:
            return found[0]
        return f"{label} {'=' if sign == '==' else '≠'} {field.of[value]}"

    def named(found: re.Match[str]) -> str:
        return _label(process, found[1], found[2]) or found[0]

    return _NAMED.sub(named, _COMPARED.sub(compared, expression))


def _field(process: Process, root: str, part: str | None) -> FieldWords | None:
    if part is None:
        return process.case.fields.get(root)
    return form_of(process.steps[root]).get(part) if root in process.steps else None


def _label(process: Process, root: str, part: str | None) -> str | None:
    if root == "settings" and part in process.settings:
        return process.settings[part].label
    if field := _field(process, root, part):
        return field.label if part is None else f"{_step(process, root)}·{field.label}"
    if root in process.steps and part == "done":
        return text("“{step}” is done", step=_step(process, root))
    return None


def _step(process: Process, name: str) -> str:
    return process.steps[name].title or name
