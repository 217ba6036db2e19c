"""Every refusal is told once, has a page, and is documented where it can be met."""

from collections import Counter

import pytest
from boka_app.errors import DomainError
from boka_app.main import create_app
from boka_app.problems.catalog import kind_by_name, problem
from falcon import testing

from app.conftest import settings


def served():
    return testing.TestClient(create_app(settings()))


def documented():
    for operations in served().simulate_get("/api/openapi.json").json["paths"].values():
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if status >= "400":
                    yield from ((name, int(status)) for name in answer["description"].split("; "))


def test_no_two_errors_are_of_one_kind():
    kinds = Counter(error.kind.name for error in DomainError.__subclasses__())

    assert {name for name, count in kinds.items() if count > 1} == set()


def test_every_kind_is_documented_by_an_operation_and_no_other():
    assert set(documented()) == {(kind.name, kind.status) for kind in kind_by_name().values()}


@pytest.mark.parametrize("name", kind_by_name())
def test_every_problem_has_a_page(name):
    answer = served().simulate_get(f"/problems/{name}")

    kind = kind_by_name()[name]
    assert (answer.status_code, kind.title in answer.text, kind.page != "") == (200, True, True)


def test_a_refusal_that_does_not_exist_has_no_page():
    assert served().simulate_get("/problems/none").status_code == 404


def test_what_we_did_not_foresee_is_told_without_its_text():
    told = problem(RuntimeError("password is hunter2"), "id")

    assert (told.status, "hunter2" in told.detail) == (500, False)
