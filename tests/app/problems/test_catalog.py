"""The table of refusals is complete in both directions."""

import pytest
from boka_app.errors import DomainError
from boka_app.main import create_app
from boka_app.problems.catalog import NAME_BY_ERROR, PROBLEMS, problem
from falcon import testing

from app.conftest import settings


def test_every_domain_error_has_a_problem():
    assert [error for error in DomainError.__subclasses__() if error not in NAME_BY_ERROR] == []


def test_every_problem_is_reached_by_an_error():
    assert set(NAME_BY_ERROR.values()) == set(PROBLEMS)


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_problem_has_a_page(name):
    client = testing.TestClient(create_app(settings()))

    answer = client.simulate_get(f"/problems/{name}")

    assert (answer.status_code, PROBLEMS[name].title in answer.text) == (200, True)


def test_what_we_did_not_foresee_is_told_without_its_text():
    told = problem(RuntimeError("password is hunter2"), "id")

    assert (told.status, "hunter2" in told.detail) == (500, False)
