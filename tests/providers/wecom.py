"""A WeCom group robot as documented: limits in bytes, 20 a minute, a card needs its action."""

from __future__ import annotations

from dataclasses import dataclass

from tests.providers.server import Body, Provider


@dataclass
class WeCom(Provider):
    """Knows one key."""

    key: str = "k1"

    path = "/cgi-bin/webhook/send?key=k1"

    def answer(self, query: dict[str, str], body: Body, size: int) -> Body:
        if query.get("key") != self.key:
            return {"errcode": 93000, "errmsg": "invalid webhook url"}
        if self.is_too_fast():
            return {"errcode": 45009, "errmsg": "api freq out of limit"}
        if wrong := self._unfit(body):
            return {"errcode": 40058, "errmsg": wrong}
        self.taken.append(body)
        return {"errcode": 0, "errmsg": "ok"}

    def _unfit(self, body: Body) -> str | None:
        match body.get("msgtype"):
            case "text":
                long = len(body["text"]["content"].encode()) > 2048
                return "text.content exceed max length 2048" if long else None
            case "markdown":
                long = len(body["markdown"]["content"].encode()) > 4096
                return "markdown.content exceed max length 4096" if long else None
            case "template_card":
                card = body["template_card"]
                if not card.get("card_action", {}).get("url"):
                    return "template_card.card_action missing"
                if len(card["main_title"]["title"]) > 26:
                    return "main_title.title too long"
                facts = card.get("horizontal_content_list", [])
                if len(facts) > 6 or any(len(each["keyname"]) > 5 for each in facts):
                    return "horizontal_content_list too long"
                return None
        return "invalid msgtype"
