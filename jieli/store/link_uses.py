"""Owns who did what through a link and from where; written once, never changed. Judges nothing."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from jieli.store.links import Link
from jieli.store.tables import link_uses
from jieli.store.times import real_now

LONGEST = 200


@dataclass(frozen=True, slots=True)
class LinkUse:
    """One thing that was done."""

    visit: int
    what: str
    person: str | None
    known_by: str
    network: str
    browser: str
    at: datetime


def add(
    connection: Connection, link: Link, *, what: str, person: str | None, known_by: str,
    address: str, browser: str,
) -> None:  # fmt: skip
    """Write down one use."""
    connection.execute(
        link_uses.insert().values(
            link_id=link.link_id, case_id=link.case_id, visit=link.visit, what=what[:LONGEST],
            person=person, known_by=known_by, network=network_of(address),
            browser=browser[:LONGEST], at=real_now(),
        )
    )  # fmt: skip


def of_case(connection: Connection, case_id: str) -> list[LinkUse]:
    """Everything that was done in a case through links, in order."""
    query = select(link_uses).where(link_uses.c.case_id == case_id).order_by(link_uses.c.id)
    return [
        LinkUse(row.visit, row.what, row.person, row.known_by, row.network, row.browser, row.at)
        for row in connection.execute(query)
    ]


def network_of(address: str) -> str:
    """The network of an address: enough to tell the shop's from another, no person's own."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return ""
    prefix = 24 if known.version == 4 else 48
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False))
