"""What the checks say of definitions that can be read but would not work."""
# ruff: noqa: E501 (a message stands on one line, as people see it)

from __future__ import annotations

import pytest

from jieli.engine.loader import load
from tests.small_shop import PARALLEL, PARENT, REVIEW, SHOP, changed, family, problems, review, shop

BROKEN_PROCESSES = (
    (
        'go_to: pause}',
        'go_to: pauze}',
        ['review.yaml:30:50: steps.call.buttons.reached.go_to: There is no step "pauze"; did you mean "pause"?'],
        ['review.yaml:30:50: steps.call.buttons.reached.go_to: 没有步骤“pauze”; 是不是“pause”？'],
    ),
    (
        'needs: [note], go_to: pause}',
        'needs: [note]}',
        ['review.yaml:30:7: steps.call.buttons.reached: This leads nowhere; write go_to: with a step'],
        ['review.yaml:30:7: steps.call.buttons.reached: 这里没有去向，请写 go_to: 和步骤名'],
    ),
    (
        'again: tries, then: finish',
        'again: tries',
        ['review.yaml:31:35: steps.call.buttons.missed.again: When the limit is reached the way must go on; write then:'],
        ['review.yaml:31:35: steps.call.buttons.missed.again: 次数用完以后去哪里？请写 then:'],
    ),
    (
        'again: tries',
        'again: trees',
        ['review.yaml:31:35: steps.call.buttons.missed.again: There is no setting "trees"; write a number or the name of a setting; did you mean "tries"?'],
        ['review.yaml:31:35: steps.call.buttons.missed.again: 没有设置“trees”，请写数字或设置的名称; 是不是“tries”？'],
    ),
    (
        'again: tries',
        'again: wait_time',
        [
            'review.yaml:5:3: settings.tries: Nothing uses the setting "tries"; write its name where the number stands, or remove it',
            'review.yaml:31:35: steps.call.buttons.missed.again: A limit is a whole number from 1 on; "wait_time" is not',
        ],
        [
            'review.yaml:5:3: settings.tries: 没有用到设置“tries”; 在写数字的地方改写它的名称，或者删掉它',
            'review.yaml:31:35: steps.call.buttons.missed.again: 次数是从 1 开始的整数，“wait_time”不是',
        ],
    ),
    (
        'go_to: pause}',
        'go_to: pause, then: finish}',
        ['review.yaml:30:57: steps.call.buttons.reached.then: then: needs a limit, again: or at_most:'],
        ['review.yaml:30:57: steps.call.buttons.reached.then: then: 要和 again: 或 at_most: 一起写'],
    ),
    (
        '    time_up: choose\n',
        '',
        ['review.yaml:32:3: steps.pause: Where it goes when the time is up is missing; write time_up:'],
        ['review.yaml:32:3: steps.pause: 时间到了去哪里？请写 time_up:'],
    ),
    (
        'wait: wait_time',
        'wait: {event: paid}',
        [
            'review.yaml:4:3: settings.wait_time: Nothing uses the setting "wait_time"; write its name where the number stands, or remove it',
            'review.yaml:32:3: steps.pause: Where the event leads is missing; write happened:',
            'review.yaml:35:5: steps.pause.time_up: This never comes: the wait has no at_most:',
        ],
        [
            'review.yaml:4:3: settings.wait_time: 没有用到设置“wait_time”; 在写数字的地方改写它的名称，或者删掉它',
            'review.yaml:32:3: steps.pause: 事件发生以后去哪里？请写 happened:',
            'review.yaml:35:5: steps.pause.time_up: 这不会发生：等待没有写 at_most:',
        ],
    ),
    (
        'go_to: call}',
        'go_to: choose}',
        ['review.yaml:36:3: steps.choose: These steps go round without a wait, a person or a limit: choose → choose'],
        ['review.yaml:36:3: steps.choose: 这些步骤会一直循环，中间没有等待、没有人做、也没有次数限制：choose → choose'],
    ),
    (
        '- {otherwise: finish}',
        '- {when: now, go_to: finish}',
        ['review.yaml:40:9: steps.choose.decide.2: The last line of a decision says otherwise: and a step'],
        ['review.yaml:40:9: steps.choose.decide.2: 判断的最后一行要写 otherwise: 和步骤名'],
    ),
    (
        '- {when: "severity == \'severe\'", go_to: call}',
        '- {otherwise: call}',
        ['review.yaml:39:10: steps.choose.decide.1.otherwise: Only the last line may say otherwise:'],
        ['review.yaml:39:10: steps.choose.decide.1.otherwise: 只有最后一行可以写 otherwise:'],
    ),
    (
        '  finish:',
        '  on: {end: closed}\n  finish:',
        ['review.yaml:41:3: steps.on: No way leads to the step "on"'],
        ['review.yaml:41:3: steps.on: 没有路能走到步骤“on”'],
    ),
    (
        '  finish: {title: 结束, end: closed}',
        '  finish: {title: 结束, wait: 1h, time_up: finish}',
        [
            'review.yaml:18:1: steps: No step ends the case; write one with end:',
            'review.yaml:43:3: ends.closed: No step ends with "closed"',
        ],
        [
            'review.yaml:18:1: steps: 没有结束步骤，请写一个带 end: 的步骤',
            'review.yaml:43:3: ends.closed: 没有步骤以“closed”结束',
        ],
    ),
    (
        'contact_blocked: finish',
        'contact_blocked: call',
        ['review.yaml:10:20: case.contact_blocked: Where contact is blocked the buyer must not be contacted'],
        ['review.yaml:10:20: case.contact_blocked: 不再联系的买家，这一步不能再联系'],
    ),
    (
        'contact_blocked: finish',
        'contact_blocked: finis',
        ['review.yaml:10:20: case.contact_blocked: There is no step "finis"; did you mean "finish"?'],
        ['review.yaml:10:20: case.contact_blocked: 没有步骤“finis”; 是不是“finish”？'],
    ),
    (
        'role: agent, on_shift',
        'role: agnet, on_shift',
        ['review.yaml:22:16: steps.call.who.1.role: There is no role "agnet"; did you mean "agent"?'],
        ['review.yaml:22:16: steps.call.who.1.role: 没有岗位“agnet”; 是不是“agent”？'],
    ),
    (
        '{role: boss}',
        '{role: boss, person: li_na}',
        ['review.yaml:23:9: steps.call.who.2: Exactly one of role, person, same_as, people, role_from, owner is needed'],
        ['review.yaml:23:9: steps.call.who.2: role, person, same_as, people, role_from, owner 要写一个，也只能写一个'],
    ),
    (
        '{role: boss}',
        '{person: lina}',
        ['review.yaml:23:18: steps.call.who.2.person: There is no person "lina"; did you mean "li_na"?'],
        ['review.yaml:23:18: steps.call.who.2.person: 没有人员“lina”; 是不是“li_na”？'],
    ),
    (
        '{role: boss}',
        '{same_as: pause}',
        ['review.yaml:23:19: steps.call.who.2.same_as: Nobody does the step "pause"'],
        ['review.yaml:23:19: steps.call.who.2.same_as: 步骤“pause”不是人做的'],
    ),
    (
        '{role: boss}',
        '{role: boss, for: 2h}',
        ['review.yaml:23:22: steps.call.who.2.for: Nobody comes after the last one; for: has no meaning'],
        ['review.yaml:23:22: steps.call.who.2.for: 最后一个人后面没有别人，不要写 for:'],
    ),
    (
        ', for: 2h}',
        '}',
        ['review.yaml:22:9: steps.call.who.1: How long until the next one is asked is missing; write for:'],
        ['review.yaml:22:9: steps.call.who.1: 多久以后找下一个人？请写 for:'],
    ),
    (
        'remind: 50%',
        'only_during: dsk',
        ['review.yaml:25:18: steps.call.only_during: There are no hours "dsk"; did you mean "desk"?'],
        ['review.yaml:25:18: steps.call.only_during: 没有时段“dsk”; 是不是“desk”？'],
    ),
    (
        'remind: 50%',
        'signers: {need: 2, button: reach}',
        ['review.yaml:25:32: steps.call.signers.button: There is no button "reach"; did you mean "reached"?'],
        ['review.yaml:25:32: steps.call.signers.button: 没有按钮“reach”; 是不是“reached”？'],
    ),
    (
        '  contact_blocked: finish\n',
        '',
        ['review.yaml:25:5: steps.call.contacts_buyer: A step that contacts the buyer needs case.contact_blocked'],
        ['review.yaml:25:5: steps.call.contacts_buyer: 联系买家的步骤需要 case.contact_blocked'],
    ),
    (
        'finish_within: 4h',
        'finish_within: 4 hours',
        ['review.yaml:24:20: steps.call.finish_within: There is no setting "4 hours", and it is no duration; write 48h, 30m, 3d or 1h30m, or the name of a setting'],
        ['review.yaml:24:20: steps.call.finish_within: “4 hours”不是设置，也不是时长；请写 48h、30m、3d、1h30m，或者设置的名称'],
    ),
    (
        'finish_within: 4h',
        'finish_within: tries',
        ['review.yaml:24:20: steps.call.finish_within: The setting "tries" is no duration; write 48h, 30m, 3d or 1h30m there'],
        ['review.yaml:24:20: steps.call.finish_within: 设置“tries”不是时长，请在那里写 48h、30m、3d 或 1h30m'],
    ),
    (
        'finish_within: 4h',
        'finish_within: {by: severity, severe: 1h}',
        ['review.yaml:24:20: steps.call.finish_within: Nothing is said for normal; name them or write otherwise:'],
        ['review.yaml:24:20: steps.call.finish_within: normal 没有写，请补上或者写 otherwise:'],
    ),
    (
        'finish_within: 4h',
        'finish_within: {by: severty, severe: 1h, otherwise: 2h}',
        ['review.yaml:24:25: steps.call.finish_within.by: The case has no field "severty"; did you mean "severity"?'],
        ['review.yaml:24:25: steps.call.finish_within.by: 单子没有字段“severty”; 是不是“severity”？'],
    ),
    (
        'finish_within: 4h',
        'finish_within: {by: severity, sever: 1h, otherwise: 2h}',
        ['review.yaml:24:35: steps.call.finish_within.sever: The field "severity" has no option "sever"; did you mean "severe"?'],
        ['review.yaml:24:35: steps.call.finish_within.sever: 字段“severity”没有选项“sever”; 是不是“severe”？'],
    ),
    (
        'value: 48h,',
        'value: {by: nick, otherwise: 2h},',
        ['review.yaml:4:27: settings.wait_time.value.by: The field "nick" is no choice'],
        ['review.yaml:4:27: settings.wait_time.value.by: 字段“nick”不是选择题（choice）'],
    ),
    (
        '    finish_within: 4h\n',
        '',
        ['review.yaml:24:5: steps.call.remind.1: A reminder needs finish_within: or due:'],
        ['review.yaml:24:5: steps.call.remind.1: 提醒要和 finish_within: 或 due: 一起写'],
    ),
    (
        'remind: 50%',
        'remind: 150%',
        ['review.yaml:25:5: steps.call.remind.1: "150%" is no part of the time; write 1% to 99%'],
        ['review.yaml:25:5: steps.call.remind.1: “150%”不对，请写 1% 到 99%'],
    ),
    (
        'wait: wait_time',
        'wait: {until: nick}\n    starts_after: cal',
        [
            'review.yaml:4:3: settings.wait_time: Nothing uses the setting "wait_time"; write its name where the number stands, or remove it',
            'review.yaml:34:19: steps.pause.wait.until: "nick" is no date and no time',
            'review.yaml:35:5: steps.pause.starts_after.1: There is no step "cal"; did you mean "call"?',
        ],
        [
            'review.yaml:4:3: settings.wait_time: 没有用到设置“wait_time”; 在写数字的地方改写它的名称，或者删掉它',
            'review.yaml:34:19: steps.pause.wait.until: “nick”不是日期，也不是时间',
            'review.yaml:35:5: steps.pause.starts_after.1: 没有步骤“cal”; 是不是“call”？',
        ],
    ),
    (
        'wait: wait_time',
        "wait: {before: due_day}\n    about: '{{ settings.wait_time }}'",
        ['review.yaml:34:11: steps.pause.wait: How long before is missing; write by:'],
        ['review.yaml:34:11: steps.pause.wait: before 提前或推后多久？请写 by:'],
    ),
    (
        'needs: [note]',
        'needs: [nota]',
        ['review.yaml:30:36: steps.call.buttons.reached.needs.1: The form has no field "nota"; did you mean "note"?'],
        ['review.yaml:30:36: steps.call.buttons.reached.needs.1: 表单没有字段“nota”; 是不是“note”？'],
    ),
    (
        'type: long_text',
        'type: long_text, case_field: nik',
        ['review.yaml:28:54: steps.call.form.note.case_field: The case has no field "nik"; did you mean "nick"?'],
        ['review.yaml:28:54: steps.call.form.note.case_field: 单子没有字段“nik”; 是不是“nick”？'],
    ),
    (
        'type: long_text',
        'type: yes_no, case_field: nick',
        ['review.yaml:28:51: steps.call.form.note.case_field: This is of type yes_no, the case\'s field "nick" of type text'],
        ['review.yaml:28:51: steps.call.form.note.case_field: 这里的类型是 yes_no，单子的字段“nick”是 text'],
    ),
    (
        'type: long_text',
        'type: choice',
        ['review.yaml:28:7: steps.call.form.note: What can be chosen is missing; write of:'],
        ['review.yaml:28:7: steps.call.form.note: 没有选项，请写 of:'],
    ),
    (
        'type: long_text',
        'type: long_text, min: 3',
        ['review.yaml:28:42: steps.call.form.note.min: min is for numbers, times and rows; texts have min_length'],
        ['review.yaml:28:42: steps.call.form.note.min: min 用于数字、时间和表格；文字请用 min_length'],
    ),
    (
        'type: long_text',
        "type: long_text, pattern: '(a'",
        ['review.yaml:28:51: steps.call.form.note.pattern: This is no regular expression: missing ), unterminated subpattern at position 0'],
        ['review.yaml:28:51: steps.call.form.note.pattern: 正则表达式有误：missing ), unterminated subpattern at position 0'],
    ),
    (
        'type: long_text',
        'type: rows',
        ['review.yaml:28:7: steps.call.form.note: The columns of the rows are missing; write fields:'],
        ['review.yaml:28:7: steps.call.form.note: 表格没有列，请写 fields:'],
    ),
    (
        '      note:',
        '      done:',
        [
            'review.yaml:28:7: steps.call.form.done: "call.done" means something else in expressions; choose another name',
            'review.yaml:30:36: steps.call.buttons.reached.needs.1: The form has no field "note"',
        ],
        [
            'review.yaml:28:7: steps.call.form.done: “call.done”在表达式里有别的意思，请换个名称',
            'review.yaml:30:36: steps.call.buttons.reached.needs.1: 表单没有字段“note”',
        ],
    ),
    (
        '    nick:',
        '    pause:',
        [
            'review.yaml:9:10: case.buyer: There is no "nick" here',
            'review.yaml:13:5: case.fields.pause: There is a step "pause" too; expressions could not tell them apart',
        ],
        [
            'review.yaml:9:10: case.buyer: 这里没有“nick”',
            'review.yaml:13:5: case.fields.pause: 还有一个步骤也叫“pause”，表达式里分不清',
        ],
    ),
    (
        'needs: [note]',
        'sets: {severty: "\'severe\'"}',
        ['review.yaml:30:35: steps.call.buttons.reached.sets.severty: The case has no field "severty"; did you mean "severity"?'],
        ['review.yaml:30:35: steps.call.buttons.reached.sets.severty: 单子没有字段“severty”; 是不是“severity”？'],
    ),
    (
        'key: [order_no]',
        'key: [orderno]',
        ['review.yaml:7:9: case.key.1: The case has no field "orderno"; did you mean "order_no"?'],
        ['review.yaml:7:9: case.key.1: 单子没有字段“orderno”; 是不是“order_no”？'],
    ),
    (
        'key: [order_no]',
        'key: [order_no]\n  priority: {by: severity, of: {sever: high}}',
        ['review.yaml:8:33: case.priority.of.sever: The field "severity" has no option "sever"; did you mean "severe"?'],
        ['review.yaml:8:33: case.priority.of.sever: 字段“severity”没有选项“sever”; 是不是“severe”？'],
    ),
    (
        'form: {role: agent}',
        'webhook: {secret: s3cr3t}',
        ['review.yaml:17:23: start.1.webhook.secret: This must be the name of an environment variable, like MY_SHOP_SECRET; a secret never stands in a file'],
        ['review.yaml:17:23: start.1.webhook.secret: 这里要写环境变量的名称，例如 MY_SHOP_SECRET；密钥不能写在文件里'],
    ),
    (
        'form: {role: agent}',
        'form: {role: agent}\n    case: true',
        ['review.yaml:17:5: start.1: Exactly one of form, webhook, case, rows, schedule is needed'],
        ['review.yaml:17:5: start.1: form, webhook, case, rows, schedule 要写一个，也只能写一个'],
    ),
    (
        'end: closed',
        'end: closd',
        [
            'review.yaml:41:28: steps.finish.end: The end "closd" has no text under ends:; did you mean "closed"?',
            'review.yaml:43:3: ends.closed: No step ends with "closed"',
        ],
        [
            'review.yaml:41:28: steps.finish.end: 结束“closd”没有写在 ends: 下面; 是不是“closed”？',
            'review.yaml:43:3: ends.closed: 没有步骤以“closed”结束',
        ],
    ),
    (
        "severity == 'severe'",
        "severty == 'severe'",
        ['review.yaml:39:16: steps.choose.decide.1.when: There is no "severty" here; did you mean "severity"?'],
        ['review.yaml:39:16: steps.choose.decide.1.when: 这里没有“severty”; 是不是“severity”？'],
    ),
    (
        "severity == 'severe'",
        'severity == ',
        ["review.yaml:39:16: steps.choose.decide.1.when: This cannot be read: unexpected 'end of print statement'"],
        ['review.yaml:39:16: steps.choose.decide.1.when: 表达式有误：没有写完'],
    ),
    (
        "severity == 'severe'",
        '{{ severity }}',
        ['review.yaml:39:16: steps.choose.decide.1.when: This cannot be read: an expression is written without {{ }}'],
        ['review.yaml:39:16: steps.choose.decide.1.when: 表达式有误：表达式不用写 {{ }}'],
    ),
    (
        "severity == 'severe'",
        'call.nota',
        ['review.yaml:39:16: steps.choose.decide.1.when: There is no "call.nota"; did you mean "note"?'],
        ['review.yaml:39:16: steps.choose.decide.1.when: 没有“call.nota”; 是不是“note”？'],
    ),
    (
        "severity == 'severe'",
        'visits.cal > 1',
        ['review.yaml:39:16: steps.choose.decide.1.when: There is no "visits.cal"; did you mean "call"?'],
        ['review.yaml:39:16: steps.choose.decide.1.when: 没有“visits.cal”; 是不是“call”？'],
    ),
    (
        "severity == 'severe'",
        'settings.wait_tim',
        ['review.yaml:39:16: steps.choose.decide.1.when: There is no "settings.wait_tim"; did you mean "wait_time"?'],
        ['review.yaml:39:16: steps.choose.decide.1.when: 没有“settings.wait_tim”; 是不是“wait_time”？'],
    ),
    (
        "severity == 'severe'",
        "severity.lable == ''",
        ['review.yaml:39:16: steps.choose.decide.1.when: There is no "severity.lable"; did you mean "label"?'],
        ['review.yaml:39:16: steps.choose.decide.1.when: 没有“severity.lable”; 是不是“label”？'],
    ),
    (
        "severity == 'severe'",
        "nick.label == ''",
        ['review.yaml:39:16: steps.choose.decide.1.when: "nick" has no label: it is no choice'],
        ['review.yaml:39:16: steps.choose.decide.1.when: “nick”没有 label，它不是选择题（choice）'],
    ),
    (
        "severity == 'severe'",
        'severity|shout',
        ['review.yaml:39:16: steps.choose.decide.1.when: This cannot be read: there is no filter "shout"'],
        ['review.yaml:39:16: steps.choose.decide.1.when: 表达式有误：没有过滤器“shout”'],
    ),
    (
        '{{ severity.label }}',
        '{% set x = 1 %}',
        ['review.yaml:8:10: case.title: This cannot be read: only {{ }}, {% if %} and {% for %} can be used here'],
        ['review.yaml:8:10: case.title: 表达式有误：这里只能用 {{ }}、{% if %} 和 {% for %}'],
    ),
    (
        '{{ severity.label }}',
        '{{ nick }}',
        ['review.yaml:8:10: case.title: "nick" is personal data; titles and tags are seen in Prefect by everybody; use the order number or the case\'s ref'],
        ['review.yaml:8:10: case.title: “nick”是个人信息；标题和标签在 Prefect 里所有人都能看到; 可以用订单号或单号（case.ref）'],
    ),
    (
        'title: 等待',
        'title: 等待 {{ case.buyer }}',
        ['review.yaml:33:12: steps.pause.title: "case.buyer" is personal data; titles and tags are seen in Prefect by everybody; use the order number or the case\'s ref'],
        ['review.yaml:33:12: steps.pause.title: “case.buyer”是个人信息；标题和标签在 Prefect 里所有人都能看到; 可以用订单号或单号（case.ref）'],
    ),
    (
        'key: [order_no]',
        'key: [order_no]\n  tags: {熟客: "nick == \'张三\'"}',
        ['review.yaml:8:14: case.tags.熟客: "nick" is personal data; titles and tags are seen in Prefect by everybody; use the order number or the case\'s ref'],
        ['review.yaml:8:14: case.tags.熟客: “nick”是个人信息；标题和标签在 Prefect 里所有人都能看到; 可以用订单号或单号（case.ref）'],
    ),
    (
        'wait: wait_time',
        'wait: 48h',
        ['review.yaml:4:3: settings.wait_time: Nothing uses the setting "wait_time"; write its name where the number stands, or remove it'],
        ['review.yaml:4:3: settings.wait_time: 没有用到设置“wait_time”; 在写数字的地方改写它的名称，或者删掉它'],
    ),
)  # fmt: skip

BROKEN_SHOPS = (
    (
        'desk: desk',
        'desk: dsk',
        ['shop.yaml:3:28: roles.agent.desk: There are no hours "dsk"; did you mean "desk"?'],
        ['shop.yaml:3:28: roles.agent.desk: 没有时段“dsk”; 是不是“desk”？'],
    ),
    (
        '[agent]',
        '[agnt]',
        ['shop.yaml:6:29: people.li_na.roles.1: There is no role "agnt"; did you mean "agent"?'],
        ['shop.yaml:6:29: people.li_na.roles.1: 没有岗位“agnt”; 是不是“agent”？'],
    ),
    (
        '[agent]',
        '[agent], channels: [ding]',
        ['shop.yaml:6:48: people.li_na.channels.1: There is no channel "ding"'],
        ['shop.yaml:6:48: people.li_na.channels.1: 没有通知渠道“ding”'],
    ),
    (
        'work_item:',
        'workitem:',
        ['shop.yaml:10:3: messages.workitem: There is no message "workitem"; did you mean "work_item"?'],
        ['shop.yaml:10:3: messages.workitem: 没有“workitem”这种通知; 是不是“work_item”？'],
    ),
    (
        '{{ step.title }}',
        '{{ step.title',
        ["shop.yaml:10:22: messages.work_item.title: This cannot be read: unexpected end of template, expected 'end of print statement'"],
        ['shop.yaml:10:22: messages.work_item.title: 表达式有误：没有写完，少了 }}'],
    ),
    (
        'shop: 样例',
        'channels: {ding: {type: webhook, secret: abc}}',
        [
            'shop.yaml:1:12: channels.ding: "url" is missing',
            'shop.yaml:1:42: channels.ding.secret: This must be the name of an environment variable, like MY_SHOP_SECRET; a secret never stands in a file',
        ],
        [
            'shop.yaml:1:12: channels.ding: 少了“url”',
            'shop.yaml:1:42: channels.ding.secret: 这里要写环境变量的名称，例如 MY_SHOP_SECRET；密钥不能写在文件里',
        ],
    ),
)  # fmt: skip

BROKEN_FAMILIES = (
    (
        'shift.yaml',
        'chats: {who: {role: agent}, buttons: {ok: {label: 好, go_to: meet}}}',
        'chats: {who: {role: agent}, buttons: {ok: {label: 好, go_to: finish}}}',
        [
            'shift.yaml:6:29: steps.split.parallel.2: This path never comes to its join "meet"',
            'shift.yaml:8:63: steps.chats.buttons.ok.go_to: This leaves the parallel path; it can only end in its join "meet"',
        ],
        [
            'shift.yaml:6:29: steps.split.parallel.2: 这条路走不到汇合“meet”',
            'shift.yaml:8:63: steps.chats.buttons.ok.go_to: 这里离开了并行的路，只能走到汇合“meet”',
        ],
    ),
    (
        'shift.yaml',
        'chats: {who: {role: agent}, buttons: {ok: {label: 好, go_to: meet}}}',
        'chats: {who: {role: agent}, buttons: {ok: {label: 好, go_to: stock}}}',
        ['shift.yaml:6:29: steps.split.parallel.2: The step "stock" is in two parallel paths; each path has its own steps'],
        ['shift.yaml:6:29: steps.split.parallel.2: 步骤“stock”同时在两条并行的路里，每条路要用自己的步骤'],
    ),
    (
        'shift.yaml',
        'go_to: finish',
        'go_to: stock}, no: {label: 不, go_to: finish',
        ['shift.yaml:10:61: steps.sign.buttons.ok.go_to: This leads into a parallel path from outside; only "split" can begin it'],
        ['shift.yaml:10:61: steps.sign.buttons.ok.go_to: 这里从外面走进并行的路，只能由“split”开始'],
    ),
    (
        'shift.yaml',
        'go_to: finish',
        'go_to: meet}, no: {label: 不, go_to: finish',
        ['shift.yaml:10:61: steps.sign.buttons.ok.go_to: Only the parallel paths of "split" lead to this join'],
        ['shift.yaml:10:61: steps.sign.buttons.ok.go_to: 只有“split”的并行的路可以走到这个汇合'],
    ),
    (
        'shift.yaml',
        'needs: all',
        'needs: 3',
        ['shift.yaml:9:17: steps.meet.needs: There are 2 paths; so many can be needed, and at least one'],
        ['shift.yaml:9:17: steps.meet.needs: 一共 2 条路，needs 只能是 1 到 2'],
    ),
    (
        'shift.yaml',
        'join: meet',
        'join: sign',
        [
            'shift.yaml:6:43: steps.split.join: The step "sign" is no join; it needs needs:',
            'shift.yaml:9:3: steps.meet: No parallel step names this as its join',
        ],
        [
            'shift.yaml:6:43: steps.split.join: 步骤“sign”不是汇合，汇合要写 needs:',
            'shift.yaml:9:3: steps.meet: 没有并行步骤把这里写成 join',
        ],
    ),
    (
        'parent.yaml',
        'process: shift,',
        'process: shft,',
        ['parent.yaml:7:25: steps.below.sub_case.process: There is no process "shft"; did you mean "shift"?'],
        ['parent.yaml:7:25: steps.below.sub_case.process: 没有流程“shft”; 是不是“shift”？'],
    ),
    (
        'parent.yaml',
        '{day: a}',
        '{dat: a}',
        [
            'parent.yaml:7:32: steps.below.sub_case.data: The process "shift" requires the field "day"',
            'parent.yaml:7:39: steps.below.sub_case.data.dat: The process "shift" has no field "dat"; did you mean "day"?',
        ],
        [
            'parent.yaml:7:32: steps.below.sub_case.data: 流程“shift”必须有字段“day”',
            'parent.yaml:7:39: steps.below.sub_case.data.dat: 流程“shift”没有字段“dat”; 是不是“day”？',
        ],
    ),
    (
        'parent.yaml',
        'signed: tell',
        'sigend: tell',
        ['parent.yaml:8:15: steps.below.results.sigend: The process "shift" has no end "sigend"; did you mean "signed"?'],
        ['parent.yaml:8:15: steps.below.results.sigend: 流程“shift”没有结束“sigend”; 是不是“signed”？'],
    ),
    (
        'parent.yaml',
        '{day: a}}',
        '{day: a}, wait: no}',
        ['parent.yaml:8:5: steps.below.results: results: has no meaning with wait: no'],
        ['parent.yaml:8:5: steps.below.results: 写了 wait: no，results: 就没有意义'],
    ),
    (
        'shift.yaml',
        '[{case: true}]',
        '[{form: {role: agent}}]',
        ['parent.yaml:7:25: steps.below.sub_case.process: The process "shift" cannot be started by a case; it needs start: case: yes'],
        ['parent.yaml:7:25: steps.below.sub_case.process: 流程“shift”不能由别的单子启动，它的 start: 要有 case: yes'],
    ),
    (
        'parent.yaml',
        'https://erp',
        'https://me:secret@erp',
        ['parent.yaml:15:12: steps.send.call.url: This must be an address with http:// or https:// and without a password, or the name of an environment variable'],
        ['parent.yaml:15:12: steps.send.call.url: 这里要写 http:// 或 https:// 开头、不带密码的地址，或者环境变量的名称'],
    ),
    (
        'parent.yaml',
        '["{{ a }}"]',
        '["{{ b }}"]',
        ['parent.yaml:16:22: steps.send.call.body.lines.1: There is no "b" here'],
        ['parent.yaml:16:22: steps.send.call.body.lines.1: 这里没有“b”'],
    ),
    (
        'parent.yaml',
        '{a: response.id}',
        '{a: respons.id}',
        ['parent.yaml:17:17: steps.send.call.save.a: There is no "respons" here; did you mean "response"?'],
        ['parent.yaml:17:17: steps.send.call.save.a: 这里没有“respons”; 是不是“response”？'],
    ),
    (
        'parent.yaml',
        '{a: response.id}',
        '{b: response.id}',
        ['parent.yaml:17:14: steps.send.call.save.b: The case has no field "b"'],
        ['parent.yaml:17:14: steps.send.call.save.b: 单子没有字段“b”'],
    ),
)  # fmt: skip


def test_what_is_whole_has_no_problems() -> None:
    files = {"a.yaml": REVIEW, "b.yaml": PARALLEL, "c.yaml": PARENT, "shop.yaml": SHOP}

    assert sorted(load(files).processes) == ["parent", "review", "shift"]


@pytest.mark.parametrize(("old", "new", "english", "chinese"), BROKEN_PROCESSES)
def test_a_process_that_would_not_work_is_refused(
    old: str, new: str, english: list[str], chinese: list[str]
) -> None:
    assert review(old, new) == english
    assert review(old, new, "zh") == chinese


@pytest.mark.parametrize(("old", "new", "english", "chinese"), BROKEN_SHOPS)
def test_a_shop_that_would_not_work_is_refused(
    old: str, new: str, english: list[str], chinese: list[str]
) -> None:
    assert shop(old, new) == english
    assert shop(old, new, "zh") == chinese


@pytest.mark.parametrize(("file", "old", "new", "english", "chinese"), BROKEN_FAMILIES)
def test_parallel_paths_sub_cases_and_calls_are_checked(
    file: str, old: str, new: str, english: list[str], chinese: list[str]
) -> None:
    assert family(file, old, new) == english
    assert family(file, old, new, "zh") == chinese


ALLOWED = (
    # a window and a time limit together
    ("remind: 50%", "only_during: desk"),
    # a loop through a person needs no limit, a loop through a wait neither
    ("again: tries, then: finish}", "again: tries, then: pause}"),
    # a decision that loops with a limit
    ("go_to: call}", "go_to: choose, at_most: tries, then: finish}"),
    # the names an expression may use
    ("severity == 'severe'", "call.done and call.by_id and visits.call > settings.tries"),
    ("severity == 'severe'", "now > case.opened_at and not contact_blocked and call.note"),
    ("severity == 'severe'", "severity.label in ['严重'] and order_no | tail(4)"),
    ("{{ severity.label }}", "{% if due_day %}{{ due_day | moment }}{% endif %}"),
    ("{{ severity.label }}", "{% for each in [order_no] %}{{ each }}{{ loop.index }}{% endfor %}"),
    # a date written out as a bound is no expression
    ("type: date}", "type: date, min: 2026-01-01, max: now}"),
    ("wait: wait_time", "wait: {before: due_day, by: wait_time}"),
    ("wait: wait_time", "wait: {event: paid, at_most: wait_time, since: call}\n    happened: finish"),
    ("finish_within: 4h", "finish_within: {by: severity, severe: 1h, normal: 4h}"),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new"), ALLOWED)
def test_what_ops_may_write(old: str, new: str) -> None:
    assert review(old, new) == []


def test_a_nested_pair_of_parallel_paths_is_allowed() -> None:
    nested = changed(PARALLEL, "  stock: {who: {role: agent}, buttons: {ok: {label: 好, go_to: meet}}}", """\
  stock: {parallel: [left, right], join: both}
  left: {wait: 1h, time_up: both}
  right: {wait: 2h, time_up: both}
  both: {needs: any, go_to: meet}""")  # fmt: skip

    assert problems({"shift.yaml": nested, "shop.yaml": SHOP}) == []


def test_a_parallel_step_may_be_done_again() -> None:
    assert (
        family("shift.yaml", "go_to: finish", "go_to: split}, no: {label: 不, go_to: finish") == []
    )


def test_a_long_circle_of_automatic_steps_is_named_whole() -> None:
    round_trip = changed(
        PARENT,
        "save: {a: response.id}\n    go_to: finish",
        "save: {a: response.id}\n    go_to: tell",
    )

    assert problems({"parent.yaml": round_trip, "shift.yaml": PARALLEL, "shop.yaml": SHOP}) == [
        'parent.yaml:10:3: steps.tell: From the step "tell" no way leads to an end',
        "parent.yaml:10:3: steps.tell: These steps go round without a wait, a person or a limit: tell → send → tell",
        'parent.yaml:13:3: steps.send: From the step "send" no way leads to an end',
    ]


def test_a_broken_step_does_not_hide_the_problems_of_the_others() -> None:
    broken = changed(REVIEW, "wait: wait_time", "wait: [48h]")

    assert problems(
        {"r.yaml": changed(broken, "severity == 'severe'", "severty"), "s.yaml": SHOP}
    ) == [
        "r.yaml:34:11: steps.pause.wait: A text is wanted here",
        'r.yaml:39:16: steps.choose.decide.1.when: There is no "severty" here; did you mean "severity"?',
    ]
