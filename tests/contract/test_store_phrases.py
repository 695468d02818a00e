"""The phrase library keeps every version that was published."""

from __future__ import annotations

from jieli.engine.context import Context
from jieli.engine.phrases import Situation, Wordings
from jieli.store import phrases
from jieli.store.database import Database
from tests.contract.shop import CONTEXT, TOY, publish


def with_phrases(*texts: str) -> Context:
    return CONTEXT.model_copy(
        update={
            "phrases": {"late": Situation(label="到货延迟", texts=texts)},
            "wordings": Wordings(forbidden={"删评": "不得要求删评"}),
        }
    )


def test_without_phrases_there_is_no_version(database: Database) -> None:
    publish(database, TOY)
    with database.read() as connection:
        assert phrases.versions(connection) == []


def test_what_changed_is_a_new_version_and_the_old_one_stays(database: Database) -> None:
    publish(database, TOY, context=with_phrases("请稍等"))
    publish(database, TOY, context=with_phrases("请稍等"))
    publish(database, TOY, context=with_phrases("马上查"))
    publish(database, TOY)
    with database.read() as connection:
        assert [each.version for each in phrases.versions(connection)] == [3, 2, 1]
        first, last = phrases.version(connection, 1), phrases.version(connection, 3)
        assert first is not None and first.phrases["late"].texts == ("请稍等",)
        assert first.wordings.forbidden == {"删评": "不得要求删评"}
        assert last is not None and last.phrases == {}
        assert phrases.version(connection, 9) is None
