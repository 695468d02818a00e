"""Thirty customers of the demo: after-sales problems and bad reviews. Invented, all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

_BUYERS = (
    "小鹿爱吃草", "月下清风", "阿杰同学", "一只橘猫", "南山小满", "慢慢来", "大白兔奶糖", "听雨的人",
    "北方有雪", "柠檬不酸",
)  # fmt: skip
_PROBLEMS = (
    "杯盖裂了一道缝", "少发了一只杯子", "杯子有异味", "颜色和图片不一样", "三天了还没发货",
    "收到时外箱压坏了", "杯底生锈", "保温两小时就凉了",
)  # fmt: skip
_REVIEWS = (
    "杯盖漏水，客服半天不回。", "和图片差太多。", "用了一周就不保温了。", "快递太慢，包装也破。",
    "问了三次没有人理。",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seed:
    """A case to begin: its process, its data, and how many hours ago it happened."""

    process: str
    number: int
    hours: int = 5
    data: Mapping[str, Any] = field(default_factory=dict)

    def filled(self, now: datetime) -> dict[str, Any]:
        """What the start form of its process would hold."""
        happened = (now - timedelta(hours=self.hours)).isoformat()
        buyer = f"{_BUYERS[self.number % len(_BUYERS)]}{self.number}"
        phone = f"138{10000000 + self.number * 7919:08}"
        order = {"order_no": f"20261120{1000 + self.number:08}"}
        if self.process == "bad_review":
            own: dict[str, Any] = {
                "shop": "taobao_main", "item": "保温杯 500ml", "review_kind": "first",
                "level": "bad" if self.number % 2 else "middle",
                "severity": ("normal", "minor", "severe")[self.number % 3],
                "reviewed_at": happened, "wangwang": buyer, "buyer_phone": phone,
                "review_text": _REVIEWS[self.number % len(_REVIEWS)],
            }  # fmt: skip
        else:
            own = {
                "shop": "douyin_main", "source": "chat", "customer_name": buyer, "phone": phone,
                "account": buyer, "problem": _PROBLEMS[self.number % len(_PROBLEMS)],
                "happened_at": happened,
            }  # fmt: skip
        return {**order, **own, **self.data}


REVIEW = Seed("bad_review", 0, data={"severity": "severe", "level": "bad"})
"""The bad review of the story."""

OLD = tuple(Seed("after_sales" if n % 2 else "bad_review", n, 30 + n) for n in range(1, 11))
MORNING = tuple(Seed("after_sales" if n % 2 else "bad_review", n, n - 9) for n in range(11, 21))
RECENT = tuple(Seed("after_sales" if n < 28 else "bad_review", n, 1) for n in range(21, 30))
"""The last nine; with the review of the story they are thirty."""
