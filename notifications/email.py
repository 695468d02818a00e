"""The e-mail channel: smtplib in a thread, and a stable Message-ID so that a repeat is one mail."""

from __future__ import annotations

import ipaddress
import re
import smtplib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

import anyio.to_thread

from notifications.channel import (
    Broken,
    ChannelSetupError,
    Message,
    Outcome,
    Recipient,
    RejectedBy,
    RetryAfter,
    Sent,
)
from notifications.render import mail_bodies

TIMEOUT_SECONDS = 8.0
LATER_SECONDS = 60.0
_PLAIN = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in: `smtps://` is TLS from the start, `smtp://` takes STARTTLS."""

    host: str
    port: int
    tls: bool
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, url: str) -> MailServer:
        """Read `smtp[s]://user:password@host:port`."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ChannelSetupError("email", "its server is not smtp[s]://user:password@host:port")
        tls = parts.scheme == "smtps"
        return cls(
            host=parts.hostname,
            port=parts.port or (465 if tls else 587),
            tls=tls,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )


class EmailChannel:
    """Sends to the person's address; a role has none and is refused."""

    def __init__(self, server: str, sender: str) -> None:
        self._server = MailServer.parse(server)
        self._sender = _address(sender, "email")

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        if not recipient.email:
            return RejectedBy("no e-mail address is known")
        try:
            to = _address(recipient.email, recipient.id, recipient.name)
        except ChannelSetupError:
            return RejectedBy("the e-mail address is not one")
        mail = compose(message, self._sender, to)
        return await anyio.to_thread.run_sync(_hand_in, self._server, mail)


def compose(message: Message, sender: Address, to: Address) -> EmailMessage:
    """The mail of a message; everything but the date is the same each time."""
    plain, html = mail_bodies(message)
    mail = EmailMessage()
    mail["Subject"] = message.title.replace("\r", " ").replace("\n", " ")
    mail["From"] = sender
    mail["To"] = to
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = f"<{message.reference}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if message.urgent:
        mail["X-Priority"] = "1"
    mail.set_content(plain)
    mail.add_alternative(html, subtype="html")
    return mail


def _address(text: str, channel: str, name: str | None = None) -> Address:
    """The address in `a@b.cn` or `Name <a@b.cn>`; several, or a line break, are refused."""
    shown, plain = parseaddr(text)
    if not _PLAIN.fullmatch(plain) or any(each in text for each in "\r\n,;"):
        raise ChannelSetupError(channel, "the e-mail address is not one")
    try:
        return Address(display_name=name or shown, addr_spec=plain)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise ChannelSetupError(channel, "the e-mail address is not one") from error


def _hand_in(server: MailServer, mail: EmailMessage) -> Outcome:
    try:
        with _connected(server) as smtp:
            if server.user and server.password:
                if not _is_private(smtp, server.host):
                    return Broken("the server offers no encryption; the password was not sent")
                smtp.login(server.user, server.password)
            smtp.send_message(mail)
        return Sent(mail["Message-ID"])
    except smtplib.SMTPAuthenticationError as error:
        return Broken(f"the server refused the password ({error.smtp_code})")
    except smtplib.SMTPRecipientsRefused as error:
        return _refused(min(code for code, _ in error.recipients.values()))
    except smtplib.SMTPSenderRefused as error:
        return _later(error.smtp_code) or Broken(
            f"the server refused the sender ({error.smtp_code})"
        )
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code)
    except ssl.SSLCertVerificationError:
        return Broken("the server's certificate is not valid")
    except (smtplib.SMTPException, OSError) as error:
        return RetryAfter(LATER_SECONDS, f"not reached: {type(error).__name__}")


def _connected(server: MailServer) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.tls:
        return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
    smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    smtp.ehlo()
    if smtp.has_extn("starttls"):
        smtp.starttls(context=context)
        smtp.ehlo()
    return smtp


def _is_private(smtp: smtplib.SMTP, host: str) -> bool:
    """Whether a password may be sent: encrypted, or never leaving this machine."""
    if isinstance(smtp.sock, ssl.SSLSocket) or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _refused(code: int) -> Outcome:
    return _later(code) or RejectedBy(f"the server answered {code}")


def _later(code: int) -> RetryAfter | None:
    return RetryAfter(LATER_SECONDS, f"the server answered {code}") if 400 <= code < 500 else None
