"""The CDN's networks: fresh, well-formed, and the only ones that reach the edges."""

import json
import threading
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

import pytest
from recorder import record

from infra.cloudflare import ranges
from infra.fleet import Flow
from infra.handover import StackFile


def test_the_list_is_fresh():
    assert ranges.stale(ranges.published(), date.today()) is None  # noqa: DTZ011 - a day, wherever it is run


def test_an_old_list_says_how_old_it_is_and_what_to_do():
    found = ranges.published()

    said = ranges.stale(found, found.taken + ranges.MAX_AGE + timedelta(days=1))

    assert said is not None
    assert f"was taken {found.taken}, 366 days ago; 365 are allowed" in said
    assert "https://www.cloudflare.com/ips-v4" in said


@pytest.fixture
def cloudflare():
    """Cloudflare's `/ips`: what it answers is set by the test."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/ips" else 404)
            self.end_headers()
            self.wfile.write(json.dumps({"success": True, "result": self.server.result}).encode())

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def refresh(tmp_path, cloudflare):
    file = tmp_path / "ranges.json"
    file.write_text(ranges.FILE.read_text())
    where = {"CLOUDFLARE_BASE_URL": f"http://127.0.0.1:{cloudflare.server_port}"}
    return file, lambda: ranges.main(file, where)


def test_the_list_is_taken_anew_and_what_changed_is_said(refresh, cloudflare, capsys):
    file, run = refresh
    known = ranges.published()
    ipv4 = [str(one) for one in known.ipv4 if str(one) != "131.0.72.0/22"]
    cloudflare.result = {"ipv4_cidrs": [*ipv4, "104.28.0.0/15"], "ipv6_cidrs": [str(one) for one in known.ipv6]}

    code = run()

    assert (code, capsys.readouterr().out) == (0, "new: 104.28.0.0/15\ngone: 131.0.72.0/22\n")
    assert ranges.Ranges.model_validate_json(file.read_text()).taken >= known.taken
    assert "104.28.0.0/15" in file.read_text()


@pytest.mark.parametrize(
    "result",
    [
        pytest.param({"ipv4_cidrs": [], "ipv6_cidrs": ["2400:cb00::/32"]}, id="a list without networks"),
        pytest.param({"ipv4_cidrs": ["nothing"], "ipv6_cidrs": ["2400:cb00::/32"]}, id="no networks"),
        pytest.param(None, id="no list"),
    ],
)
def test_what_is_not_the_list_leaves_the_file_as_it_is(refresh, cloudflare, result, capsys):
    file, run = refresh
    cloudflare.result = result

    assert run() == 4
    assert file.read_text() == ranges.FILE.read_text()
    assert "ranges.json stays as it is" in capsys.readouterr().err


def test_without_a_way_to_cloudflare_the_file_stays(tmp_path, capsys):
    file = tmp_path / "ranges.json"
    file.write_text("as it was")

    assert ranges.main(file, {"CLOUDFLARE_BASE_URL": "http://127.0.0.1:9"}) == 4
    assert file.read_text() == "as it was"
    assert "no list of networks from http://127.0.0.1:9/ips" in capsys.readouterr().err


def test_the_list_is_whole_public_sorted_and_without_overlap():
    found = ranges.published()
    networks = [*found.ipv4, *found.ipv6]

    assert (len(found.ipv4), len(found.ipv6)) == (15, 7)
    assert [one for one in networks if not one.is_global] == []
    assert [str(one) for one in found.ipv4] == sorted(str(one) for one in found.ipv4)
    assert not any(one != other and one.overlaps(other) for one in found.ipv4 for other in found.ipv4)
    assert not any(one != other and one.overlaps(other) for one in found.ipv6 for other in found.ipv6)


def test_only_the_cdn_reaches_the_load_balancer(graphs):
    made = graphs["production"]
    balancer = made.of("SecurityGroup")["balancer"]
    inward = [
        one.inputs
        for one in made.of("SecurityGroupIngressRule").values()
        if one.inputs["securityGroupId"].startswith("sg-")
    ]
    lists = {
        name: {one["cidr"] for one in found.inputs["entries"]} for name, found in made.of("ManagedPrefixList").items()
    }
    open_to_lists = sorted((one["prefixListId"], one["fromPort"]) for one in inward if "prefixListId" in one)

    assert balancer.inputs["name"] == "boka-production-balancer"
    assert open_to_lists == [
        (f"boka-production-{name}", port) for name in ("cdn-ipv4", "cdn-ipv6") for port in (80, 443)
    ]
    assert lists["cdn-ipv4"] == {str(one) for one in ranges.published().ipv4}
    assert lists["cdn-ipv6"] == {str(one) for one in ranges.published().ipv6}


def test_a_security_group_has_room_for_the_lists(graphs):
    """60 rules of each family, and a rule counts as many as its list may have."""
    found = graphs["production"].of("ManagedPrefixList").values()

    assert [one.name for one in found if one.inputs["maxEntries"] < len(one.inputs["entries"])] == []
    assert [one.name for one in found if 2 * one.inputs["maxEntries"] > 60 - 10] == []


def test_hosts_are_told_the_cdns_networks_and_the_balancers(graphs):
    content = graphs["production"].of("StackFile")["stack-file"].inputs["content"]
    flows = {flow.name: flow.sources for flow in StackFile.model_validate_json(content).flows}
    networks = [ip_network(text) for text in flows["https"]]

    assert flows["http"] == flows["https"]
    assert {one.version for one in networks} == {4}
    assert set(ranges.published().ipv4) < set(networks)
    assert {str(one) for one in networks if one.is_private} == {"10.20.0.0/20", "10.20.16.0/20", "10.20.32.0/20"}


def test_the_bastion_is_told_whom_to_let_in_and_the_others_only_the_bastion(graphs):
    """A host filters by address: a flow from "control" would let in nobody who is not on the bastion already."""
    content = graphs["production"].of("StackFile")["stack-file"].inputs["content"]
    flows = [flow for flow in StackFile.model_validate_json(content).flows if flow.name == "ssh"]

    assert {flow.target: flow.sources for flow in flows} == {
        "ops": ("203.0.113.10/32",), **dict.fromkeys(("edge", "app", "db", "cache"), ("ops",)),
    }  # fmt: skip


def test_other_flows_stay_as_they_are():
    flow = Flow(name="ssh", sources=("ops",), target="app", port=22)

    assert ranges.as_hosts_see([flow], []) == (flow,)


def test_without_the_cdn_the_edges_are_open_to_everyone():
    content = record("staging", cdn=False, cloudflare_plan="free").of("StackFile")["stack-file"].inputs["content"]

    assert {flow.sources for flow in StackFile.model_validate_json(content).flows if flow.name == "https"} == {("any",)}
