"""A Feishu bot as documented: the body is signed, 5 a second and 100 a minute, 20 KB."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass

from tests.providers.server import Body, Provider


@dataclass
class Feishu(Provider):
    """Knows one signing secret, if set."""

    per_minute: int = 100
    secret: str | None = None

    path = "/open-apis/bot/v2/hook/0123"

    def answer(self, query: dict[str, str], body: Body, size: int) -> Body:
        if size > 20_000:
            return {"code": 9499, "msg": "Bad Request: body too large"}
        if self.secret and not self._is_signed(body, self.secret):
            return {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}
        if self.is_too_fast():
            return {"code": 11232, "msg": "frequency limited psm[lark.oapi.app_platform]"}
        if body.get("msg_type") != "interactive" or "elements" not in body.get("card", {}):
            return {"code": 9499, "msg": "Bad Request"}
        self.taken.append(body)
        return {"code": 0, "msg": "success", "data": {}}

    def _is_signed(self, body: Body, secret: str) -> bool:
        stamp = str(body.get("timestamp", "0"))
        key = f"{stamp}\n{secret}".encode()
        wanted = base64.b64encode(hmac.digest(key, b"", "sha256")).decode()
        return abs(self.now - int(stamp)) <= 3600 and body.get("sign") == wanted
