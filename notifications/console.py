"""The channel for trying things out: messages are read in the outbox viewer of the staff pages."""

from __future__ import annotations

import sys
from typing import TextIO

from notifications.channel import Message, Outcome, Recipient, Sent


class ConsoleChannel:
    """Prints one line per message. Never the text or the link: stdout may end in Prefect's logs."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        stream = self._stream or sys.stdout
        print(f"[outbox] {message.reference} -> {recipient.id}", file=stream, flush=True)
        return Sent(f"console:{message.reference}")
