"""A DingTalk group robot as documented: signed, 20 a minute and then silent for ten minutes."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass

from tests.providers.server import Body, Provider


@dataclass
class DingTalk(Provider):
    """Knows one access token and, if set, one signing secret."""

    block_seconds: float = 600.0
    token: str = "tok"
    secret: str | None = None
    members: tuple[str, ...] = ()

    path = "/robot/send?access_token=tok"

    def answer(self, query: dict[str, str], body: Body, size: int) -> Body:
        if query.get("access_token") != self.token:
            return {"errcode": 300005, "errmsg": "token is not exist"}
        if self.secret and (wrong := self._signed_wrongly(query, self.secret)):
            return {"errcode": 310000, "errmsg": wrong}
        if size > 20_000:
            return {"errcode": 460101, "errmsg": "message too long, exceed 20000 bytes"}
        if self.is_too_fast():
            return {"errcode": 130101, "errmsg": "send too fast, exceed 20 times per minute"}
        if body.get("msgtype") != "markdown":
            return {"errcode": 400105, "errmsg": "unsupported msgtype"}
        if not body["markdown"].get("title") or not body["markdown"].get("text"):
            return {"errcode": 400402, "errmsg": "missing parameter markdown->title"}
        self.taken.append(body)
        return {"errcode": 0, "errmsg": "ok"}

    def _signed_wrongly(self, query: dict[str, str], secret: str) -> str | None:
        stamp = query.get("timestamp", "0")
        if abs(self.now - int(stamp) / 1000) > 3600:
            return "invalid timestamp"
        words = f"{stamp}\n{secret}".encode()
        wanted = base64.b64encode(hmac.digest(secret.encode(), words, "sha256")).decode()
        return None if query.get("sign") == wanted else "sign not match"

    def mentioned(self, body: Body) -> list[str]:
        """Who is rung: only a number that stands in the text too, and is of the group."""
        asked = body.get("at", {}).get("atMobiles", [])
        text = body["markdown"]["text"]
        return [each for each in asked if f"@{each}" in text and each in self.members]
