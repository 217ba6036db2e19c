"""Serve stand-ins until stopped: `python -m standins --bind 198.18.0.9 stripe=17001 smtp=17009 mailbox=17010`.

Without names, all of them from --port-base on, in the order of STANDINS. `smtp` is the mail server, `mailbox` its HTTP
side with what arrived; one needs the other.
"""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import import_module

from standins.server import Standin, running

STANDINS = {
    "stripe": "stripe.Stripe",
    "paystack": "paystack.Paystack",
    "google": "google.Google",
    "microsoft": "microsoft.Microsoft",
    "sms": "sms.Sms",
    "chat": "chat.Chat",
    "webhook": "webhook.Webhook",
    "ics": "ics.Ics",
    "smtp": "",
    "mailbox": "",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m standins", description=__doc__)
    parser.add_argument("--bind", default="127.0.0.1", metavar="ADDRESS")
    parser.add_argument("--port-base", type=int, default=17001, metavar="N")
    parser.add_argument("ports", nargs="*", metavar="NAME=PORT", type=_port)
    given = parser.parse_args(argv)
    ports = dict(given.ports) or {name: given.port_base + number for number, name in enumerate(STANDINS)}
    stop = threading.Event()

    def end(*_: object) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with ExitStack() as stack:
        if "smtp" in ports:
            from standins.smtp import Smtp, serving  # noqa: PLC0415  the only one that needs more than Python

            stack.enter_context(serving(Smtp(), given.bind, ports.pop("smtp"), ports.pop("mailbox", 0)))
        for name, port in ports.items():
            stack.enter_context(running(_make(name), given.bind, port))
        stop.wait()
    return 0


def _port(text: str) -> tuple[str, int]:
    name, _, port = text.partition("=")
    if name not in STANDINS or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no NAME=PORT; names: {', '.join(STANDINS)}")
    return name, int(port)


def _make(name: str) -> Standin:
    module, _, kind = STANDINS[name].rpartition(".")
    return getattr(import_module(f"standins.{module}"), kind)()


if __name__ == "__main__":
    sys.exit(main())
