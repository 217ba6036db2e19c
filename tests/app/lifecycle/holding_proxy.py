"""A proxy before PostgreSQL that lets a commit through and keeps its answer to itself."""

import socket
import threading
from contextlib import contextmanager, suppress
from pathlib import Path


class HoldingProxy:
    """Passes bytes on. Once a client has sent these words in this order, that client hears nothing more."""

    def __init__(self, path: Path, server: str, *words: bytes) -> None:
        self._server = server
        self._words = words
        self.holding = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            held = threading.Event()
            threading.Thread(target=self._ask, args=(client, server, held), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client, held), daemon=True).start()

    def _ask(self, client: socket.socket, server: socket.socket, held: threading.Event) -> None:
        missing = list(self._words)
        while data := _read(client):
            while missing and missing[0] in data:
                data_left = data.partition(missing.pop(0))[2]
                if missing and missing[0] not in data_left:
                    break
            if not missing and not self.holding.is_set():  # only the first client is held, not the one that repeats
                held.set()
                self.holding.set()
            _send(server, data)
        server.close()

    def _answer(self, server: socket.socket, client: socket.socket, held: threading.Event) -> None:
        while data := _read(server):
            if not held.is_set():
                _send(client, data)


def _send(end: socket.socket, data: bytes) -> None:
    with suppress(OSError):  # whoever was killed takes no answer
        end.sendall(data)


def _read(end: socket.socket) -> bytes:
    try:
        return end.recv(65_536)
    except OSError:
        return b""


@contextmanager
def holding(path: Path, server: str, *words: bytes):
    """Run a proxy at a socket's path."""
    proxy = HoldingProxy(path, server, *words)
    threading.Thread(target=proxy.serve, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.close()
