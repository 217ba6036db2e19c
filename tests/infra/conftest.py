"""Builders and fakes of the infrastructure tests."""

from collections.abc import Callable

import hypothesis
import pytest

from infra.local.system import Answer, CommandError

hypothesis.settings.register_profile("boka", deadline=None)  # a busy machine is slow; how fast it is, benches measure
hypothesis.settings.load_profile("boka")


class FakeSystem:
    """A machine that records commands and answers from a script; an unscripted command succeeds silently."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self._answers: dict[str, Answer] = {}

    def answer(self, command: str, out: str = "", code: int = 0) -> None:
        self._answers[command] = Answer(code, out)

    def run(self, *argv: str, timeout_s: float = 60, stdin: str | None = None) -> str:  # noqa: ARG002 - the protocol's
        found = self.try_run(*argv)
        if found.code:
            raise CommandError(argv, found.code, found.out)
        return found.out

    def try_run(self, *argv: str, timeout_s: float = 60) -> Answer:  # noqa: ARG002 - the protocol's
        line = " ".join(argv)
        self.ran.append(line)
        return self._answers.get(line, Answer(0, ""))


@pytest.fixture
def system() -> FakeSystem:
    return FakeSystem()


@pytest.fixture
def state_home(tmp_path, monkeypatch) -> Callable[[], None]:
    monkeypatch.setenv("BOKA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BOKA_CACHE", str(tmp_path / "cache"))
    return tmp_path
