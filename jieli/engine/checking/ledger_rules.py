"""The shop's ledger: bands and totals name rules there are, lengths of time are well formed."""

from __future__ import annotations

from datetime import timedelta

from jieli.engine.accounts import IN_TOTALS
from jieli.engine.checking.shop_report import ShopReport
from jieli.engine.expressions import ExpressionError, references
from jieli.engine.ledger import Band
from jieli.engine.model_errors import did_you_mean
from jieli.engine.values import is_duration, parse_duration
from jieli.engine.yaml_nodes import Path
from jieli.texts import retold, text


def check(shop: ShopReport) -> None:
    """The ledger, if it stands in this file."""
    ledger = shop.around.context.ledger
    for word in ("grace", "appeal"):
        _check_length(shop, getattr(ledger, word), ("ledger", word))
    for name, bands in ledger.overruns.items():
        _check_bands(shop, bands, ("ledger", "overruns", name))
    for name, total in ledger.totals.items():
        path: Path = ("ledger", "totals", name)
        _knows_rule(shop, (*path, "rule"), total.rule)
        _check_when(shop, total.when, (*path, "when"))
    for name, part in ledger.appraisal.items():
        for number, role in enumerate(part.raters):
            where: Path = ("ledger", "appraisal", name, "raters", number)
            roles = shop.around.context.roles
            shop.knows(where, 'There is no role "{name}"', role, "roles", roles)


def _check_bands(shop: ShopReport, bands: tuple[Band, ...], path: Path) -> None:
    before = timedelta(0)
    for number, band in enumerate(bands):
        here = (*path, number)
        _knows_rule(shop, (*here, "rule"), band.rule)
        if not _check_length(shop, band.over, (*here, "over")):
            continue
        if parse_duration(band.over) <= before:
            message = text("A band begins later than the one before it")
            shop.say((*here, "over"), message)
        before = parse_duration(band.over)


def _check_length(shop: ShopReport, words: str, path: Path) -> bool:
    if not is_duration(words):
        shop.say(path, text("not a duration; write 48h, 30m, 3d or 1h30m"))
        return False
    return True


def _knows_rule(shop: ShopReport, path: Path, name: str) -> None:
    rules = shop.around.context.ledger.rules
    shop.knows(path, 'The ledger has no rule "{name}"', name, "ledger", rules)


def _check_when(shop: ShopReport, words: str, path: Path) -> None:
    try:
        used = references(words, template=False)
    except ExpressionError as error:
        reason = retold(error.reason.rstrip("."))
        shop.say(path, text("This cannot be read: {reason}", reason=reason))
        return
    for name in dict.fromkeys(each.path[0] for each in used):
        if name not in IN_TOTALS:
            message = text('There is no "{name}" here', name=name)
            shop.say(path, message, did_you_mean(name, IN_TOTALS))
    for each in used:
        if each.path[0] == "times" and len(each.path) > 1:
            _knows_rule(shop, path, each.path[1])
