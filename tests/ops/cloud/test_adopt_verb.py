"""`boka adopt` down to its boundaries: Pulumi is a fake here, Cloudflare answers over HTTP."""

import io
import json
import sys

import pytest
from cloud_account import Cloudflare, settle

from ops import cli, engine
from ops.cloud import leftovers as cloud_leftovers

ZONE = "0123456789abcdef0123456789abcdef"
URN = "urn:pulumi:{layer}::boka::"
TYPE = "cloudflare:index/dnsRecord:DnsRecord"


class Pulumi:
    """Both layers are raised; the program's second one wants a record that it has not."""

    def __init__(self):
        self.raised, self.imported = True, []

    def is_whole(self, _stack, _layer):
        return self.raised

    def foresee(self, _stack, layer, _record, _screen):
        urn, provider = URN.format(layer=layer), f"{URN.format(layer=layer)}pulumi:providers:cloudflare::cloudflare"
        inputs = {"zoneId": ZONE, "type": "CNAME", "name": "boka.example", "content": "lb.example"}
        record = engine.Step(
            operation="create",
            urn=f"{urn}{TYPE}::apex",
            type=TYPE,
            parent="",
            provider=f"{provider}::id",
            inputs=inputs,
        )
        return [record] if layer == "production" else []

    def take_over(self, _stack, layer, content, _record, _screen):
        self.imported.append((layer, [one["id"] for one in content["resources"]]))


class Zone(Cloudflare):
    """Answers with records, or says no."""

    def __init__(self):
        super().__init__()
        self.records = [{"id": "r1", "type": "CNAME", "name": "boka.example", "content": "old.example"}]

    def answer(self, path):
        status, result = super().answer(path)
        return (status, self.records) if path.endswith("/dns_records") and status == 200 else (status, result)


@pytest.fixture
def zone(monkeypatch):
    with Zone() as server:
        monkeypatch.setenv("CLOUDFLARE_BASE_URL", server.url)
        monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "testing")
        yield server
        server.shutdown()


@pytest.fixture
def pulumi(tmp_path, monkeypatch):
    settle(tmp_path, monkeypatch)
    fake = Pulumi()
    for name in ("foresee", "take_over"):
        monkeypatch.setattr(engine, name, getattr(fake, name))
    monkeypatch.setattr(cloud_leftovers, "is_whole", fake.is_whole)
    return fake


@pytest.fixture
def adopt(zone, pulumi, monkeypatch, capsys):  # noqa: ARG001 - both are there
    def run(*words, typed=""):
        monkeypatch.setattr(sys, "argv", ["boka", "adopt", "production", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{typed}\n"))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, *capsys.readouterr()

    return run


def test_what_is_there_is_taken_over_once_the_stacks_name_is_typed(adopt, pulumi):
    code, out, err = adopt(typed="production")

    assert (code, pulumi.imported) == (0, [("production", [f"{ZONE}/r1"])])
    assert "take over record CNAME boka.example: content old.example becomes lb.example" in err
    assert out.startswith("Stack production took over 1 things at Cloudflare; nothing was changed there yet.")


def test_nothing_is_taken_over_when_another_word_is_typed(adopt, pulumi):
    assert (adopt(typed="yes")[0], pulumi.imported) == (5, [])


def test_what_is_in_the_way_stops_it_before_the_question(adopt, zone, pulumi):
    zone.records = [{"id": "r1", "type": "A", "name": "boka.example", "content": "192.0.2.1"}]

    code, _, err = adopt(typed="production")

    assert (code, pulumi.imported) == (5, [])
    assert "record A boka.example (192.0.2.1)" in err
    assert "Type the stack's name" not in err


def test_where_there_is_nothing_nobody_is_asked(adopt, zone, pulumi):
    zone.records = []

    code, out, _ = adopt("--json")

    assert (code, json.loads(out), pulumi.imported) == (0, {"stack": "production", "taken": [], "left": []}, [])


def test_a_stack_that_was_never_raised_is_told_the_way_without_an_outage(adopt, pulumi):
    pulumi.raised = False

    code, _, err = adopt("--yes")

    assert (code, "Set boka:live to false" in err) == (5, True)


def test_a_token_that_may_not_look_is_told(adopt, zone, pulumi):
    zone.forbidden.add("dns_records")

    code, _, err = adopt("--yes")

    assert (code, pulumi.imported) == (5, [])
    assert f"Cloudflare answers HTTP 403 to GET /zones/{ZONE}/dns_records" in err


def test_without_a_token_nothing_is_asked(adopt, monkeypatch):
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN")

    code, _, err = adopt("--yes")

    assert (code, "CLOUDFLARE_API_TOKEN is not set" in err) == (5, True)
