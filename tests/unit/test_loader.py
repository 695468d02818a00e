"""What ops read when a definition file cannot be read: every problem, with its place, in one run."""
# ruff: noqa: E501 (a message stands on one line, as people see it)

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from jieli.engine.errors import DefinitionError
from jieli.engine.loader import load, read_directory
from tests.small_shop import PARENT, REVIEW, SHOP, changed, problems, review, shop

UNREADABLE = (
    (
        'title: "差评 {{ order_no }} {{ severity.label }}"',
        'title: {{ order_no }}',
        ['review.yaml:8:10: case.title: A text with {{ }} needs quotes around it; write it like title: "{{ order_no }}"'],
        ['review.yaml:8:10: case.title: 带 {{ }} 的文字要加引号; 写成 title: "{{ order_no }}" 这样'],
    ),
    (
        'title: "差评 {{ order_no }} {{ severity.label }}"',
        'title: {{ order_no }} 差评',
        ['review.yaml:8:10: A text with {{ }} needs quotes around it; write it like title: "{{ order_no }}"'],
        ['review.yaml:8:10: 带 {{ }} 的文字要加引号; 写成 title: "{{ order_no }}" 这样'],
    ),
    (
        'title: 打电话',
        '\ttitle: 打电话',
        ['review.yaml:20:5: A tab; indent with spaces only'],
        ['review.yaml:20:5: 这里有制表符（Tab），缩进只能用空格'],
    ),
    (
        'title: 打电话',
        'title：打电话',
        ['review.yaml:20:10: "：" is a full-width sign; write : instead'],
        ['review.yaml:20:10: “：”是全角符号，请改成半角 :'],
    ),
    (
        'severe: 严重, normal',
        'severe: 严重，normal',
        ['review.yaml:14:56: "，" is a full-width sign; write , instead'],
        ['review.yaml:14:56: “，”是全角符号，请改成半角 ,'],
    ),
    (
        'needs: [note]',
        'needs: [note，other]',
        ['review.yaml:30:36: steps.call.buttons.reached.needs.1: "，" is a full-width sign; write , instead'],
        ['review.yaml:30:36: steps.call.buttons.reached.needs.1: “，”是全角符号，请改成半角 ,'],
    ),
    (
        'title: 打电话',
        'title: “打电话”',
        ['review.yaml:20:12: steps.call.title: "“" is a full-width sign; write " instead'],
        ['review.yaml:20:12: steps.call.title: ““”是全角符号，请改成半角 "'],
    ),
    (
        'title: 打电话',
        'title: 打电话\n    title: 又一次',
        ['review.yaml:21:5: steps.call.title: "title" is written twice; the first is on line 20'],
        ['review.yaml:21:5: steps.call.title: “title”写了两次，第一次在第 20 行'],
    ),
    (
        'title: 打电话',
        'titel: 打电话',
        ['review.yaml:20:5: steps.call.titel: There is no key "titel" here; did you mean "title"?'],
        ['review.yaml:20:5: steps.call.titel: 这里没有“titel”这个关键字; 是不是“title”？'],
    ),
    (
        'title: 打电话',
        'time_up: pause',
        ['review.yaml:20:5: steps.call.time_up: There is no key "time_up" here; it belongs to a step with wait'],
        ['review.yaml:20:5: steps.call.time_up: 这里没有“time_up”这个关键字; 它属于有 wait 的步骤'],
    ),
    (
        'title: 打电话',
        'title:',
        ['review.yaml:20:5: steps.call.title: "title" is empty; write something or remove it'],
        ['review.yaml:20:5: steps.call.title: “title”是空的，请填写或删掉'],
    ),
    (
        'title: 打电话',
        'title: 打: 电话',
        ['review.yaml:20:13: A colon where none can be: put quotes around the text, or mend the indentation'],
        ['review.yaml:20:13: 这里不能有冒号：给文字加上引号，或者检查缩进'],
    ),
    (
        'title: 打电话',
        'title: [打电话',
        ['review.yaml:21:8: A comma is missing, or a bracket is not closed'],
        ['review.yaml:21:8: 少了逗号，或者括号没有成对'],
    ),
    (
        'title: 打电话',
        'title: *打电话',
        ['review.yaml:20:12: A text cannot begin with this sign; put quotes around it'],
        ['review.yaml:20:12: 文字不能以这个符号开头，请加上引号'],
    ),
    (
        'title: 打电话',
        'title: @打电话',
        ['review.yaml:20:12: A text cannot begin with this sign; put quotes around it'],
        ['review.yaml:20:12: 文字不能以这个符号开头，请加上引号'],
    ),
    (
        'title: 打电话',
        '  title: 打电话',
        ['review.yaml:21:5: The indentation is wrong, or a quotation mark above is not closed'],
        ['review.yaml:21:5: 缩进不对，或者上面有引号没有成对'],
    ),
    (
        'title: 打电话',
        'title: !!python/object 打电话',
        ['review.yaml:20:12: steps.call.title: Tags like tag:yaml.org,2002:python/object are not used here'],
        ['review.yaml:20:12: steps.call.title: 这里不用 tag:yaml.org,2002:python/object 这样的标签'],
    ),
    (
        'title: 打电话',
        'title: 打\x07电话',
        ['review.yaml:22:32: The sign U+0007 cannot be here'],
        ['review.yaml:22:32: 这里不能有字符 U+0007'],
    ),
    (
        'ends:',
        '---\nends:',
        ['review.yaml:42:1: One file is one document; remove the line ---'],
        ['review.yaml:42:1: 一个文件只能有一份内容，请删掉 --- 这一行'],
    ),
    (
        'who:',
        'whom:',
        ['review.yaml:19:3: steps.call: What kind of step this is cannot be seen; it needs one of: who (somebody does it), wait, call, notify, decide, parallel, needs (where paths meet), sub_case, do, end; did you mean "who"?'],
        ['review.yaml:19:3: steps.call: 看不出这是什么步骤，要有其中一个：who（有人做）、wait（等待）、call（调用）、notify（通知）、decide（判断）、parallel（并行）、needs（汇合）、sub_case（子流程）、do（系统自己做）、end（结束）; 是不是“who”？'],
    ),
    (
        'go_to: pause}',
        'goto: pause}',
        ['review.yaml:30:43: steps.call.buttons.reached.goto: There is no key "goto" here; did you mean "go_to"?'],
        ['review.yaml:30:43: steps.call.buttons.reached.goto: 这里没有“goto”这个关键字; 是不是“go_to”？'],
    ),
    (
        'on_shift: true',
        'on_shift: maybe',
        ['review.yaml:22:33: steps.call.who.1.on_shift: Write yes or no here'],
        ['review.yaml:22:33: steps.call.who.1.on_shift: 这里要写 yes 或 no'],
    ),
    (
        'finish_within: 4h',
        'finish_within: [4h]',
        ['review.yaml:24:20: steps.call.finish_within: A text is wanted here'],
        ['review.yaml:24:20: steps.call.finish_within: 这里要写文字'],
    ),
    (
        'contacts_buyer: true',
        'identity: pni',
        ['review.yaml:26:15: steps.call.identity: "pni" cannot be here; there is: none, claim, pin; did you mean "pin"?'],
        ['review.yaml:26:15: steps.call.identity: 这里不能写“pni”，可以写：none, claim, pin; 是不是“pin”？'],
    ),
    (
        'wait: wait_time',
        'wait: {unti: due_day}',
        ['review.yaml:34:12: steps.pause.wait.unti: There is no key "unti" here; did you mean "until"?'],
        ['review.yaml:34:12: steps.pause.wait.unti: 这里没有“unti”这个关键字; 是不是“until”？'],
    ),
    (
        'key: [order_no]',
        'key: []',
        ['review.yaml:7:8: case.key: At least one is needed here'],
        ['review.yaml:7:8: case.key: 这里至少要有一个'],
    ),
    (
        'form: {role: agent}',
        'from: {role: agent}',
        ['review.yaml:17:5: start.1.from: There is no key "from" here; did you mean "form"?'],
        ['review.yaml:17:5: start.1.from: 这里没有“from”这个关键字; 是不是“form”？'],
    ),
    (
        'value: 2, label: 次数,',
        'value: 2,',
        ['review.yaml:5:3: settings.tries.label: "label" is missing'],
        ['review.yaml:5:3: settings.tries.label: 少了“label”'],
    ),
    (
        'process: review',
        'process: Review',
        ['review.yaml:1:10: process: "Review": a name is lower-case ASCII letters, digits and _, and starts with a letter'],
        ['review.yaml:1:10: process: “Review”：名称只能用小写英文字母、数字和 _，以字母开头'],
    ),
    (
        'process: review',
        'proces: review',
        ['review.yaml:1:1: This is neither a process (process:) nor about the shop (roles:, …); did you mean "process"?'],
        ['review.yaml:1:1: 这个文件既不是流程（process:），也不是店铺资料（roles: 等）; 是不是“process”？'],
    ),
    (
        '{label: 日期, type: date}',
        '日期',
        ['review.yaml:15:14: case.fields.due_day: Keys with values are wanted here'],
        ['review.yaml:15:14: case.fields.due_day: 这里要写“关键字: 内容”'],
    ),
)  # fmt: skip

UNREADABLE_SHOPS = (
    (
        '"09:00-18:00"',
        '"9-18"',
        ['shop.yaml:8:18: hours.desk.daily.1: "9-18" is not a time range; write it like "09:30-10:30"'],
        ['shop.yaml:8:18: hours.desk.daily.1: “9-18”不是时段，请写成 "09:30-10:30" 这样'],
    ),
    (
        '"09:00-18:00"',
        '"09：00-18：00"',
        ['shop.yaml:8:18: hours.desk.daily.1: "：" is a full-width sign; write : instead'],
        ['shop.yaml:8:18: hours.desk.daily.1: “：”是全角符号，请改成半角 :'],
    ),
    (
        'roles:',
        'roels:',
        ['shop.yaml:2:1: roels: There is no key "roels" here; did you mean "roles"?'],
        ['shop.yaml:2:1: roels: 这里没有“roels”这个关键字; 是不是“roles”？'],
    ),
    (
        'shop: 样例',
        'calendar: {timezone: Asia/Shanghia}',
        ['shop.yaml:1:22: calendar.timezone: there is no timezone "Asia/Shanghia"; write it like "Asia/Shanghai"'],
        ['shop.yaml:1:22: calendar.timezone: 没有时区“Asia/Shanghia”，请写成 "Asia/Shanghai" 这样'],
    ),
    (
        'shop: 样例',
        'calendar: {years: {2027: {holidays: [2026-01-01]}}}',
        ['shop.yaml:1:19: calendar.years: 2026-01-01 stands under 2027; move it to 2026'],
        ['shop.yaml:1:19: calendar.years: 2026-01-01 写在 2027 年下面，请移到 2026'],
    ),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new", "english", "chinese"), UNREADABLE)
def test_a_process_that_cannot_be_read_says_why(
    old: str, new: str, english: list[str], chinese: list[str]
) -> None:
    assert review(old, new) == english
    assert review(old, new, "zh") == chinese


@pytest.mark.parametrize(("old", "new", "english", "chinese"), UNREADABLE_SHOPS)
def test_a_shop_that_cannot_be_read_says_why(
    old: str, new: str, english: list[str], chinese: list[str]
) -> None:
    assert shop(old, new) == english
    assert shop(old, new, "zh") == chinese


def test_whole_files_become_processes_people_and_messages() -> None:
    library = load({"review.yaml": REVIEW, "shop.yaml": SHOP})

    assert library.processes["review"].first == "call"
    assert library.context.members("agent") == ["li_na"]
    assert library.messages["work_item"].title == "{{ step.title }}"
    assert library.sources["shop.yaml"] == SHOP


def test_the_problems_of_all_files_come_together() -> None:
    """One typo in each file, and two in one: nobody has to run the check three times."""
    broken = changed(
        changed(REVIEW, "title: 等待", "titel: 等待"), "time_up: choose", "time_up: chose"
    )
    assert problems(
        {
            "a.yaml": broken,
            "b.yaml": changed(PARENT, "title: 上级", ""),
            "c.yaml": changed(SHOP, "desk: desk", "desk: dsk"),
            "d.yaml": "roles: [",
        }
    ) == [
        'a.yaml:33:5: steps.pause.titel: There is no key "titel" here; did you mean "title"?',
        'a.yaml:35:14: steps.pause.time_up: There is no step "chose"; did you mean "choose"?',
        'b.yaml:1:1: title: "title" is missing',
        'c.yaml:3:28: roles.agent.desk: There are no hours "dsk"; did you mean "desk"?',
        "d.yaml:1:9: A comma is missing, or a bracket is not closed",
    ]


def test_what_may_stand_in_an_unreadable_file_is_not_called_unknown() -> None:
    """With the roles' file broken, every role would be unknown: only the cause is told."""
    assert problems({"review.yaml": REVIEW, "shop.yaml": "roles: {agent: }}"}) == [
        "shop.yaml:1:17: The indentation is wrong, or a quotation mark above is not closed"
    ]


def test_a_misspelled_word_is_told_once() -> None:
    """`goto` leads nowhere, but saying so besides would hide the one thing to mend."""
    assert len(review("go_to: pause}", "goto: pause}")) == 1
    assert len(shop("roles:", "roels:")) == 1


@pytest.mark.parametrize("key", ["on", "yes", "no", "off", "y", "true"])
def test_a_key_is_what_is_written(key: str) -> None:
    """YAML 1.1 reads `on:` as true; a step of that name is a step of that name."""
    sources = changed(changed(REVIEW, "go_to: pause}", f"go_to: {key}}}"), "  pause:", f"  {key}:")
    library = load({"review.yaml": sources, "shop.yaml": SHOP})

    assert key in library.processes["review"].steps


def test_a_number_where_a_text_is_wanted_is_the_text_as_written() -> None:
    changed_title = changed(REVIEW, "title: 打电话", "title: 0123")
    changed_label = changed(changed_title, "label: 摘要", "label: 1.50")
    process = load({"review.yaml": changed_label, "shop.yaml": SHOP}).processes["review"]

    assert process.steps["call"].title == "0123"
    assert process.steps["call"].form["note"].label == "1.50"  # type: ignore[union-attr]


def test_the_same_part_stands_in_one_file_only() -> None:
    assert problems({"a.yaml": SHOP, "b.yaml": "# 人员\nroles: {}\n"}) == [
        'b.yaml:2:1: roles: "roles" stands in a.yaml, line 2, already'
    ]


def test_a_process_stands_in_one_file_only() -> None:
    assert problems({"a.yaml": REVIEW, "b.yaml": REVIEW, "shop.yaml": SHOP}) == [
        'b.yaml:1:10: process: The process "review" stands in a.yaml already'
    ]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "x.yaml:1:1: The file is empty"),
        ("- a", "x.yaml:1:1: Keys with values are wanted here"),
        ("hallo", "x.yaml:1:1: Keys with values are wanted here"),
        ("{[a]: b, shop: c}", "x.yaml:1:2: ?: A key is a single word"),
    ],
)
def test_a_file_that_is_no_definition_is_refused(source: str, said: str) -> None:
    assert problems({"x.yaml": source}) == [said]


@pytest.mark.timeout(30)
def test_a_file_that_grows_beyond_measure_is_refused_quickly() -> None:
    """Ten aliases of ten aliases, ten times: a billion texts in ten lines."""
    lines = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10) if n else 'x'}]" for n in range(10)]
    found = problems({"x.yaml": "shop: x\n" + "\n".join(lines)})

    assert any("The file is too large or too deeply nested" in each for each in found)


def test_a_file_that_contains_itself_is_refused() -> None:
    found = problems({"x.yaml": "shop: &a [*a]"})

    assert any("too deeply nested" in each for each in found)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert load({"x.yaml": "\ufeffshop: 样例"}).context.shop == "样例"


def test_a_directory_is_read_by_names_that_can_be_clicked(tmp_path: Path) -> None:
    (tmp_path / "definitions" / "shop").mkdir(parents=True)
    (tmp_path / "definitions" / "review.yaml").write_text(REVIEW, encoding="utf-8")
    (tmp_path / "definitions" / "review.test.yaml").write_text("tests:", encoding="utf-8")
    (tmp_path / "definitions" / "shop" / "people.yml").write_text(SHOP, encoding="utf-8")

    sources = read_directory(tmp_path / "definitions")

    assert sorted(sources) == ["definitions/review.yaml", "definitions/shop/people.yml"]
    load(sources)


def test_a_file_saved_by_an_old_notepad_is_named(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_bytes("roles: {}\nshop: 样例\n".encode("gbk"))

    with pytest.raises(DefinitionError) as caught:
        read_directory(tmp_path)

    [problem] = caught.value.problems
    assert (problem.line, problem.column) == (2, 7)
    assert problem.message == "文件不是 UTF-8 编码，请另存为 UTF-8（记事本：另存为，编码）"


def test_the_shipped_definitions_are_read_without_prefect() -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from jieli.engine.loader import load, read_directory\n"
        "load(read_directory(Path('definitions')))\n"
        "assert 'prefect' not in sys.modules"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
