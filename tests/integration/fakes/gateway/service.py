"""Answers 200 to everything, on the port it is given."""

import os
from http.server import BaseHTTPRequestHandler, HTTPServer


class Ready(BaseHTTPRequestHandler):
    """One answer for every question."""

    def do_GET(self) -> None:
        """200."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        """Says nothing."""


def main() -> None:
    """Serves until SIGTERM ends the process."""
    address = (os.environ["ROCKET_HTTP_HOST"], int(os.environ["ROCKET_HTTP_PORT"]))
    HTTPServer(address, Ready).serve_forever()
