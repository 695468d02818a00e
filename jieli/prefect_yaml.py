"""Writes prefect.yaml from what is published, so that nobody keeps two lists. Deploys nothing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from jieli.deploying import (
    CALENDAR_ENTRYPOINT,
    CASE_ENTRYPOINT,
    CLOCK_ENTRYPOINT,
    CLOCK_SECONDS,
    REPORTS_CRON,
    REPORTS_ENTRYPOINT,
    REPORTS_FLOW,
    Wanted,
    calendar_name,
)
from jieli.prefect_rest import slug_of

_HEAD = """\
# What Prefect runs: one deployment for each shipped process, one more for each that the calendar
# starts, the clock, and the reports. Written by `jieli deploy --yaml > prefect.yaml`.
# `prefect deploy --all` makes what `make up`, `jieli publish` and `jieli deploy` keep as published.
name: jieli
prefect-version: {prefect}

pull: []   # the flows are installed with the worker

definitions:
  cases: &cases {{name: jieli, work_queue_name: cases}}
  clock: &clock {{name: jieli, work_queue_name: clock}}

deployments:
"""


def as_yaml(wanted: Wanted) -> str:
    """The whole file."""
    parts = [_case(name, title) for name, title in wanted.titles.items()]
    parts += [_calendar(process, wanted) for process in wanted.crons]
    parts.append(_entry(
        "clock", "定时器、提醒、补漏", CLOCK_ENTRYPOINT, "clock",
        schedules=[f"{{interval: {CLOCK_SECONDS}, active: true, slug: every-minute}}"],
    ))  # fmt: skip
    parts.append(_entry(
        REPORTS_FLOW, "每天早上的报表，没有个人信息", REPORTS_ENTRYPOINT, "cases",
        schedules=[_cron(REPORTS_CRON, wanted)],
    ))  # fmt: skip
    return _HEAD.format(prefect=version("prefect")) + "\n".join(parts)


def _case(process: str, title: str) -> str:
    return _entry(process, title, CASE_ENTRYPOINT, "cases", tag=process, checked=True)


def _calendar(process: str, wanted: Wanted) -> str:
    return _entry(
        calendar_name(process), f"按日历开单：{wanted.titles[process]}", CALENDAR_ENTRYPOINT,
        "cases", tag=process, parameters=f"{{process: {process}}}",
        schedules=[_cron(line, wanted) for line in wanted.crons[process]],
    )  # fmt: skip


def _cron(line: str, wanted: Wanted) -> str:
    return f'{{cron: "{line}", timezone: {wanted.timezone}, active: true, slug: {slug_of(line)}}}'


def _entry(
    name: str, description: str, entrypoint: str, pool: str, *, tag: str | None = None,
    checked: bool = False, parameters: str | None = None, schedules: list[str] | None = None,
) -> str:  # fmt: skip
    def lines() -> Iterator[str]:
        yield f"  - name: {name}"
        yield f"    description: {description}"
        yield f"    entrypoint: {entrypoint}"
        if tag:
            yield f'    tags: ["process:{tag}"]'
        if parameters:
            yield f"    parameters: {parameters}"
        yield f"    work_pool: *{pool}"
        if checked:
            yield "    enforce_parameter_schema: true"
        if schedules:
            yield "    schedules:"
            yield from (f"      - {each}" for each in schedules)

    return "\n".join(lines()) + "\n"
