"""A stand-in answers its routes, remembers what came, and does wrong when asked to."""

import httpx
import pytest

from standins.server import Answer, Request, Standin, route, running


class Shop(Standin):
    name = "shop"

    def __init__(self) -> None:
        super().__init__()
        self.paid: list[str] = []

    @route("POST", "/v1/orders/{order_id}")
    def pay(self, request: Request, order_id: str) -> Answer:
        self.paid.append(order_id)
        return Answer({"id": order_id, "amount": request.form()["amount"]}, status=201)


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def client(shop):
    with running(shop) as url, httpx.Client(base_url=url, timeout=5) as client:
        yield client


def test_a_route_is_answered_and_recorded(client, shop):
    answer = client.post("/v1/orders/7?x=1", data={"amount": "5"})

    seen = client.get("/_recorded?path=/v1").json()

    assert (answer.status_code, answer.json(), shop.paid) == (201, {"id": "7", "amount": "5"}, ["7"])
    assert [(r["method"], r["path"], r["query"], r["body"]) for r in seen] == [
        ("POST", "/v1/orders/7", {"x": "1"}, "amount=5")
    ]


def test_a_fault_is_committed_as_often_as_asked(client):
    client.post("/_fault", json={"path": "/v1", "status": 503, "times": 2})

    assert [client.post("/v1/orders/7", data={"amount": "5"}).status_code for _ in range(3)] == [503, 503, 201]


@pytest.mark.parametrize(("kind", "paid"), [("drop", []), ("lost", ["7"])])
def test_a_connection_is_closed_before_or_after_the_effect(client, shop, kind, paid):
    client.post("/_fault", json={"kind": kind, "times": 1})

    with pytest.raises(httpx.RemoteProtocolError):
        client.post("/v1/orders/7", data={"amount": "5"})

    assert shop.paid == paid


def test_what_is_not_spoken_is_404(client):
    assert client.get("/v2").status_code == 404
