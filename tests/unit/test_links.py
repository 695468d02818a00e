"""Tokens: what our keys made is read back, everything else is nothing."""

from __future__ import annotations

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jieli.settings import Settings
from jieli.web.nonces import new_nonce, read_nonce
from notifications.links import KeyRingError, Ring, TokenLink, link_url, new_key, ring_of

OLD = "a:" + base64.b64encode(bytes(range(32))).decode()
NEW = "b:" + base64.b64encode(bytes(range(32, 64))).decode()
RING = Ring.parse(f"{OLD},{NEW}")
IDS = st.binary(min_size=16, max_size=16).map(bytes.hex)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(IDS, st.sampled_from(["work_item", "wait"]))
def test_a_token_says_what_it_was_made_for(link_id: str, purpose: str) -> None:
    token = RING.token(purpose, link_id)  # type: ignore[arg-type]
    assert RING.read(token) == TokenLink(purpose, link_id)  # type: ignore[arg-type]
    assert len(token) == 44


@given(IDS)
def test_any_other_character_anywhere_makes_it_nothing(link_id: str) -> None:
    token = RING.token("work_item", link_id)
    for place, character in enumerate(token):
        for other in (*ALPHABET, "+", "/", "=", "é", " ", "\n"):
            if other != character:
                assert RING.read(token[:place] + other + token[place + 1 :]) is None


@given(st.text(max_size=80))
def test_garbage_is_nothing(text: str) -> None:
    assert RING.read(text) is None


@given(IDS)
def test_a_cut_or_longer_token_is_nothing(link_id: str) -> None:
    token = RING.token("wait", link_id)
    for other in (token[:-1], token[1:], token + "A", token + "=", token + "\n", ""):
        assert RING.read(other) is None


def test_the_newest_key_signs_and_the_old_one_still_verifies() -> None:
    link_id = os.urandom(16).hex()
    before = Ring.parse(OLD).token("work_item", link_id)
    assert RING.token("work_item", link_id)[0] == "b"
    assert RING.read(before) == TokenLink("work_item", link_id)
    assert Ring.parse(NEW).read(before) is None


def test_the_same_id_with_another_key_is_nothing() -> None:
    token = Ring.parse(new_key("b")).token("work_item", "0" * 32)
    assert RING.read(token) is None


def test_the_address_is_short_and_comes_from_the_settings() -> None:
    url = link_url("https://cs.example.com/", RING.token("work_item", "0" * 32))
    assert url.startswith("https://cs.example.com/t/b")
    assert len(url) < 100


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a:",
        "a:not base64!",
        "a:" + base64.b64encode(b"short").decode(),
        f"ab:{OLD[2:]}",
        f"{OLD},{OLD}",
        f"-:{OLD[2:]}",
    ],
)
def test_a_ring_that_cannot_be_used_says_why(text: str) -> None:
    with pytest.raises(KeyRingError) as error:
        Ring.parse(text)
    assert OLD[2:] not in str(error.value)


def test_signed_texts_count_for_their_usage_only() -> None:
    signed = RING.sign("session", "li_na|x")
    assert RING.verify("session", signed) == "li_na|x"
    assert RING.verify("form", signed) is None
    for place in range(len(signed)):
        changed = signed[:place] + ("A" if signed[place] != "A" else "B") + signed[place + 1 :]
        assert RING.verify("session", changed) is None


@given(st.text(max_size=120))
def test_garbage_is_not_signed(text: str) -> None:
    assert RING.verify("session", text) is None


def test_a_nonce_belongs_to_its_link() -> None:
    nonce = new_nonce(RING, "one")
    assert read_nonce(RING, "one", nonce)
    assert read_nonce(RING, "two", nonce) is None
    assert new_nonce(RING, "one") != nonce


def test_development_makes_one_key_for_all_its_processes(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new", link_keys=None)
    with ThreadPoolExecutor(8) as threads:
        rings = list(threads.map(lambda _: ring_of(settings), range(16)))
    assert all(ring == rings[0] for ring in rings)
    made = tmp_path / "new" / "link-keys"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert list(made.parent.iterdir()) == [made]


def test_production_makes_none() -> None:
    with pytest.raises(KeyRingError):
        ring_of(Settings(profile="production", link_keys=None))
