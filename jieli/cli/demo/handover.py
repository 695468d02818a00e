"""The handover of the demo: eight customers, a lock, a crash in the middle, two signatures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jieli.cli.demo.seeds import Seed
from jieli.cli.demo.stage import Stage

LEAVES, COMES, SUPERVISOR = "li_na", "wang_fang", "zhang_wei"
CUSTOMERS = 8
_WELL = ["pc", "phone", "headset", "supplies", "paper_form", "desk"]
_RECORD: dict[str, Any] = {
    "overview": "咨询 80，投诉 4", "inquiries": "80", "complaints": "4", "solved": "71",
    "crm_checked": "yes", "files_updated": "yes", "equipment": _WELL,
}  # fmt: skip
_TOLD = ["overview", "open", "special", "points"]


class HandoverStory:
    """The early shift hands over to the late one."""

    def __init__(self, stage: Stage, review: str) -> None:
        self._stage = stage
        self._mine = [review]

    def take_up(self, seeds: Iterable[Seed]) -> None:
        """The last customers of the day write; the agent takes up as many as make eight."""
        stage = self._stage
        stage.until_local(16, 40)
        begun = stage.begin(seeds)
        stage.say("{count} customers in the last hour of the shift.", count=str(len(begun)))
        for case_id in begun[: CUSTOMERS - 1]:
            stage.press(case_id, "accept", "accepted", by=LEAVES, quiet=True, greeted="yes")
            self._mine.append(case_id)
        stage.say("{person} has {count} of them.", person=stage.name(LEAVES), count=str(CUSTOMERS))

    def play(self) -> None:
        """From the calendar's half hour to the second signature."""
        stage = self._stage
        stage.until_local(17, 0)
        handover = stage.wait_for("the handover", self._opened)
        stage.say("The calendar opens the handover: case {ref}.", ref=stage.ref(handover))
        rows = [self._row(number) for number in range(stage.rows(handover, "sort_out", LEAVES))]
        stage.say("{count} customers stand in the record already.", count=str(len(rows)))
        stage.press(handover, "sort_out", "done", by=LEAVES, **_RECORD, items=rows)
        check = stage.child(handover, "handover_check")
        stage.press(check, "brief_them", "told", by=LEAVES, explained=_TOLD)
        understood = [{"state": "clear"} for _ in rows]
        stage.press(check, "verify", "checked", by=COMES, items=understood, same_as_system="yes")
        problem = stage.child(handover, "handover_problem")
        stage.say("Something broke out during the handover: nobody can sign before it is solved.")
        stage.crash(handover, problem)
        self._sign(handover, problem)

    def _sign(self, handover: str, problem: str) -> None:
        stage = self._stage
        stage.press(problem, "solve", "release", by=COMES, log="还在等仓库回话")
        stage.press(problem, "release", "released", by=SUPERVISOR, reason="已约客户 19:00 再联系")
        stage.press(handover, "sign_off", "signed", by=LEAVES)
        stage.press(handover, "sign_on", "signed", by=COMES)
        stage.wait_for("the customers to move", lambda: stage.owners(self._mine) == {COMES})
        stage.say(
            "{count} customers have moved from {one} to {other}.",
            count=str(len(self._mine)), one=stage.name(LEAVES), other=stage.name(COMES),
        )  # fmt: skip

    def _opened(self) -> str | None:
        today = f"{self._stage.local():%Y-%m-%d}"
        return self._stage.find("handover", post="after_sales_post", shift="early", shift_date=today)

    def _row(self, number: int) -> dict[str, str]:
        until = self._stage.local().replace(hour=20, minute=0)
        return {
            "problem_type": "售后", "urgency": "urgent" if number == 0 else "follow",
            "stage": "waiting_us", "progress": "已道歉，等仓库回话", "promise": "无",
            "key_time": until.strftime("%Y-%m-%dT%H:%M"), "mood": "anxious",
            "special_needs": "听力不好，请打字沟通" if number == 0 else "无",
            "hardness": "sudden" if number == 0 else "usual",
        }  # fmt: skip
