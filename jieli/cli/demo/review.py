"""The bad review of the demo: a card, 48 hours, two calls, a promise, the archive."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from jieli.cli.demo.seeds import REVIEW
from jieli.cli.demo.stage import Stage


class ReviewStory:
    """One case from the first message to the archive, as its agents live it."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.case_id = ""

    def card(self) -> None:
        """Somebody finds it; a card becomes a button press."""
        stage = self._stage
        (self.case_id,) = stage.begin([REVIEW])
        stage.say("A bad review was found: case {ref}.", ref=stage.ref(self.case_id))
        self._press("check_chat", "contact", deal="三天前发货", cause="杯盖漏水", fault="ours")
        self._press("leave_message", "sent", text="您好，非常抱歉，我们马上为您解决。")
        self._press("sms", "sent")

    def calls(self) -> None:
        """Nobody answered for 48 hours: a call card, in the call window, and another half-day."""
        stage = self._stage
        stage.until_local(9, 30)
        stage.say("The call window opens.")
        self._press("phone", "not_reached")
        stage.say("Nobody answered: the next call belongs to the other half of the day.")
        stage.until_local(16, 0)
        self._press("phone", "reached", summary="买家接了，答应傍晚改")
        promised = stage.local().replace(hour=17, minute=40).strftime("%Y-%m-%dT%H:%M")
        self._press("result", "promised", said="傍晚改", promised_at=promised)
        stage.say("Three minutes to take the answer back, then its effects leave.")
        stage.advance(timedelta(minutes=3))

    def promised_time(self) -> None:
        """The colleague who has it now sees it to its end."""
        stage = self._stage
        stage.until_local(17, 40)
        stage.say("The promised time comes.")
        self._press("verify_change", "changed", by="wang_fang", seen="已改为好评")
        self._press(
            "archive", "archived", by="wang_fang", process="留言、短信、两次电话，买家按时修改。"
        )
        stage.wait_for("the end", lambda: stage.has_ended(self.case_id))
        stage.say("The case is closed: {result}.", result=stage.result(self.case_id))

    def _press(self, step: str, button: str, by: str = "li_na", **answers: Any) -> None:
        self._stage.press(self.case_id, step, button, by=by, **answers)
