"""`jieli key`: make a key for the links' key ring."""

from __future__ import annotations

import click

from notifications.links import new_key


@click.command()
@click.option(
    "--kid", default="a", show_default=True, help="One letter or digit; each key its own."
)
def key(kid: str) -> None:
    """Print a random key; append it to JIELI_LINK_KEYS, the newest last."""
    click.echo(new_key(kid))
