"""`jieli demo`: the story of one bad review, played on the real stack with a moved clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import click

from jieli.cli.phone import Phone
from jieli.cli.up import Stack
from jieli.engine.errors import JieliError
from jieli.prefect_rest import PrefectRest
from jieli.settings import Settings
from jieli.store import definitions, links, queries, runs, times
from jieli.store.database import Database
from jieli.store.shown import case_shown
from jieli.store.starts import check_data, start_case
from jieli.texts import text
from jieli.wakes import wake_now
from notifications.links import link_url, ring_of

Found = TypeVar("Found")
_ZONE = ZoneInfo("Asia/Shanghai")
_WAIT_SECONDS = 60.0
_REVIEW = {
    "shop": "taobao_main", "order_no": "2026112000014821", "item": "保温杯 500ml",
    "review_kind": "first", "level": "bad", "severity": "severe", "wangwang": "小鹿爱吃草",
    "buyer_phone": "13812345678", "review_text": "杯盖漏水，客服半天不回。",
}  # fmt: skip


class NothingHappened(JieliError):
    """The demo waited for {what} in vain; look at `jieli doctor` and the logs."""


@click.command()
@click.option("--stay/--leave", default=True, help="Stay up at the end, to look around.")
def demo(stay: bool) -> None:
    """Play one bad review from the first message to the archive, then stay up to look around."""
    own = Settings()
    settings = own.model_copy(update={"data_dir": own.data_dir / "demo", "database_url": None})
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    stack = Stack(settings)
    stack.stop_on_signals()
    try:
        stack.start()
        Story(settings).play()
        if stay:
            stack.tell()
            stack.watch()
    finally:
        stack.stop()


@dataclass
class Story:
    """One case, told line by line; everything goes through the pages, as agents would."""

    settings: Settings
    case_id: str = ""
    ref: str = ""

    def __post_init__(self) -> None:
        self.database = Database(self.settings.store_url)
        self.ring = ring_of(self.settings)

    def play(self) -> None:
        """From the review to the archive, with a promise on the way."""
        self.until_local(9, 0)
        self.start()
        self.press("check_chat", "contact", deal="三天前发货", cause="杯盖漏水", fault="ours")
        self.press("leave_message", "sent", text="您好，非常抱歉，我们马上为您解决。")
        self.press("sms", "sent")
        self.say("No answer for 48 hours …")
        self.advance(timedelta(hours=48))
        self.say("The call window opens.")
        self.until_local(9, 30)
        self.press("phone", "not_reached")
        self.say("Nobody answered: the next call belongs to the other half of the day.")
        self.until_local(16, 0)
        self.press("phone", "reached", by="wang_fang", summary="买家接了，答应明天上午改")
        promised = (self.now().astimezone(_ZONE) + timedelta(days=1)).replace(hour=10, minute=0)
        self.press(
            "result", "promised", said="明天上午改", promised_at=promised.strftime("%Y-%m-%dT%H:%M")
        )
        self.say("Three minutes to take the answer back, then its effects leave.")
        self.advance(timedelta(minutes=3))
        self.say("The promised time comes.")
        self.until_local(10, 0)
        self.press("verify_change", "changed", seen="已改为好评")
        self.press("archive", "archived", process="留言、短信、两次电话，买家按时修改。")
        self.wait_for("the end", self._is_shown_to_the_end)
        with self.database.read() as conn:
            result = case_shown(conn, self.case_id).result_label
        self.say("The case is closed: {result}.", result=result or "")

    # ---- the verbs of the story ----

    def start(self) -> None:
        """Somebody finds a bad review."""
        with self.database.write() as conn:
            now = times.business_now(conn)
            raw = {**_REVIEW, "reviewed_at": (now - timedelta(hours=5)).isoformat()}
            data = check_data(conn, "bad_review", raw, now)
            started = start_case(
                conn, process="bad_review", data=data, source="demo", by=None, now=now,
                event_id=f"demo:{now.isoformat()}",
            )  # fmt: skip
        self.case_id, self.ref = started.case_id, started.ref
        prefect = PrefectRest(self.settings.prefect_api_url, auth=self.settings.prefect_auth)
        wake_now(self.database, prefect, self.case_id)
        self.say("A bad review was found: case {ref}.", ref=self.ref)

    def press(self, step: str, button: str, by: str = "", **answers: str) -> None:
        """An agent opens the link of a delivered message and presses a button."""
        url, title = self.wait_for(step, lambda: self._link(step, by))
        phone = Phone(url)
        phone.press(button, answers)
        phone.close()
        self.say("{step}: {button}", step=title, button=self._label(step, button))

    def advance(self, length: timedelta) -> None:
        """Business time moves for every process."""
        with self.database.write() as conn:
            times.advance_clock(conn, length)

    def until_local(self, hour: int, minute: int) -> None:
        """Business time moves to the next such time of day in the shop."""
        local = self.now().astimezone(_ZONE)
        goal = local.replace(hour=hour, minute=minute, second=1, microsecond=0)
        self.advance((goal if goal >= local else goal + timedelta(days=1)) - local)

    def say(self, words: str, **values: str) -> None:
        """One line of the story, with business time in front."""
        local = self.now().astimezone(_ZONE)
        click.echo(f"  {local.month}月{local.day}日 {local:%H:%M}  {text(words, **values)}")

    def now(self) -> datetime:
        """Business time."""
        with self.database.read() as conn:
            return times.business_now(conn)

    # ---- looking ----

    def wait_for(self, what: str, look: Callable[[], Found | None]) -> Found:
        """Look until something is there."""
        end = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < end:
            if found := look():
                return found
            time.sleep(0.2)
        raise NothingHappened(what=what)

    def _link(self, step: str, by: str) -> tuple[str, str] | None:
        """The address in the message that was delivered for an open step, and the step's title."""
        with self.database.read() as conn:
            page = queries.case_show(conn, self.ref)
            live = [v for v in page.visits if v.step == step and v.status in ("open", "listening")]
            for message in page.messages:
                if not live or message.visit != live[-1].visit or message.status != "sent":
                    continue
                link = links.find(conn, message.link_id) if message.link_id else None
                if link and link.status == "active" and by in ("", link.person):
                    token = self.ring.token(link.purpose, link.link_id)
                    return link_url(self.settings.public_url, token), live[-1].title
        return None

    def _label(self, step: str, button: str) -> str:
        with self.database.read() as conn:
            state = queries.case_show(conn, self.ref).state
            known = definitions.definition(conn, state.process, state.version).step(step)
        return str(known.buttons[button].label)  # type: ignore[union-attr]

    def _is_shown_to_the_end(self) -> bool:
        with self.database.read() as conn:
            run = runs.run_of(conn, self.case_id)
        return run is not None and run.ended
