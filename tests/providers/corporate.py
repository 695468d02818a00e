"""The corporate apps of WeCom and DingTalk as documented: tokens that end, members that are unknown."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

Body = dict[str, Any]


@dataclass
class Corporate:
    """An app's two endpoints as an httpx transport; HTTP is 200 whatever happened, as there."""

    members: tuple[str, ...] = ("u1",)
    tokens: int = 0
    over: set[str] = field(default_factory=set)
    taken: list[Body] = field(default_factory=list)
    a_day: int = 500

    @property
    def transport(self) -> httpx.MockTransport:
        """What a channel talks to."""
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("gettoken"):
            self.tokens += 1
            return _said({"errcode": 0, "access_token": f"t{self.tokens}", "expires_in": 7200})
        token = request.url.params["access_token"]
        if token in self.over or token != f"t{self.tokens}":
            return _said({"errcode": 42001, "errmsg": "access_token expired"})
        return _said(self.take(request.url.path, json.loads(request.content)))

    def take(self, path: str, body: Body) -> Body:
        """What the provider says to a message."""
        raise NotImplementedError


class WeComCorp(Corporate):
    """An unknown member comes back with code 0; the same message again is dropped in silence."""

    def take(self, path: str, body: Body) -> Body:
        if body["touser"] not in self.members:
            return {"errcode": 0, "errmsg": "ok", "invaliduser": body["touser"]}
        card = body.get("textcard")
        if card and (len(card["title"].encode()) > 128 or len(card["description"].encode()) > 512):
            return {"errcode": 40058, "errmsg": "textcard too long"}
        if not (body.get("enable_duplicate_check") and body in self.taken):
            self.taken.append(body)
        return {"errcode": 0, "errmsg": "ok", "msgid": "m1"}


class DingTalkCorp(Corporate):
    """Takes everything, and says afterwards what was delivered: the same text a day only once."""

    def take(self, path: str, body: Body) -> Body:
        if path.endswith("getsendresult"):
            return {"errcode": 0, "send_result": self._results[body["task_id"]]}
        if body["userid_list"] not in self.members:
            return {"errcode": 33012, "errmsg": "无效的USERID"}
        self._results = getattr(self, "_results", {})
        task = len(self._results) + 1
        dropped = body in self.taken or len(self.taken) >= self.a_day
        if not dropped:
            self.taken.append(body)
        listed = [body["userid_list"]] if dropped else []
        self._results[task] = {"forbidden_user_id_list": listed, "read_user_id_list": []}
        return {"errcode": 0, "task_id": task}


def _said(body: Body) -> httpx.Response:
    return httpx.Response(200, json=body)
