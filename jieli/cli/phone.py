"""A phone for the demo: opens a link's page and presses its buttons over HTTP, like any browser."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser

import httpx

from jieli.engine.errors import JieliError


class PageSaidNo(JieliError):
    """The page did not take the answer: {said}"""


class Phone:
    """One agent's browser: no JavaScript, no account, only the link from the message."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = httpx.Client(follow_redirects=True, timeout=20)

    def press(self, button: str, answers: Mapping[str, str]) -> None:
        """Fill in the form and press a button; raises PageSaidNo when the page shows it again."""
        page = _Page()
        page.feed(self._http.get(self._url).text)
        names = {name.rpartition(".")[2]: name for name in page.inputs}
        filled = {names.get(field, field): value for field, value in answers.items()}
        body = {**page.hidden, **filled, "press": button}
        answer = self._http.post(self._url, data=body)
        if answer.is_error:
            raise PageSaidNo(said=_words(answer.text))

    def close(self) -> None:
        """Put the phone away."""
        self._http.close()


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.inputs: list[str] = []
        self._forms = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name = found.get("name")
        self._forms += tag == "form"
        # The first form is the work item's own; the second passes it on to a colleague.
        if name is None or self._forms > 1:
            return
        if tag == "input" and found.get("type") == "hidden":
            self.hidden[name] = found.get("value") or ""
        elif tag in ("input", "textarea", "select"):
            self.inputs.append(name)


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
