"""Tables that are filled in advance, people to choose, phrases, buttons that stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from jieli.store.database import Database
from tests.integration.web_shop import Form, Shop, open_shop
from tests.integration.web_tables import EIGHT, MORE, begin

ME = {"person": "li_na", "f.incoming": "wang_fang"}


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    yield from open_shop(database, tmp_path, MORE)


def filled(form: Form, rows: int = 8) -> dict[str, str]:
    """Everything that is asked for, in the first so many rows."""
    cells = {f"f.items.{n}.progress": f"进度{n}" for n in range(rows)}
    return {**form, **ME, **cells, **{f"f.items.{n}.urgency": "u" for n in range(rows)}}


def test_each_row_is_a_card_and_the_count_says_how_far_it_is(shop: Shop) -> None:
    begin(shop)
    page = shop.look(shop.link("li_na")).text
    assert page.count('<details class="row card-row"') == 8 and "已填 0/8" in page
    assert '<details class="row card-row" id="f.items.0" open' not in page
    assert page.count("待填") == 8


def test_what_comes_from_the_source_is_text_and_its_rows_stay(shop: Shop) -> None:
    begin(shop)
    page = shop.look(shop.link("li_na")).text
    assert "客户3" in page and 'name="f.items.2.name"' not in page
    assert 'name="f.items.2.ref"' not in page, "the key is hidden"
    assert 'name="f.items.2._row" value="A3"' in page
    assert 'value="row_drop:items:2"' not in page


def test_a_special_need_has_a_mark_that_is_not_only_a_colour(shop: Shop) -> None:
    begin(shop)
    page = shop.look(shop.link("li_na")).text
    marks = re.findall(r'<b class="flag">([^<]*)</b>', page)
    assert marks and set(marks) == {"注意：听力不好，请打字沟通"}, "无 gets no mark"


def test_a_default_is_worked_out(shop: Shop) -> None:
    begin(shop, "7788")
    page = shop.look(shop.link("li_na"))
    assert Form(page)["f.first_no"] == "7788"


def test_the_answer_holds_the_source_and_what_was_typed(shop: Shop) -> None:
    case_id = begin(shop)
    link = shop.link("li_na")
    form = filled(Form(shop.look(link)))
    # A browser can send anything; what is shown cannot be changed by it.
    answer = shop.public.post(link, data={**form, "f.items.0.name": "别人", "press": "done"})
    assert answer.status_code == 303, answer.text
    items = shop.state(case_id).answers["tidy"]["fields"]["items"]
    assert [row["name"] for row in items] == [row["name"] for row in EIGHT]
    assert items[7]["progress"] == "进度7"


def test_a_row_that_was_taken_out_comes_back_and_is_asked_for(shop: Shop) -> None:
    case_id = begin(shop)
    link = shop.link("li_na")
    form = filled(Form(shop.look(link)))
    form = {key: value for key, value in form.items() if not key.startswith("f.items.4.")}
    answer = shop.public.post(link, data={**form, "press": "done"})
    assert answer.status_code == 422 and 'value="A5"' in answer.text
    assert "tidy" not in shop.state(case_id).answers


def test_saving_a_row_opens_the_next_unfilled_one_and_keeps_a_draft(shop: Shop) -> None:
    begin(shop)
    link = shop.link("li_na")
    form = Form(shop.look(link)) | ME | {"f.items.0.progress": "在催"}
    wrong = shop.public.post(link, data={**form, "do": "row_save:items:0"})
    assert wrong.status_code == 422 and "请选择紧急程度" in wrong.text
    form |= {"f.items.0.urgency": "u"}
    saved = shop.public.post(link, data={**form, "do": "row_save:items:0"})
    assert saved.status_code == 200 and "已填 1/8" in saved.text
    assert '<details class="row card-row" id="f.items.1" open' in saved.text
    again = shop.look(link).text
    assert "在催" in again and "已填 1/8" in again


def test_a_row_nobody_knew_of_can_be_typed_in_and_dropped_again(shop: Shop) -> None:
    case_id = begin(shop, rows=EIGHT[:1])
    link = shop.link("li_na")
    form = filled(Form(shop.look(link)), 1)
    added = shop.public.post(link, data={**form, "do": "row_add:items:0"})
    assert 'name="f.items.1.name"' in added.text and 'value="row_drop:items:1"' in added.text
    own = {"name": "电话客户", "special": "无", "progress": "等回电", "urgency": "f"}
    form |= {f"f.items.1.{column}": value for column, value in own.items()}
    dropped = shop.public.post(link, data={**form, "do": "row_drop:items:1"})
    assert "电话客户" not in dropped.text and 'value="A1"' in dropped.text
    assert shop.public.post(link, data={**form, "press": "done"}).status_code == 303
    items = shop.state(case_id).answers["tidy"]["fields"]["items"]
    assert [row["name"] for row in items] == ["客户1", "电话客户"]


def test_only_people_of_the_role_can_be_chosen(shop: Shop) -> None:
    begin(shop)
    link = shop.link("li_na")
    page = shop.look(link)
    offered = re.findall(r'type="checkbox" name="f.incoming" value="(\w+)"', page.text)
    assert {"li_na", "wang_fang"} <= set(offered) and "chen_jing" not in offered
    chief = re.search(r'<select id="f.chief".*?</select>', page.text, re.DOTALL)
    assert chief and "张伟" in chief[0] and "王芳" not in chief[0]
    forged = filled(Form(page)) | {"f.incoming": "chen_jing", "press": "done"}
    assert shop.public.post(link, data=forged).status_code == 422


def test_each_of_the_chosen_people_gets_a_page_of_their_own(shop: Shop) -> None:
    begin(shop)
    link = shop.link("li_na")
    form = filled(Form(shop.look(link)))
    form["f.incoming"] = ["wang_fang", "li_na"]  # type: ignore[assignment]
    assert shop.public.post(link, data={**form, "press": "done"}).status_code == 303
    page = shop.look(shop.link("wang_fang"))
    assert "这一份是 wang_fang 的" in page.text
    mine = Form(page) | {"f.here": "8:00", "press": "here"}
    assert shop.public.post(shop.link("wang_fang"), data=mine).status_code == 303
    assert shop.look(shop.link("li_na")).status_code == 200


# ---- buttons that stay ---------------------------------------------------------------------------


def test_a_note_counts_and_the_page_stays_with_what_was_typed(shop: Shop) -> None:
    case_id = begin(shop)
    link = shop.link("li_na")
    form = Form(shop.look(link)) | ME | {"f.said": "仓库答应两小时内补发"}
    form |= {"f.items.0.progress": "在催"}
    answer = shop.public.post(link, data={**form, "press": "noted"})
    assert answer.status_code == 303 and answer.headers["location"].partition("&")[0].endswith("?noted=1")
    page = shop.public.get(answer.headers["location"])
    assert "已记录" in page.text and "在催" in page.text
    assert Form(page)["f.said"] == "", "what was noted is not noted twice"
    state = shop.state(case_id)
    assert "tidy" not in state.answers
    ref = state.ref
    assert "记一笔（整理交接班记录表），已记录" in shop.staff.get(f"/cases/{ref}").text


def test_a_note_needs_its_own_words_and_nothing_else(shop: Shop) -> None:
    begin(shop)
    link = shop.link("li_na")
    form = Form(shop.look(link)) | {"person": "li_na", "press": "noted"}
    answer = shop.public.post(link, data=form)
    assert answer.status_code == 422 and "请填写进度记录" in answer.text
    assert "接班客服" not in re.findall(r'role="alert".*?</div>', answer.text, re.DOTALL)[0]


# ---- phrases -------------------------------------------------------------------------------------


def test_phrases_can_be_copied_and_selected_without_a_script(shop: Shop) -> None:
    begin(shop)
    page = shop.look(shop.link("li_na"))
    assert "物流迟了" in page.text and "非常抱歉让您久等了。" in page.text
    assert '<button type="button" class="chip" hidden data-copy=' in page.text
    script = re.search(r'<script src="(/static/copy\.js\?v=\w+)" defer>', page.text)
    assert script and "javascript" in shop.public.get(script[1]).headers["content-type"]
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_a_forbidden_word_is_refused_with_what_to_say_instead(shop: Shop) -> None:
    case_id = begin(shop)
    link = shop.link("li_na")
    form = filled(Form(shop.look(link))) | {"f.said": "这个不归 我们管", "press": "done"}
    answer = shop.public.post(link, data=form)
    assert answer.status_code == 422 and "我来帮您查" in answer.text
    assert "tidy" not in shop.state(case_id).answers


def test_a_word_better_not_used_is_a_hint_and_the_second_press_counts(shop: Shop) -> None:
    case_id = begin(shop)
    link = shop.link("li_na")
    form = filled(Form(shop.look(link))) | {"f.said": "我不知道"}
    hint = shop.public.post(link, data={**form, "press": "done"})
    assert hint.status_code == 422 and "我帮您查一下" in hint.text
    again = Form(hint)
    assert again["hinted"] == "yes"
    answer = shop.public.post(link, data={**filled(again), "press": "done"})
    assert answer.status_code == 303
    assert "tidy" in shop.state(case_id).answers
