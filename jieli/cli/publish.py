"""`jieli migrate`, `jieli publish`, `jieli deploy`: bring definitions into the store and Prefect."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from pathlib import Path

import click

from jieli.cli.check import read
from jieli.cli.printing import as_json
from jieli.cli.stored import store
from jieli.deploying import Wanted, deploy_all, published, wanted_of
from jieli.engine.loader import load
from jieli.prefect_rest import PrefectRest
from jieli.prefect_yaml import as_yaml
from jieli.settings import Settings
from jieli.store import database as databases
from jieli.store import definitions
from jieli.store.times import business_now
from jieli.texts import text


@click.command()
def migrate() -> None:
    """Bring the store's tables up to this version of Jieli."""
    with store() as database:
        databases.migrate(database)


@click.command()
@click.argument("directory", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--reason", default="", help="Why; kept with the version.")
@click.option("--json", "json_", is_flag=True, help="Print the versions as JSON.")
def publish(directory: Path | None, reason: str, json_: bool) -> None:
    """Publish the definitions: new versions for new cases; running cases keep theirs."""
    library = load(read((directory or Settings().definitions_dir,)))
    with store() as database:
        databases.migrate(database)
        with database.write() as conn:
            made = definitions.publish(
                conn, library, author=getpass.getuser(), reason=reason, now=business_now(conn)
            )
    if json_:
        as_json([asdict(each) for each in made])
        return
    for each in made:
        words = (
            "{process} version {version}"
            if each.created
            else "{process} version {version}, as before"
        )
        click.echo(text(words, process=each.process, version=each.version))


def publish_shipped(settings: Settings) -> Wanted:
    """Migrate and publish the definitions folder; returns what Prefect needs to know of it."""
    library = load(read((settings.definitions_dir,)))
    with store(settings) as database:
        databases.migrate(database)
        with database.write() as conn:
            definitions.publish(
                conn, library, author=getpass.getuser(), reason="jieli up", now=business_now(conn)
            )
        with database.read() as conn:
            return published(conn)


@click.command()
@click.option("--yaml", "yaml_", is_flag=True, help="Only print prefect.yaml for the definitions.")
def deploy(yaml_: bool) -> None:
    """Make or mend Prefect's pool, queues, deployments and schedules."""
    settings = Settings()
    if yaml_:
        library = load(read((settings.definitions_dir,)))
        click.echo(as_yaml(wanted_of(library.processes.values(), library.context)), nl=False)
        return
    prefect = PrefectRest(settings.prefect_api_url, auth=settings.prefect_auth)
    with store(settings) as database, database.read() as conn:
        wanted = published(conn)
    for name in deploy_all(prefect, settings.work_pool, wanted, pool_type=settings.worker_type):
        click.echo(name)
