"""`boka adopt`: the real engine takes over a zone that serves users already; Cloudflare and its API are doubles."""

import json

import cloud_checkout
import pytest
from zone_api import ZoneApi

pytestmark = pytest.mark.engine
ZONE = "0123456789abcdef0123456789abcdef"
SWITCH = "  boka:live: false\n"
OLD_RULE = {"ref": "9f0c", "action": "block", "expression": "ip.src ne 192.0.2.1", "description": "the office only"}


def record(kind, name, **said):
    return {"zoneId": ZONE, "type": kind, "name": name, "ttl": 1, "proxied": True, **said}


def lay_out(zone):
    """What people made by hand: names, a mail server, a firewall rule, a route, a setting."""
    zone.put("DnsRecord", "r-apex", **record("CNAME", "boka.example", content="old.example"))
    zone.put("DnsRecord", "r-www", **record("CNAME", "www.boka.example", content="old.example"))
    zone.put("DnsRecord", "r-mail", **record("MX", "boka.example", content="mail.example", proxied=False))
    zone.put("Ruleset", "s-custom", zoneId=ZONE, kind="zone", phase="http_request_firewall_custom", rules=[OLD_RULE])
    zone.put("WorkersRoute", "w-apex", zoneId=ZONE, pattern="boka.example/*", script="old")
    zone.put("ZoneSetting", "ssl", zoneId=ZONE, settingId="ssl", value="full", editable=True)


class Zone:
    """The world, the API over it, and what `boka` said."""

    def __init__(self, world, api):
        self.world, self.api = world, api

    def boka(self, verb, *words):
        account = self.world.environment["CLOUDFLARE_BASE_URL"]
        asked = self.api.url if verb == "adopt" else account  # the others look at the account alone
        self.world.environment["CLOUDFLARE_BASE_URL"] = asked
        done = self.world.boka(verb, *words)
        self.world.environment["CLOUDFLARE_BASE_URL"] = account
        return done.returncode, done.stdout, done.stderr

    def kept(self):
        """What Cloudflare has, by class and id."""
        return {f"{path.parent.name}/{path.stem}": path.read_text() for path in self.world.cloud.glob("*/*.json")}

    def all(self, kind):
        return [json.loads(path.read_text()) for path in (self.world.cloud / kind).glob("*.json")]

    def of(self, key):
        return json.loads(self.kept()[key])


@pytest.fixture(scope="module")
def zone(tmp_path_factory):
    with cloud_checkout.opened(tmp_path_factory.mktemp("adoption")) as world, ZoneApi(world.cloud) as api:
        settings = world.checkout / "Pulumi.production.yaml"
        settings.write_text(settings.read_text() + SWITCH)
        cloud_checkout.initialise(world)
        yield Zone(world, api)
        api.shutdown()


@pytest.fixture(scope="module")
def early(zone):
    """Asked too early: the stack is not live by its settings."""
    return zone.boka("adopt", "production", "--yes")


@pytest.fixture(scope="module")
def raised(zone, early):
    """The platform stands, beside a zone that people still use."""
    assert early[0] == 5, early
    lay_out(zone.api)
    before = zone.kept()
    code, _, said = zone.boka("up", "--stack", "production", "--hosts-only")
    assert code == 0, said
    assert before.items() <= zone.kept().items()
    settings = zone.world.checkout / "Pulumi.production.yaml"
    settings.write_text(settings.read_text().replace(SWITCH, ""))
    return zone


@pytest.fixture(scope="module")
def stopped(raised):
    """A run that ended in the middle of it."""
    fails = raised.world.cloud / "fails"
    fails.write_text("DnsRecord www")
    answer = raised.boka("adopt", "production", "--yes")
    fails.unlink()
    return answer


@pytest.fixture(scope="module")
def adopted(raised, stopped):
    """The next one: what Cloudflare had before it, what it said, what Cloudflare had after it."""
    assert stopped[0] == 3, stopped
    before = raised.kept()
    code, out, said = raised.boka("adopt", "production", "--yes", "--json")
    assert code == 0, said
    return before, json.loads(out), raised.kept()


@pytest.fixture(scope="module")
def served(raised, adopted):
    """The zone once the stack has it."""
    assert adopted[1]["taken"]
    code, _, said = raised.boka("up", "--stack", "production", "--hosts-only")
    assert code == 0, said
    return raised


def test_a_stack_that_wants_nothing_of_the_zone_is_told_what_to_set(early):
    assert "boka:live is false in Pulumi.production.yaml" in early[2]


def test_a_run_that_stopped_is_completed_by_the_next(stopped, adopted):
    taken = adopted[1]["taken"]

    assert "take over record CNAME boka.example" in stopped[2]
    assert any(line.startswith("record CNAME www.boka.example") for line in taken)
    assert not any(line.startswith("setting ssl") for line in taken)


def test_what_is_none_of_ours_is_left(adopted):
    assert adopted[1]["left"] == ["record MX boka.example"]


def test_nothing_is_changed_at_cloudflare(adopted):
    assert adopted[2] == adopted[0]


def test_the_plan_says_what_users_will_notice(stopped):
    assert "take over setting ssl: value full becomes strict" in stopped[2]
    assert "1 rules go: the office only" in stopped[2]


def test_the_next_up_changes_what_was_there_and_makes_no_second(served):
    records = [one for one in served.all("DnsRecord") if (one["type"], one["name"]) == ("CNAME", "boka.example")]

    assert len(records) == 1
    assert served.of("DnsRecord/r-apex")["content"].endswith("elb.eu-central-1.amazonaws.com")
    assert served.of("ZoneSetting/ssl")["value"] == "strict"
    refs = {rule["ref"] for rule in served.of("Ruleset/s-custom")["rules"]}
    assert "methods" in refs
    assert OLD_RULE["ref"] not in refs
    assert served.of("WorkersRoute/w-apex")["script"] == "boka-production-maintenance"
    assert served.of("DnsRecord/r-mail")["content"] == "mail.example"
