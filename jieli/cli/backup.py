"""`jieli backup` and `jieli restore`: the whole store in one file, between SQLite and PostgreSQL too."""

from __future__ import annotations

from pathlib import Path

import click

from jieli.cli.stored import store
from jieli.store import backup as backups
from jieli.store.database import migrate


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(file: Path) -> None:
    """Write the whole store into FILE; works while everything runs."""
    with store() as database:
        backups.backup(database, file)
    click.echo(str(file))


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore(file: Path) -> None:
    """Fill an empty store from FILE."""
    with store() as database:
        migrate(database)
        backups.restore(file, database)
    click.echo(str(file))
