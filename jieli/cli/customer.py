"""`jieli customer`: what is known of one customer, handed out or deleted on request."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import click

from jieli.cli.stored import store
from jieli.engine.errors import JieliError
from jieli.settings import Settings
from jieli.store import customers, files
from jieli.store.blobs import blobs_of
from jieli.store.times import business_now
from jieli.texts import text


class CustomerNotFound(JieliError):
    """Nobody called {buyer} is known here."""


@click.group()
def customer() -> None:
    """One customer across all cases: personal data handed out or deleted."""


@customer.command()
@click.argument("buyer")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default="customer.zip")
def export(buyer: str, out: Path) -> None:
    """Write everything about BUYER (account, name or number) into a zip file."""
    settings = Settings()
    blobs = blobs_of(settings)
    with store(settings) as database:
        told, uploads = database.run(
            lambda conn: customers.export(conn, buyer, business_now(conn))
        )
    if not told["cases"]:
        raise CustomerNotFound(buyer=buyer)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("customer.json", json.dumps(told, ensure_ascii=False, indent=2))
        for each in uploads:
            with archive.open(f"files/{each.id[:8]}-{each.name}", "w", force_zip64=True) as kept:
                for piece in blobs.read(each.sha256, 0, each.size):
                    kept.write(piece)
    out.chmod(0o600)
    click.echo(text("Written to {path}: {n} cases, {m} files.", path=str(out),
                    n=len(told["cases"]), m=len(uploads)))  # fmt: skip


@customer.command()
@click.argument("buyer")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(buyer: str, yes: bool) -> None:
    """Delete the personal data of BUYER: closed cases at once, open ones when they close."""
    settings = Settings()
    if not yes:
        click.confirm(text("Delete the personal data of this customer for good?"), abort=True)
    with store(settings) as database:
        erased = database.run(lambda conn: customers.erase(conn, buyer))
        files.sweep(database, blobs_of(settings), limit=10_000)
    if not (erased.blanked or erased.later or erased.rows):
        raise CustomerNotFound(buyer=buyer)
    for ref in erased.blanked:
        click.echo(text("Case {ref}: {status}", ref=ref, status=text("blanked")))
    for ref in erased.later:
        click.echo(text("Case {ref}: {status}", ref=ref, status=text("blanked when it closes")))
    if erased.rows:
        click.echo(text("{n} imported rows deleted.", n=erased.rows))
