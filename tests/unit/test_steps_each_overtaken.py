"""Steps done for each of a list, beside a deadline that does not wait for all of them."""

from __future__ import annotations

from tests.story import Story
from tests.unit.toys import toy

GATHER = """
gather: {parallel: [ask, last_call], join: gathered}
ask:
  who: {people: item}
  each: roles.presales
  go_to: gathered
  form: {said: {label: 说明}}
  buttons: {done: {label: 完成}}
last_call: {wait: 2h, time_up: gathered}
gathered: {needs: any, go_to: any}
any: {decide: [{when: ask.each, go_to: look}, {otherwise: look}]}
look:
  title: "{{ ask.each | length }}：{{ ask.each | map(attribute='said') | join('，') }}"
  about: >-
    {% for one in roles.presales if one not in ask.each | map(attribute='item') | list %}
    {{ one.label }}{% endfor %}
  who: {role: supervisor}
  buttons: {again: {label: 再来, go_to: gather, at_most: 3, then: finished}}
finished: {end: done}
"""


def done(story: Story, person: str, said: str) -> Story:
    """The element of that person is done."""
    assert story.state
    visit = next(each for each in story.state.visits.values() if each.item == person)
    return story.press_visit(visit, "done", person, said=said)


def test_what_had_arrived_stays_known_when_a_deadline_overtakes_the_others() -> None:
    story = toy(GATHER)
    done(story, "he_jing", "我的").wait("2h")
    assert story.waits_for == ["look"] and story.open("look").title == "1：我的"
    assert "马超" in story.messages("work_item")[-1].text
    # The next round begins with nothing, also if nobody at all does it.
    story.press("look", "again", "zhang_wei").wait("2h")
    assert story.open("look").title == "0：" and story.replayed() == story.state


def test_all_of_them_are_faster_than_the_deadline() -> None:
    story = toy(GATHER)
    for person in ("he_jing", "ma_chao"):
        done(story, person, person)
    assert story.open("look").title == "2：he_jing，ma_chao" and story.waits_for == ["look"]
