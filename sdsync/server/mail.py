"""Alarms by mail: to people, and never the beginning of a conversation between machines."""

from __future__ import annotations

import smtplib
import socket
import ssl
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from sdsync.config.alarms import MailConfig
from sdsync.config.problems import printable
from sdsync.config.secrets import SecretMissingError
from sdsync.server.posting import TIMEOUT_S, Reveal, failed
from sdsync.sync.watch.alarms import BEGAN, OVER, TEST, Message

_SUBJECT = 120
_WHAT = {OVER: "over", TEST: "test"}


class Mail:
    """One mail to all, by SMTP, that no machine answers and no text can turn into another."""

    def __init__(self, config: MailConfig, store_id: str, reveal: Reveal) -> None:
        self._config, self._store_id, self._reveal = config, store_id, reveal

    def send(self, message: Message, now: datetime) -> str | None:
        """Tell it once. Some readers that are refused do not stop the others."""
        config = self._config
        try:
            password = self._reveal(config.password) if config.password else None
            with self._connected() as link:
                if config.user is not None and password is not None:
                    link.login(config.user, password)
                refused = link.send_message(self._letter(message, now), config.sender, config.to)
        except SecretMissingError as error:
            return str(error)
        except smtplib.SMTPResponseException as error:  # its text is the server's
            return f"{config.server} answers {error.smtp_code}"
        except (smtplib.SMTPException, OSError) as error:
            return f"{config.server}: {failed(error)}"
        return None if len(refused) < len(config.to) else f"{config.server} refuses every reader"

    def _connected(self) -> smtplib.SMTP:
        config, name = self._config, socket.gethostname()
        at = (config.server, config.at_port)
        if config.security == "tls":
            proved = ssl.create_default_context()
            return smtplib.SMTP_SSL(*at, name, timeout=TIMEOUT_S, context=proved)
        link = smtplib.SMTP(*at, name, timeout=TIMEOUT_S)
        if config.security == "starttls":
            try:
                link.starttls(context=ssl.create_default_context())
            except BaseException:
                link.close()
                raise
        return link

    def _letter(self, message: Message, now: datetime) -> EmailMessage:
        alarm, domain = message.alarm, f"{self._store_id}.sdsync.invalid"
        what = _WHAT.get(message.event, f"P{alarm.priority}")
        letter = EmailMessage()
        letter["From"], letter["To"] = self._config.sender, ", ".join(self._config.to)
        letter["Subject"] = f"[sdsync] {what}: {printable(message.text)}"[:_SUBJECT]
        letter["Date"] = format_datetime(now)
        letter["Message-ID"] = f"<{message.id}@{domain}>"
        if message.event == OVER:
            letter["In-Reply-To"] = letter["References"] = f"<{alarm.id}-{BEGAN}@{domain}>"
        # A service desk that reads the mailbox shall not open a ticket, nor answer.
        letter["Auto-Submitted"] = "auto-generated"
        letter["X-Auto-Response-Suppress"] = "All"
        letter["Precedence"] = "bulk"
        letter.set_content("\n".join(map(printable, _lines(message))) + "\n")
        return letter


def _lines(message: Message) -> list[str]:
    alarm = message.alarm
    lines = [message.text, "", f"priority  P{alarm.priority}", f"since     {_instant(alarm.since)}"]
    lines += [f"began     {_instant(alarm.began_at)}"]
    if alarm.over_at is not None:
        return [*lines, f"over      {_instant(alarm.over_at)}"]
    return [*lines, f"next      {alarm.cure}"]


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
