"""A phone for the demo: opens a link's page and presses its buttons over HTTP, like any browser."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

import httpx

from jieli.engine.errors import JieliError


class PageSaidNo(JieliError):
    """The page did not take the answer: {said}"""


class Phone:
    """One person's browser: no JavaScript, no account, only the links of messages and a PIN."""

    def __init__(self, person: str, pin: str) -> None:
        self._person, self._pin = person, pin
        self._http = httpx.Client(follow_redirects=True, timeout=30)

    def open(self, url: str) -> dict[str, Any]:
        """The controls of a link's form as they stand, past the PIN when it is asked for."""
        page = self._read(self._http.get(url))
        if "pin" in page:
            entered = {**page, "person": self._person, "pin": self._pin, "do": "pin"}
            page = self._read(self._http.post(url, data=entered))
        return page

    def press(self, url: str, button: str, answers: Mapping[str, Any]) -> None:
        """Fill in the form and press a button; raises PageSaidNo when the page shows it again."""
        body = {**self.open(url), **controls(answers), "press": button}
        if not body.get("person", "?"):
            body["person"] = self._person
        self._read(self._http.post(url, data=body))

    def close(self) -> None:
        """Put the phone away."""
        self._http.close()

    def _read(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.is_error:
            raise PageSaidNo(said=_words(answer.text))
        page = _Page()
        page.feed(answer.text)
        return page.controls


def controls(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Answers under the names of a page's controls; rows of a table one by one."""
    found: dict[str, Any] = {}
    for name, value in answers.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            for number, row in enumerate(value):
                found |= {f"f.{name}.{number}.{column}": cell for column, cell in row.items()}
        else:
            found[f"f.{name}"] = value
    return found


class _Page(HTMLParser):
    """The controls of the first form: the second one passes the work item on to a colleague."""

    def __init__(self) -> None:
        super().__init__()
        self.controls: dict[str, Any] = {}
        self._forms = 0
        self._within = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name, value = found.get("name"), found.get("value") or ""
        self._forms += tag == "form"
        if self._forms > 1:
            return
        if tag == "option" and self._within and "selected" in found:
            self.controls[self._within] = value
        elif tag in ("textarea", "select") and name:
            self._within = name
            self.controls[name] = ""
        elif tag == "input" and name:
            if found.get("type") not in ("radio", "checkbox"):
                self.controls[name] = value
            elif "checked" in found:
                self.controls.setdefault(name, []).append(value)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("textarea", "select"):
            self._within = ""

    def handle_data(self, data: str) -> None:
        if self._within and self.lasttag == "textarea":
            self.controls[self._within] += data


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.parts.append(data.strip())


def _words(html: str) -> str:
    text = _Text()
    text.feed(html)
    return " ".join(text.parts)[:400]
