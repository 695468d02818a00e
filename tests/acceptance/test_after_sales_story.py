"""The after-sales loop, told over HTTP: a desk, money, a second round, the archive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.people import PROBLEM, filled
from tests.acceptance.stack import RunningStack
from tests.acceptance.stores import prefect_dump, running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """One stack for both stories."""
    with running(tmp_path_factory.mktemp("after_sales"), request) as up:
        yield up


def test_from_the_form_over_desk_money_and_a_second_round_to_the_archive(
    stack: RunningStack,
) -> None:
    stack.to(stack.workday("10:00"))
    case = stack.start_case("after_sales")
    stack.press(case, "accept", "accepted", by="li_na", **filled(greeted="yes"))
    stack.parked(case, "triage", "watch", "update_wait")
    assert stack.page(case).line.owner == "li_na", "who takes it up keeps it"
    stack.press(
        case, "triage", "sorted", by="li_na",
        **filled(kind="quality", complexity="complex", urgency="urgent", priority="high",
                 departments=["warehouse"]),
    )  # fmt: skip

    together = stack.begun(case, "coordination")
    desk = stack.begun(together, "department_desk")
    assert stack.parked(desk, "name_person")["name"].startswith("仓库处理")
    stack.press(desk, "name_person", "mine", by="feng_lei")
    who, url = stack.link(desk, "work", "feng_lei")
    noted = stack.post(who, url, press="note", **filled(progress="正在查库存"))
    assert "noted=1" in noted.headers["location"], "work in progress stays open"
    stack.press(
        desk, "work", "done", by="feng_lei",
        **filled(outcome="退款，坏的不用寄回", cause="装箱没有缓冲", fault="ours", money="yes"),
    )  # fmt: skip

    slip = stack.begun(case, "money_slip")
    stack.press(
        slip, "plan", "ask", by="li_na",
        **filled(way="refund", amount="35.5", reason="杯盖裂了", remark="退款_李娜"),
    )  # fmt: skip
    stack.press(slip, "approve", "approved", by="zhang_wei")
    stack.press(slip, "pay", "paid", by="chen_jing", **filled(paid_no="20260102-1"))

    stack.press(case, "tell", "unsatisfied", by="li_na", **filled(feedback="还想要一个新杯盖"))
    assert "第二轮以上" in stack.parked(case, "triage", "watch", "update_wait")["tags"]
    stack.press(
        case, "triage", "sorted", by="li_na",
        **filled(kind="usage", complexity="simple", urgency="normal", priority="normal"),
    )  # fmt: skip
    play = stack.begun(case, "handle_now")
    stack.press(play, "answer_now", "answered", by="li_na", **filled(outcome="下次购物时送一个"))
    stack.press(case, "tell", "satisfied", by="li_na", **filled(feedback="可以"))

    who, url = stack.link(case, "archive", "li_na")
    log = stack.form(who, url)["f.log"]
    assert all(words in log for words in ("受理：李娜", "客户不满意：还想要一个新杯盖", "客户满意"))
    stack.press(case, "archive", "archived", by="li_na")
    assert stack.ended(case)["state"]["message"] == "客户满意"
    for each in (case, together, desk, slip, play):
        stack.ended(each)
        stack.check(each)


def test_nothing_of_the_customer_is_in_prefect(stack: RunningStack) -> None:
    """Asked after the story."""
    said = prefect_dump(stack) + stack.logs("prefect-server", "worker", "web")
    secret = [PROBLEM[name] for name in ("customer_name", "phone", "account", "problem")]
    secret += ["装箱没有缓冲", "还想要一个新杯盖"]
    assert [word for word in secret if word in said] == []
