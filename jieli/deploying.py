"""Keeps Prefect's pool, queues, deployments and schedules as published. Runs nothing itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from jieli.engine.context import Context
from jieli.engine.definition import Process
from jieli.engine.occurrences import crons
from jieli.prefect_rest import (
    CASE_QUEUE,
    CLOCK_QUEUE,
    FLOW_NAME,
    DeploymentState,
    PrefectRest,
    cron,
)
from jieli.store import definitions, marks

CASE_ENTRYPOINT = "flows.run_case:run_case"
CLOCK_ENTRYPOINT = "flows.clock:clock"
CALENDAR_ENTRYPOINT = "flows.start_by_calendar:start_by_calendar"
CALENDAR_FLOW = "start-by-calendar"
REPORTS_FLOW = "reports"
REPORTS_ENTRYPOINT = "flows.reports:reports"
REPORTS_CRON = "40 8 * * *"
CLOCK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is published, as Prefect needs it: titles by process, crons by scheduled process."""

    titles: Mapping[str, str]
    crons: Mapping[str, Sequence[str]]
    timezone: str

    @property
    def calendars(self) -> dict[str, str]:
        """The deployments of the scheduled processes: name -> process."""
        return {calendar_name(process): process for process in self.crons}


def wanted_of(processes: Iterable[Process], context: Context) -> Wanted:
    """What Prefect needs to know of these processes."""
    known = sorted(processes, key=lambda each: each.process)
    lines = {each.process: _crons(each, context) for each in known}
    return Wanted(
        titles={each.process: each.title for each in known},
        crons={process: found for process, found in lines.items() if found},
        timezone=context.calendar.timezone,
    )


def published(connection: Connection) -> Wanted:
    """What is published now; raises ProcessNotFound before anything was."""
    _, context = definitions.current_context(connection)
    known = definitions.latest_definitions(connection)
    return wanted_of((each.process for each in known.values()), context)


def _crons(process: Process, context: Context) -> list[str]:
    found = marks.schedules_of(process).values()
    return list(dict.fromkeys(line for each in found for line in crons(each, context)))


def calendar_name(process: str) -> str:
    """The deployment that begins a process by the calendar."""
    return f"{process}-calendar"


def deploy_all(prefect: PrefectRest, pool: str, wanted: Wanted, *, pool_type: str) -> list[str]:
    """Make or mend everything a published process needs; doing it twice changes nothing."""
    prefect.ensure_pool(pool, pool_type)
    for process, title in wanted.titles.items():
        prefect.ensure_deployment(
            process, flow=FLOW_NAME, entrypoint=CASE_ENTRYPOINT, pool=pool, queue=CASE_QUEUE,
            tags=[f"process:{process}"], description=title,
        )  # fmt: skip
    for process in wanted.crons:
        _deploy_calendar(prefect, pool, wanted, process)
    _drop_unpublished(prefect, wanted, prefect.deployments_of(CALENDAR_FLOW))
    prefect.ensure_deployment(
        "clock", flow="clock", entrypoint=CLOCK_ENTRYPOINT, pool=pool, queue=CLOCK_QUEUE,
        description="定时器、提醒、补漏", every_seconds=CLOCK_SECONDS,
    )  # fmt: skip
    prefect.ensure_deployment(
        REPORTS_FLOW, flow=REPORTS_FLOW, entrypoint=REPORTS_ENTRYPOINT, pool=pool, queue=CASE_QUEUE,
        description="每天早上的报表，没有个人信息", schedules=[cron(REPORTS_CRON, wanted.timezone)],
    )  # fmt: skip
    prefect.forget_deployments()
    return [*wanted.titles, *wanted.calendars, "clock", REPORTS_FLOW]


def mend(prefect: PrefectRest, pool: str, wanted: Wanted, *, pool_type: str) -> list[str]:
    """Restore what somebody deleted or paused; a look that finds all in order writes nothing."""
    known = {**prefect.deployments_of(FLOW_NAME), **prefect.deployments_of("clock"),
             **prefect.deployments_of(REPORTS_FLOW)}  # fmt: skip
    found = {name: known.get(name) for name in [*wanted.titles, "clock", REPORTS_FLOW]}
    if None in found.values() or not prefect.has_pool(pool, (CASE_QUEUE, CLOCK_QUEUE)):
        deploy_all(prefect, pool, wanted, pool_type=pool_type)
        return ["deployments, pool or queues were missing"]
    paused = {name: state for name, state in found.items() if state and not state.is_active}
    for state in paused.values():
        prefect.unpause(state)
    return [f"deployment {name} was paused" for name in paused] + _mend_calendars(
        prefect, pool, wanted
    )


def _mend_calendars(prefect: PrefectRest, pool: str, wanted: Wanted) -> list[str]:
    """The calendar's deployments, in one request: missing, paused, changed, or no longer wanted."""
    lines = []
    found = prefect.deployments_of(CALENDAR_FLOW)
    for name, process in wanted.calendars.items():
        state = found.get(name)
        if state is None or not state.is_active or set(state.crons) != set(wanted.crons[process]):
            _deploy_calendar(prefect, pool, wanted, process)
            lines.append(f"deployment {name} was not as published")
    return lines + _drop_unpublished(prefect, wanted, found)


def _drop_unpublished(
    prefect: PrefectRest, wanted: Wanted, found: Mapping[str, DeploymentState]
) -> list[str]:
    gone = sorted(found.keys() - wanted.calendars.keys())
    for name in gone:
        prefect.delete_deployment(found[name].id)
    return [f"deployment {name} is no longer published" for name in gone]


def _deploy_calendar(prefect: PrefectRest, pool: str, wanted: Wanted, process: str) -> None:
    prefect.ensure_deployment(
        calendar_name(process), flow=CALENDAR_FLOW, entrypoint=CALENDAR_ENTRYPOINT, pool=pool,
        queue=CASE_QUEUE, tags=[f"process:{process}"],
        description=f"按日历开单：{wanted.titles.get(process, process)}",
        parameters={"process": process},
        schedules=[cron(line, wanted.timezone) for line in wanted.crons[process]],
    )  # fmt: skip
