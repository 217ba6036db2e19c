"""What base, nginx, keepalived, letsencrypt and world write, rendered by Ansible's own engine.

No daemon reads it here: each role validates with its daemon on the host, and the role tests run there.
"""

import json
from typing import Any

import pytest
from ansible.errors import AnsibleUndefinedVariable

from tests.roles.render import evaluate, render, role_variables, wiring

HOSTS = {
    "edge1": {"address": "198.18.0.11", "cpus": 2, "host_key": "ssh-ed25519 AAAA1"},
    "edge2": {"address": "198.18.0.12", "cpus": 2, "host_key": "ssh-ed25519 AAAA2"},
    "app1": {"address": "198.18.0.21", "cpus": 2, "host_key": "ssh-ed25519 AAAA3"},
    "app2": {"address": "198.18.0.22", "cpus": 2, "host_key": "ssh-ed25519 AAAA4"},
    "ops1": {"address": "198.18.0.61", "cpus": 2, "host_key": "ssh-ed25519 AAAA5"},
    "world1": {"address": "198.18.0.91", "cpus": 2, "host_key": "ssh-ed25519 AAAA6"},
}
GROUPS = {
    "edge": ["edge1", "edge2"],
    "app": ["app1", "app2"],
    "db": [],
    "cache": ["ops1"],
    "ops": ["ops1"],
    "world": ["world1"],
}
UPSTREAM = [{"name": "booking", "servers": ["198.18.0.21:8000", "198.18.0.22:8000"]}]


def host(name: str, **more: Any) -> dict[str, Any]:
    """Return what the inventory tells one host of a small stack."""
    return {
        "inventory_hostname": name,
        "group_names": [group for group, members in GROUPS.items() if name in members],
        "groups": GROUPS,
        "boka_hosts": HOSTS,
        "boka_stack": "local",
        "boka_domain": "boka.test",
        "boka_network_cidr": "198.18.0.0/24",
        "boka_control_address": "198.18.0.1",
        "boka_virtual_address": "198.18.0.10",
        "boka_ports": {"booking": 8000, "dns": 53, "acme": 14000, "acme_management": 15000, "s3": 7070},
        "boka_buckets": {"backup": "boka-local-backup"},
        "boka_endpoints": {"acme_directory": "https://world1:14000/dir"},
    } | more


def flow(name: str, *sources: str, to: str, port: int = 443, protocol: str = "tcp") -> dict[str, Any]:
    return {"name": name, "from": list(sources), "to": to, "port": port, "protocol": protocol}


def firewall(*flows: dict[str, Any], of: str = "edge1") -> str:
    return render("base", "nftables.conf.j2", **wiring("all/base.yml"), **host(of, boka_flows=list(flows)))


def nginx_conf(**options: Any) -> str:
    return render(
        "nginx", "nginx.conf.j2", nginx_server_names=["boka.test", "*.boka.test"], nginx_upstreams=UPSTREAM, **options
    )


@pytest.mark.parametrize(("name", "asked"), [("edge1", "root"), ("app1", "root"), ("ops1", "root, postgres")])
def test_only_the_repository_and_root_may_ask_a_cloud_who_the_host_is(name, asked):
    files = ("all/base.yml", "cloud/base.yml")
    users = evaluate("base_metadata_users", role_variables("base") | wiring(*files) | host(name))

    rules = render("base", "nftables.conf.j2", **wiring(*files), **host(name, boka_flows=[]))

    assert ", ".join(users) == asked
    assert f"ip daddr 169.254.169.254 meta skuid != {{ {asked} }} counter reject" in rules


def test_a_flow_to_another_group_opens_nothing_here():
    rules = firewall(flow("booking", "edge", to="app", port=8000), of="edge1")

    assert "8000" not in rules


def test_a_flow_lets_in_every_host_of_its_group_and_nobody_else():
    rules = firewall(flow("booking", "edge", to="app", port=8000), of="app1")

    assert 'ip saddr { 198.18.0.11, 198.18.0.12 } tcp dport 8000 accept comment "booking"' in rules


def test_a_flow_from_a_network_lets_in_that_network():
    rules = firewall(flow("https", "104.16.0.0/13", "10.20.0.0/20", to="edge"))

    assert 'ip saddr { 104.16.0.0/13, 10.20.0.0/20 } tcp dport 443 accept comment "https"' in rules


@pytest.mark.parametrize(
    ("sources", "believed"),
    [
        pytest.param(("any",), [], id="clients come directly"),
        pytest.param(("104.16.0.0/13", "10.20.0.0/20"), ["104.16.0.0/13", "10.20.0.0/20"], id="through a CDN"),
    ],
)
def test_nginx_believes_the_networks_that_may_come_about_addresses(sources, believed):
    seen = host("edge1", boka_flows=[flow("https", *sources, to="edge"), flow("booking", "edge", to="app", port=8000)])

    found = evaluate("nginx_trusted_proxies", role_variables("nginx") | wiring("edge/nginx.yml") | seen)

    assert found == believed


def test_behind_a_cdn_who_shows_no_certificate_of_its_authority_is_turned_away():
    text = nginx_conf(nginx_client_authority="-----BEGIN CERTIFICATE-----\n...")

    assert "ssl_client_certificate /etc/nginx/client-authority.pem;" in text
    assert "if ($is_stranger) {\n            return 403;" in text


def test_everybody_is_served_where_no_authority_is_named():
    assert "ssl_client_certificate" not in nginx_conf()
    assert "$is_stranger" not in nginx_conf()


def test_the_outside_may_come_from_any_address():
    rules = firewall(flow("https", "any", to="edge"))

    assert '\n        tcp dport 443 accept comment "https"' in rules


def test_vrrp_is_let_in_by_its_protocol_number_from_the_edges():
    rules = firewall(flow("vrrp", "edge", to="edge", port=0, protocol="vrrp"))

    assert "ip saddr { 198.18.0.11, 198.18.0.12 } meta l4proto 112 accept" in rules


def test_a_flow_from_an_empty_group_opens_nothing():
    rules = firewall(flow("postgresql", "db", to="edge", port=5432))

    assert "5432" not in rules


def test_ssh_stays_open_to_the_control_machine_without_any_flow():
    assert 'ip saddr { 198.18.0.1 } tcp dport 22 accept comment "ssh"' in firewall()


def test_ssh_is_open_to_whom_a_flow_lets_in_a_network_of_operators_too():
    rules = firewall(flow("ssh", "203.0.113.10/32", "ops", to="edge", port=22))

    assert 'ip saddr { 198.18.0.1, 203.0.113.10/32, 198.18.0.61 } tcp dport 22 accept comment "ssh"' in rules


def test_the_firewall_replaces_only_its_own_table():
    rules = firewall()

    assert "flush ruleset" not in rules
    assert "delete table inet boka\ntable inet boka {" in rules


def test_every_host_is_known_by_its_long_and_its_short_name():
    text = render("base", "hosts.j2", **wiring("all/base.yml"), **host("app1"))

    assert "198.18.0.61 ops1.local.internal.test ops1\n" in text


@pytest.mark.parametrize(
    "line", ["PermitRootLogin no", "PasswordAuthentication no", "KbdInteractiveAuthentication no", "X11Forwarding no"]
)
def test_sshd_lets_in_nobody_but_by_key(line: str):
    text = render("base", "sshd.conf.j2", base_ssh_sources=["198.18.0.1"])

    assert line in text.splitlines()


def test_unattended_upgrades_take_security_updates_only():
    text = render("base", "apt.conf.j2")

    assert text.count("origin=") == 1
    assert "-security,label=Debian-Security" in text


def test_a_template_without_its_variable_is_refused():
    with pytest.raises(AnsibleUndefinedVariable):
        render("base", "authorized_keys.j2")


def test_nginx_knows_every_app_host_of_the_stack():
    servers = evaluate("nginx_upstreams", role_variables("nginx") | wiring("edge/nginx.yml") | host("edge1"))

    assert servers == UPSTREAM


def test_nginx_gives_a_begun_post_to_a_second_server_only_under_a_key():
    text = nginx_conf()

    assert text.count("non_idempotent") == 1
    assert text.index("location @repeatable") < text.index("non_idempotent")


def test_nginx_answers_unknown_names_with_no_handshake():
    text = nginx_conf()

    assert "ssl_reject_handshake on;" in text
    assert text.count("default_server") == 2


def test_nginx_negotiates_post_quantum_keys_first():
    assert "ssl_ecdh_curve X25519MLKEM768:X25519" in nginx_conf()


def test_nginx_believes_a_proxys_header_only_from_named_networks():
    assert "real_ip_header" not in nginx_conf()
    assert "set_real_ip_from 192.0.2.0/24;" in nginx_conf(nginx_trusted_proxies=["192.0.2.0/24"])


def test_nginx_limits_everybody_but_named_networks():
    assert "        default 1;\n    }" in nginx_conf()
    assert "        default 1;\n        192.0.2.7 0;\n    }" in nginx_conf(nginx_unlimited_sources=["192.0.2.7"])


def test_nginx_adds_each_security_header_only_where_the_service_has_none():
    text = nginx_conf()

    assert 'map $upstream_http_x_frame_options $edge_frame {\n        "" "DENY";\n        default "";' in text


def test_nginx_logs_no_query_which_may_carry_a_persons_data():
    text = nginx_conf()

    assert '"path":"$request_path"' in text
    assert "$request_uri" not in text[text.index("log_format") : text.index("access_log")]


def test_the_first_edge_takes_the_address_of_a_fresh_stack():
    seen = [evaluate("keepalived_priority", wiring("edge/keepalived.yml") | host(name)) for name in ("edge1", "edge2")]

    assert [int(priority) for priority in seen] == [150, 140]


def test_keepalived_speaks_to_the_other_edges_only():
    text = render("keepalived", "keepalived.conf.j2", **wiring("edge/keepalived.yml"), **host("edge2"))

    assert "unicast_src_ip 198.18.0.12" in text
    assert "        198.18.0.11 min_ttl 255\n    }" in text
    assert "198.18.0.10/24 dev host0" in text


def test_the_issuer_knows_the_host_key_of_every_edge():
    text = render("letsencrypt", "known_hosts.j2", **wiring("ops/letsencrypt.yml"), **host("ops1"))

    assert text.splitlines()[-2:] == ["198.18.0.11 ssh-ed25519 AAAA1", "198.18.0.12 ssh-ed25519 AAAA2"]


def test_the_issuers_unit_carries_no_secret_only_the_path_of_one():
    text = render("letsencrypt", "boka-certificate.service.j2", letsencrypt_dns_secrets={"CF_DNS_API_TOKEN": "s3cret"})

    assert "s3cret" not in text
    assert "Environment=CF_DNS_API_TOKEN_FILE=%d/CF_DNS_API_TOKEN" in text


def test_lets_encrypt_is_known_by_a_short_name():
    variables = role_variables("letsencrypt") | wiring("all/letsencrypt.yml") | host("ops1")

    settings = evaluate("__letsencrypt_settings", variables | {"letsencrypt_directory": "production"})

    assert settings["directory"] == "https://acme-v02.api.letsencrypt.org/directory"


def test_the_issuers_key_runs_one_program_from_one_address():
    text = render(
        "letsencrypt", "authorized_keys.j2", **wiring("all/letsencrypt.yml"), **host("edge1"),
        __letsencrypt_key={"stdout": "ssh-ed25519 AAAA"},
    )  # fmt: skip

    assert 'restrict,from="198.18.0.61",command="sudo /usr/local/lib/boka/receive-certificate" ssh-ed25519' in text


def test_the_worlds_zone_sends_every_name_to_the_virtual_address():
    text = render("world", "zone.j2", **wiring("world/world.yml"), **host("world1"))

    assert "\n@ A 198.18.0.10\n* A 198.18.0.10\n" in text


def test_the_issuer_may_change_one_record_and_no_other():
    text = render("world", "knot.conf.j2", **wiring("world/world.yml"), **host("world1"))

    assert "update-type: [ TXT ]" in text
    assert "update-owner-name: [ _acme-challenge ]" in text


def test_the_authority_validates_for_real():
    unit = render("world", "boka-acme.service.j2")
    settings = json.loads(render("world", "pebble.json.j2", **wiring("world/world.yml"), **host("world1")))

    assert "PEBBLE_VA_ALWAYS_VALID=0" in unit
    assert settings["pebble"]["listenAddress"] == "198.18.0.91:14000"
