"""CloudEvents 1.0 in NATS binary mode: an event's attributes are headers, its data is the message.

https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/nats-protocol-binding.md
"""

from __future__ import annotations

import re
from urllib.parse import quote

PREFIX = "ce-"
PLAIN = re.compile(r"[!#$&-~]*")
"""What header values may hold as it is: printable ASCII without space, double quote and percent sign."""
SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


def attributes(event_id: str, kind: str, app_id: str, subject: str, at: str) -> dict[str, str]:
    """The headers of an event about something of an app; `at` is ISO 8601. All events are JSON."""
    return {
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-type": kind,
        "ce-source": f"/apps/{app_id}",
        "ce-subject": subject if PLAIN.fullmatch(subject) else quote(subject, safe=SAFE),
        "ce-time": at,
        "ce-datacontenttype": "application/json",
        "content-type": "application/json",
    }
