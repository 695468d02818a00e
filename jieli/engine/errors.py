"""The exception tree of Jieli. An exception's docstring is its message; its attributes are the data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jieli.texts import text


class JieliError(Exception):
    """Jieli could not do this."""

    def __init__(self, message: str | None = None, **data: Any) -> None:
        self.data = data
        self.template = message or (self.__doc__ or "").strip().split("\n")[0]
        super().__init__(self.template.format(**data) if data else self.template)

    def told(self) -> str:
        """The message in the reader's language."""
        return text(self.template, **self.data)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a definition file; `line` and `column` count from 1."""

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        hint = f"; {self.hint}" if self.hint else ""
        path = f"{self.path}: " if self.path else ""
        return f"{self.file}:{self.line}:{self.column}: {path}{self.message}{hint}"


class DefinitionError(JieliError):
    """The definition has problems."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class FormError(JieliError):
    """The form has mistakes: {fields}"""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields=fields)
        self.fields = fields


class Refused(JieliError):
    """The case does not accept this event now; nothing was changed."""


class CaseClosed(Refused):
    """The case is closed."""


class WorkItemClosed(Refused):
    """This was already done by {by} at {at}."""

    def __init__(self, by: str | None, at: datetime | None, outcome: str | None = None) -> None:
        super().__init__(by=by, at=at, outcome=outcome)
        self.by, self.at, self.outcome = by, at, outcome


class WindowClosed(Refused):
    """This may only be done inside its window; the next one opens at {opens_at}."""

    def __init__(self, opens_at: datetime | None) -> None:
        super().__init__(opens_at=opens_at)
        self.opens_at = opens_at


class NotYours(Refused):
    """{person} may not do this: {reason}"""

    def __init__(self, person: str | None, reason: str) -> None:
        super().__init__(person=person, reason=reason)
        self.person, self.reason = person, reason


class TimerMismatch(Refused):
    """The timer is not armed for that time; nothing was changed."""


class UnknownButton(Refused):
    """There is no button {button} here."""

    def __init__(self, button: str) -> None:
        super().__init__(button=button)
        self.button = button


class CaseNotFound(JieliError):
    """There is no case {ref}."""

    def __init__(self, ref: str) -> None:
        super().__init__(ref=ref)
        self.ref = ref


class ProcessNotFound(JieliError):
    """There is no published process {process}."""

    def __init__(self, process: str) -> None:
        super().__init__(process=process)
        self.process = process
