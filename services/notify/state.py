"""What the notify service works with."""

from __future__ import annotations

from dataclasses import dataclass

from libs.shared.bus.timers.due import Due
from libs.shared.runtime import Core
from services.notify.books import Books
from services.notify.mail_worker import MailWorker
from services.notify.plans import Plans


@dataclass(frozen=True, slots=True)
class State:
    """The runtime's resources, the apps' rules, plans on their way, and the courier with its timers."""

    core: Core
    books: Books
    plans: Plans
    due: Due
    mail_worker: MailWorker
