"""Fields for files and personal fields: what may be written, what is covered, what goes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from jieli.engine.definition import FieldWords
from jieli.engine.errors import FormError
from jieli.engine.forms import check
from jieli.engine.personal import BLANKED, Eraser, covered, kind_of
from jieli.store import files
from jieli.store.blobs import Blobs, ContentGone
from tests.small_shop import review

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
OWN, OTHER = "a" * 32, "b" * 32
NICK = "nick: {label: 昵称, pii: name}"


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ("{label: 昵称, pii: name, kinds: [photo]}", "kinds: is for type: files"),
        ("{label: 图, type: files, default: x}", "Files have no default"),
        ("{label: 图, type: files, max: 20}", "At most 9 files in one field"),
        ("{label: 图, type: files, kinds: [movie]}", "movie"),
        (
            "{label: 表, type: rows, fields: {one: {label: 图, type: files}}}",
            "Rows have no files in them",
        ),
    ],
)
def test_what_a_field_for_files_may_not_say(field: str, problem: str) -> None:
    found = review(NICK, f"{NICK}\n    pictures: {field}")
    assert any(problem in each for each in found), found


@pytest.mark.parametrize(("kept", "is_fine"), [("180d", True), ("6h", True), ("half a year", False)])
def test_retention_is_a_time(kept: str, is_fine: bool) -> None:
    found = review("case:\n", f"case:\n  retention: {kept}\n")
    assert (found == []) is is_fine, found


def test_retention_without_personal_fields_keeps_nothing_and_is_refused() -> None:
    from tests.small_shop import REVIEW, SHOP, changed, problems

    bare = changed(REVIEW, NICK, "nick: {label: 昵称}")
    bare = changed(bare, "case:\n", "case:\n  retention: 180d\n")
    found = problems({"review.yaml": bare, "shop.yaml": SHOP})
    assert any("No field of this process is personal" in each for each in found), found


def filled(given: Any, **more: Any) -> dict[str, Any]:
    fields = {"proof": FieldWords(label="证据", type="files", **more)}
    return check(fields, (), {"proof": given}, {}, now=NOW, timezone="UTC", files={OWN})


def test_a_form_takes_the_ids_it_knows_and_each_once() -> None:
    assert filled([OWN, OWN]) == {"proof": [OWN]}
    assert filled([]) == {} and filled(None) == {}


@pytest.mark.parametrize("given", [[OTHER], ["../etc/passwd"], [{"a": 1}], "网盘/1", [OWN.upper()], 7])
def test_a_form_takes_no_other_id(given: Any) -> None:
    with pytest.raises(FormError) as refused:
        filled(given)
    assert set(refused.value.fields) == {"proof"}


def test_a_field_holds_at_most_nine_files_if_nothing_is_said() -> None:
    fields = {"proof": FieldWords(label="证据", type="files")}
    ids = [f"{number:032x}" for number in range(10)]
    check(fields, (), {"proof": ids[:9]}, {}, now=NOW, timezone="UTC")
    with pytest.raises(FormError):
        check(fields, (), {"proof": ids}, {}, now=NOW, timezone="UTC")


def test_personal_is_what_says_so_every_number_and_what_is_written_into_such_a_field() -> None:
    case = {"nick": FieldWords(label="昵称", pii="name")}
    assert kind_of(FieldWords(label="电话", type="phone")) == "phone"
    assert kind_of(FieldWords(label="客户", case_field="nick"), case) == "name"
    assert kind_of(FieldWords(label="说明")) is None


def test_lists_and_exports_show_personal_values_covered() -> None:
    rows = FieldWords(
        label="表", type="rows",
        fields={"who": FieldWords(label="谁", pii="name"), "n": FieldWords(label="几", type="number")},
    )  # fmt: skip
    fields = {"phone": FieldWords(label="电话", type="phone"), "rows": rows}
    values = {"phone": "13812345678", "rows": [{"who": "王小鹿", "n": 3}]}
    assert covered(fields, values, fields) == {
        "phone": "138****5678", "rows": [{"who": "王**", "n": 3}],
    }  # fmt: skip


def test_the_eraser_finds_a_name_inside_other_words_and_leaves_ours_alone() -> None:
    eraser = Eraser({"小鹿爱吃草", "li_na", "王", "ab"})
    said = {"text": "小鹿爱吃草说：王先生的 about", "by": "li_na", "what": ["li_na", 3, None, "王"]}
    assert eraser.value(said) == {
        "text": f"{BLANKED}说：王先生的 about", "by": "li_na", "what": [BLANKED, 3, None, BLANKED],
    }  # fmt: skip
    assert eraser.text("打 13987654321 或 1398765432100") == f"打 {BLANKED} 或 1398765432100"
    # Once more changes nothing: the sign itself is no personal word.
    assert Eraser({BLANKED}).value(eraser.value(said)) == eraser.value(said)


def test_ids_of_files_survive_the_eraser() -> None:
    assert Eraser({"小鹿爱吃草"}).value({"proof": [OWN]}) == {"proof": [OWN]}
    assert list(files.ids_in({"a": [OWN, "x"], "b": {"c": OTHER}})) == [OWN, OTHER]


def test_only_a_hash_becomes_a_path(tmp_path: Path) -> None:
    blobs = Blobs(f"file://{tmp_path}")
    for name in ("../x", "A" * 64, "a" * 63, ""):
        with pytest.raises(ValueError, match="sha256"):
            blobs.size(name)
    with pytest.raises(ContentGone):
        blobs.size("a" * 64)
    blobs.delete("a" * 64)
