"""Pages follow each other by the key of the last row, and a cursor is of one list only."""

from typing import cast

import falcon
import pytest
from boka_app.conventions.model import Page
from boka_app.conventions.paging import Pages
from falcon import testing
from falcon.asgi import Response

from app.conftest import settings

PAGES = Pages(settings(), "numbers", tuple[int])


def request(query=""):
    return testing.create_asgi_req(path="/numbers", query_string=query)


def page_of(query, rows):
    req, resp = request(query), Response()
    wanted = PAGES.wanted(req)
    after = wanted.after[0] if wanted.after else 0
    PAGES.answer(req, resp, wanted, [n for n in rows if n > after][: wanted.fetch], lambda n: (n,))
    return cast("Page[int]", resp.media), resp


def test_pages_show_every_row_once():
    first, _ = page_of("limit=2", range(1, 6))
    second, _ = page_of(f"limit=2&cursor={first.next}", range(1, 6))
    third, _ = page_of(f"limit=2&cursor={second.next}", range(1, 6))

    assert [first.items, second.items, third.items, third.next] == [[1, 2], [3, 4], [5], None]


def test_the_next_page_is_linked_with_the_same_filter():
    page, resp = page_of("limit=2&word=cut", range(1, 6))

    assert resp.get_header("Link") == f"</numbers?limit=2&word=cut&cursor={page.next}>; rel=next"


def test_the_last_page_links_nowhere():
    page, resp = page_of("limit=2", [1, 2])

    assert (page.next, resp.get_header("Link")) == (None, None)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("limit=0", id="no row"),
        pytest.param("limit=101", id="more than we give"),
        pytest.param("limit=x", id="no number"),
        pytest.param("cursor=", id="empty"),
        pytest.param("cursor=WzFd", id="not signed"),
        pytest.param("cursor=%C3%A4", id="no base64"),
    ],
)
def test_a_page_that_cannot_be_is_refused(query):
    with pytest.raises(falcon.HTTPInvalidParam):
        PAGES.wanted(request(query))


def test_a_cursor_of_another_list_is_refused():
    page, _ = page_of("limit=2", range(1, 6))

    with pytest.raises(falcon.HTTPInvalidParam):
        Pages(settings(), "letters", tuple[int]).wanted(request(f"cursor={page.next}"))


def test_a_cursor_lives_through_a_new_signing_key():
    page, _ = page_of("limit=2", range(1, 6))
    renewed = Pages(settings(signing_keys=(b"n" * 32, b"k" * 32)), "numbers", tuple[int])

    assert renewed.wanted(request(f"cursor={page.next}")).after == (2,)
