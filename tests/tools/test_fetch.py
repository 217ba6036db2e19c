"""Downloads, from a server on this machine."""

import hashlib
import io
import tarfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.tools.builders import A_BUILD, Bench, a_tool
from tools.catalog import Release, Tool
from tools.errors import ChecksumMismatch, ToolUnavailable

PROGRAM = b"#!/bin/sh\necho v1.0.0\n"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """A release host with one archive; gives its address."""
    (tmp_path / "served").mkdir()
    with tarfile.open(tmp_path / "served" / "hammer.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo("hammer-1.0.0/hammer")
        member.size = len(PROGRAM)
        tar.addfile(member, io.BytesIO(PROGRAM))
    handler = partial(_Quiet, directory=str(tmp_path / "served"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class names it so
        pass


def _tool(bench: Bench, url: str, sha256: str, *, folder: str = "hammer-1.0.0") -> Tool:
    release = Release(url=url, sha256=sha256, folder=folder)
    return a_tool(bench.folder / "recipe", build=A_BUILD, release=release)


def _checksum(bench: Bench) -> str:
    return hashlib.sha256((bench.folder / "served" / "hammer.tar.gz").read_bytes()).hexdigest()


def test_a_release_with_the_pinned_checksum_is_installed(bench: Bench, served: str) -> None:
    tool = _tool(bench, f"{served}/hammer.tar.gz", _checksum(bench))

    folder = bench.workshop(tool).ensure("hammer")

    assert (folder / "hammer").read_bytes() == PROGRAM
    assert bench.builds == 0


def test_a_wrong_checksum_is_refused_and_nothing_else_is_tried(bench: Bench, served: str) -> None:
    bench.put_go()

    with pytest.raises(ChecksumMismatch, match="Nothing was installed"):
        bench.workshop(_tool(bench, f"{served}/hammer.tar.gz", "0" * 64)).ensure("hammer")

    assert [path.name for path in bench.home.iterdir()] == [".lock"]
    assert bench.builds == 0


def test_a_release_host_that_does_not_answer_leads_to_the_build(bench: Bench) -> None:
    bench.put_go()

    bench.workshop(_tool(bench, "http://127.0.0.1:9/hammer.tar.gz", "0" * 64)).ensure("hammer")

    assert bench.builds == 1
    assert any("release does not work here" in line for line in bench.said)


def test_both_failed_routes_are_told(bench: Bench, served: str) -> None:
    bench.put_go(build="exit 1")

    with pytest.raises(ToolUnavailable, match=r"\(2\) release: .*404.* \(3\) build: "):
        bench.workshop(_tool(bench, f"{served}/gone.tar.gz", "0" * 64)).ensure("hammer")


def test_an_archive_without_the_program_closes_the_route(bench: Bench, served: str) -> None:
    bench.put_go()

    bench.workshop(_tool(bench, f"{served}/hammer.tar.gz", _checksum(bench), folder="other")).ensure("hammer")

    assert any("holds no file other/hammer" in line for line in bench.said)
