"""Parked runs in bulk: copies, in Prefect's own database, of one run that its API made.

By the API a run takes 30 ms on PostgreSQL and, with a worker polling, up to seconds on SQLite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import Connection, create_engine, event, inspect, text

from jieli.cli.up import prefect_environment
from jieli.prefect_rest import PrefectRest
from jieli.settings import Settings

CHUNK = 200
OWN = {
    "flow_run": ("id", "name", "parameters", "idempotency_key", "state_id"),
    "flow_run_state": ("id", "flow_run_id", "state_details"),
}


def make(
    settings: Settings, prefect: PrefectRest, process: str, case_ids: Sequence[str]
) -> dict[str, str]:
    """Make a Suspended run for each case; returns the runs by case."""
    template = _template(prefect, process)
    made: dict[str, str] = {}
    for first in range(0, len(case_ids), CHUNK):
        few = {case: str(uuid4()) for case in case_ids[first : first + CHUNK]}
        with _prefect_database(settings) as connection:
            _copy(connection, template, few)
        made |= few
    return made


def _template(prefect: PrefectRest, process: str) -> str:
    state = {
        "type": "PAUSED", "name": "Suspended", "message": "等待",
        "state_details": {"pause_reschedule": True, "pause_key": uuid4().hex},
    }  # fmt: skip
    body = {
        "name": "bench", "parameters": {"case_id": "none"}, "state": state,
        "idempotency_key": f"bench:{uuid4()}", "tags": [f"process:{process}"],
    }  # fmt: skip
    deployment = prefect.deployment(process)
    made = prefect.call("POST", f"/deployments/{deployment}/create_flow_run", body)
    return str(made["id"])


@contextmanager
def _prefect_database(settings: Settings) -> Iterator[Connection]:
    address = prefect_environment(settings)["PREFECT_SERVER_DATABASE_CONNECTION_URL"]
    url = address.replace("+aiosqlite", "").replace("+asyncpg", "+psycopg")
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def patient(connection: object, _: object) -> None:
            connection.isolation_level = None  # type: ignore[attr-defined]
            connection.execute("PRAGMA busy_timeout = 60000")  # type: ignore[attr-defined]

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _copy(connection: Connection, template: str, runs: dict[str, str]) -> None:
    is_postgres = connection.dialect.name == "postgresql"
    uuid, json = ("CAST({} AS UUID)", "CAST({} AS JSONB)") if is_postgres else ("{}", "{}")
    run, state, old = (uuid.format(name) for name in (":run", ":state", ":old"))
    details = json.format("REPLACE(CAST(state_details AS TEXT), :old_text, :run_text)")
    parameters = json.format(":parameters")
    rest = {table: ", ".join(_others(connection, table)) for table in OWN}
    statements = (
        f"INSERT INTO flow_run (id, name, parameters, idempotency_key, {rest['flow_run']}) "  # noqa: S608
        f"SELECT {run}, :name, {parameters}, :key, {rest['flow_run']} "
        f"FROM flow_run WHERE id = {old}",
        f"INSERT INTO flow_run_state (id, flow_run_id, state_details, {rest['flow_run_state']}) "  # noqa: S608
        f"SELECT {state}, {run}, {details}, {rest['flow_run_state']} "
        f"FROM flow_run_state WHERE flow_run_id = {old} AND type = 'PAUSED'",
        f"UPDATE flow_run SET state_id = {state} WHERE id = {run}",  # noqa: S608
    )
    rows = [
        {
            "run": made, "run_text": made, "state": str(uuid4()), "old": template,
            "old_text": template, "name": f"bench {case[:6]}", "key": f"case:{case}:1",
            "parameters": f'{{"case_id": "{case}"}}',
        }
        for case, made in runs.items()
    ]  # fmt: skip
    for statement in statements:
        connection.execute(text(statement), rows)


def _others(connection: Connection, table: str) -> list[str]:
    columns = inspect(connection).get_columns(table)
    return [
        f'"{column["name"]}"' for column in columns
        if column["name"] not in OWN[table] and not column.get("computed")
    ]  # fmt: skip
