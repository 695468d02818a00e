"""Owns the key ring and the tokens in links; never stores a token nor asks a database."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from jieli.engine.errors import JieliError
from jieli.settings import Settings

LinkPurpose = Literal["work_item", "wait"]
PURPOSES: tuple[LinkPurpose, ...] = get_args(LinkPurpose)

ID_BYTES = 16
MAC_BYTES = 16
KEY_BYTES = 32
_KID = re.compile(r"[0-9A-Za-z]")
_TOKEN = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{43}\Z")
_KEY_FILE = "link-keys"


class KeyRingError(JieliError):
    """The key ring in JIELI_LINK_KEYS cannot be used: {reason}"""

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


class TokenLink(NamedTuple):
    """What a token speaks of; whether it still counts is decided by the link's row."""

    purpose: LinkPurpose
    link_id: str


@dataclass(frozen=True)
class Ring:
    """Keys by their one-character id; the last one signs, all of them verify."""

    keys: dict[str, bytes]

    @classmethod
    def parse(cls, text: str) -> Ring:
        """Read `kid:base64[,kid:base64…]`, the newest last."""
        keys: dict[str, bytes] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            kid, _, encoded = part.partition(":")
            if kid in keys:
                raise KeyRingError(f"key {kid} is there twice")
            keys[kid] = _read_key(kid, encoded)
        if not keys:
            raise KeyRingError("there is no key")
        return cls(keys)

    def token(self, purpose: LinkPurpose, link_id: str) -> str:
        """The token of a link: key id, link id and MAC, 44 characters."""
        kid, key = next(reversed(self.keys.items()))
        raw = bytes.fromhex(link_id)
        return kid + _encode(raw + _link_mac(key, purpose, raw))

    def read(self, token: str) -> TokenLink | None:
        """The link of a token that one of our keys made, else None."""
        if not _TOKEN.match(token):
            return None
        key, body = self.keys.get(token[0]), token[1:]
        raw = _decode(body)
        # 43 characters hold two bits more than 32 bytes: only one spelling of a token is right.
        if key is None or raw is None or _encode(raw) != body:
            return None
        link_id, mac = raw[:ID_BYTES], raw[ID_BYTES:]
        for purpose in PURPOSES:
            if hmac.compare_digest(mac, _link_mac(key, purpose, link_id)):
                return TokenLink(purpose, link_id.hex())
        return None

    def sign(self, usage: str, payload: str) -> str:
        """A signed text for cookies and form nonces, with a key of its own for each usage."""
        kid, key = next(reversed(self.keys.items()))
        return f"{kid}{_encode(payload.encode())}.{_encode(_usage_mac(key, usage, payload))}"

    def verify(self, usage: str, signed: str) -> str | None:
        """The payload of a text signed for this usage, else None."""
        body, _, mac = signed[1:].partition(".")
        key, raw = self.keys.get(signed[:1]), _decode(body)
        if key is None or raw is None or _encode(raw) != body:
            return None
        try:
            payload = raw.decode()
        except UnicodeDecodeError:
            return None
        right = _encode(_usage_mac(key, usage, payload))
        return payload if hmac.compare_digest(mac.encode(), right.encode()) else None


def link_url(public_url: str, token: str) -> str:
    """The address of a link; always from the configured public address."""
    return f"{public_url.rstrip('/')}/t/{token}"


def new_key(kid: str = "a") -> str:
    """A random key as it is written into JIELI_LINK_KEYS."""
    return f"{kid}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}"


def ring_of(settings: Settings) -> Ring:
    """The ring from the settings; in development one is made beside the databases."""
    if settings.link_keys:
        return Ring.parse(settings.link_keys)
    if settings.profile == "production":
        raise KeyRingError("it is empty; make a key with `jieli key`")
    return Ring.parse(_development_keys(settings.data_dir))


def _development_keys(directory: Path) -> str:
    path = directory / _KEY_FILE
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        fresh = directory / f"{_KEY_FILE}.{secrets.token_hex(8)}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(new_key())
        # Worker and web process may start together: whoever links first made the key for both.
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii")


def _read_key(kid: str, encoded: str) -> bytes:
    if not _KID.fullmatch(kid):
        raise KeyRingError("a key's id is one letter or digit")
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise KeyRingError(f"key {kid} is not base64") from error
    if len(key) < KEY_BYTES:
        raise KeyRingError(f"key {kid} is shorter than {KEY_BYTES} bytes")
    return key


def _link_mac(key: bytes, purpose: str, link_id: bytes) -> bytes:
    # Unambiguous without a separator, because the id has a fixed length.
    text = b"jieli-link\x01" + purpose.encode() + link_id
    return hmac.new(key, text, hashlib.sha256).digest()[:MAC_BYTES]


def _usage_mac(key: bytes, usage: str, payload: str) -> bytes:
    own = hmac.new(key, b"jieli-use\x01" + usage.encode(), hashlib.sha256).digest()
    return hmac.new(own, payload.encode(), hashlib.sha256).digest()[:MAC_BYTES]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
