"""`jieli schema`: the JSON Schema of definition files, for the editor. Reads no definition."""

from __future__ import annotations

import json
from pathlib import Path

import click

from jieli.engine.schema import ROOTS, schema_of
from jieli.texts import text


@click.command()
@click.argument("kind", type=click.Choice(list(ROOTS)), default="process")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it to a file.")
def schema(kind: str, out: Path | None) -> None:
    """Print the JSON Schema of process files, of files about the shop, of tests and scripts."""
    written = json.dumps(schema_of(kind), ensure_ascii=False, indent=2) + "\n"
    if out is None:
        click.echo(written, nl=False)
        return
    out.write_text(written, encoding="utf-8")
    click.echo(text("Written to {path}.", path=str(out)))
