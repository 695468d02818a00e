"""After-sales cases: how old the open ones are; rounds and satisfaction of the closed ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from statistics import median

from jieli.store.reports.asked import Asked, CaseFacts, cases_of
from jieli.store.reports.values import Cell, Chart, Column, Report, Series, Table, share
from jieli.texts import text

PROCESS = "after_sales"
OLDEST = 20
_DAY = timedelta(days=1)


def ageing(asked: Asked) -> Report:
    """How old the open cases are, now."""
    found = cases_of(asked, [PROCESS], statuses=["open"])
    bands = _bands()
    by_class = _by(found, lambda each: _class(asked, each))
    rows: list[tuple[Cell, ...]] = [
        (name, *_in_bands(asked, own, bands), len(own)) for name, own in by_class.items()
    ]
    together = _in_bands(asked, found, bands)
    return Report(
        name="ageing",
        title=text("Age of open after-sales cases"),
        about=text("From the day a case was opened until now."),
        tables=(
            Table(
                title=text("By class and age"),
                columns=(
                    Column(text("Class"), "text"), *(Column(label) for label, _ in bands),
                    Column(text("Together")),
                ),
                rows=tuple(rows),
                total=(text("Together"), *together, len(found)),
            ),
            _oldest(asked, found),
        ),
        charts=(
            Chart(
                title=text("Open after-sales cases by age"), kind="bars",
                labels=tuple(label for label, _ in bands),
                series=(Series(text("Cases"), tuple(map(float, together))),),
            ),
        ),
    )  # fmt: skip


def rounds(asked: Asked) -> Report:
    """How many rounds the cases closed in the month took, and whether the customers are content."""
    found = cases_of(asked, [PROCESS], by="closed", statuses=["completed"])
    by_class = _by(found, lambda each: _class(asked, each))
    counted = Counter(min(_round(each), 4) for each in found)
    labels = (*(text("{n} rounds", n=n) for n in (1, 2, 3)), text("4 and more"))
    return Report(
        name="rounds",
        title=text("After-sales rounds and satisfaction"),
        about=text("Cases closed in the month. Content: of those who said so either way."),
        tables=(
            Table(
                title=text("By class"),
                columns=(
                    Column(text("Class"), "text"), Column(text("Closed")),
                    Column(text("Rounds on average")), Column(text("Solved in one round"), "share"),
                    Column(text("Content")), Column(text("Not content")),
                    Column(text("Could not be asked")), Column(text("Content"), "share"),
                    Column(text("Days until closed (median)")),
                ),
                rows=tuple((name, *_measures(own)) for name, own in by_class.items()),
                total=(text("Together"), *_measures(found)),
            ),
            _ends(asked, found),
        ),
        charts=(
            Chart(
                title=text("Closed cases by rounds"), kind="bars", labels=labels,
                series=(Series(text("Cases"), tuple(float(counted[n]) for n in (1, 2, 3, 4))),),
            ),
        ),
    )  # fmt: skip


def _bands() -> list[tuple[str, timedelta]]:
    return [
        (text("up to 1 day"), _DAY), (text("1 to 3 days"), 3 * _DAY),
        (text("3 to 7 days"), 7 * _DAY), (text("7 to 14 days"), 14 * _DAY),
        (text("over 14 days"), timedelta.max),
    ]  # fmt: skip


def _in_bands(
    asked: Asked, found: Iterable[CaseFacts], bands: list[tuple[str, timedelta]]
) -> list[int]:
    counted: Counter[str] = Counter()
    for each in found:
        age = asked.now - each.opened_at
        counted[next(label for label, most in bands if age <= most)] += 1
    return [counted[label] for label, _ in bands]


def _oldest(asked: Asked, found: list[CaseFacts]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (each.ref, each.title, _class(asked, each), _round(each), (asked.now - each.opened_at) // _DAY,
         each.due_at, asked.context.label(each.owner))
        for each in found[:OLDEST]
    ]  # fmt: skip
    return Table(
        title=text("The oldest"),
        columns=(
            Column(text("No."), "case"), Column(text("Case"), "text", personal=True),
            Column(text("Class"), "text"),
            Column(text("Round")), Column(text("Days")), Column(text("Due"), "moment"),
            Column(text("Owner"), "text", personal=True),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _measures(found: list[CaseFacts]) -> tuple[Cell, ...]:
    content = sum(1 for each in found if _content(each) is True)
    unhappy = sum(1 for each in found if _content(each) is False)
    taken = [(each.closed_at - each.opened_at) / _DAY for each in found if each.closed_at]
    return (
        len(found),
        round(sum(map(_round, found)) / len(found), 1) if found else None,
        share(sum(1 for each in found if _round(each) == 1), len(found)),
        content, unhappy, len(found) - content - unhappy, share(content, content + unhappy),
        round(median(taken), 1) if taken else None,
    )  # fmt: skip


def _ends(asked: Asked, found: list[CaseFacts]) -> Table:
    counted = Counter(each.result or "" for each in found)
    return Table(
        title=text("By result"),
        columns=(Column(text("Result"), "text"), Column(text("Cases")), Column(text("of all"), "share")),
        rows=tuple(
            (asked.end(PROCESS, result), count, share(count, len(found)))
            for result, count in counted.most_common()
        ),
    )  # fmt: skip


def _by(
    found: Iterable[CaseFacts], key: Callable[[CaseFacts], str]
) -> dict[str, list[CaseFacts]]:
    groups: dict[str, list[CaseFacts]] = {}
    for each in found:
        groups.setdefault(key(each), []).append(each)
    return dict(sorted(groups.items()))


def _class(asked: Asked, each: CaseFacts) -> str:
    given = each.data.get("kind")
    return asked.label(PROCESS, "kind", given) if given else text("Not classed")


def _round(each: CaseFacts) -> int:
    given = each.data.get("round")
    return int(given) if isinstance(given, int | float) and given >= 1 else 1


def _content(each: CaseFacts) -> bool | None:
    return _SAID.get(str(each.data.get("satisfied")).lower())


# What a yes/no or a choice field holds, as definitions name their options.
_SAID = {
    "true": True, "yes": True, "satisfied": True, "content": True,
    "false": False, "no": False, "unsatisfied": False, "dissatisfied": False, "not_satisfied": False,
}  # fmt: skip
