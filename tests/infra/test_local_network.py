import json

import pytest

from infra.local import claims, network
from infra.local.system import ForeignObjectError, LocalError

SPEC = network.NetworkSpec("t0001", "198.18.7.0/24", "198.18.7.1")


@pytest.fixture
def networks(system, state_home):  # noqa: ARG001
    system.answer("ip link show bk-t0001", code=1)
    system.answer("ip -n boka-t0001 -j link show", "[]")
    return network.Networks(system)


def test_a_new_network_is_claimed_before_it_is_made(networks, system):
    networks.ensure(SPEC)

    assert claims.held("t0001", "network", "boka-t0001")
    assert "ip netns add boka-t0001" in system.ran
    assert "ip address replace 198.18.7.1/24 dev bk-t0001" in system.ran


def test_a_strangers_namespace_is_refused_and_left_alone(networks, system):
    system.answer("ip netns list", "boka-t0001 (id: 3)\n")

    with pytest.raises(ForeignObjectError, match="did not make it"):
        networks.ensure(SPEC)

    assert not [line for line in system.ran if " add " in line or " delete " in line]


def test_our_own_namespace_is_adopted_after_a_kill(networks, system):
    claims.claim("t0001", "network", "boka-t0001", exists=False)
    system.answer("ip netns list", "boka-t0001\n")

    networks.ensure(SPEC)

    assert "ip netns add boka-t0001" not in system.ran


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        pytest.param(
            "ip -4 -j address show",
            [{"ifname": "eth0", "addr_info": [{"local": "198.18.7.9", "prefixlen": 24}]}],
            id="an address of the machine",
        ),
        pytest.param("ip -4 -j route show", [{"dst": "198.18.0.0/16", "dev": "vpn0"}], id="a route into a VPN"),
    ],
)
def test_a_subnet_in_use_is_refused_naming_who_has_it(networks, system, command, answer):
    system.answer(command, json.dumps(answer))

    with pytest.raises(LocalError, match=r"is in use on this machine: (eth0|vpn0)"):
        networks.ensure(SPEC)


def test_an_uplink_whose_other_end_was_lost_is_made_anew(system, state_home):  # noqa: ARG001
    claims.claim("t0001", "network", "boka-t0001", exists=False)
    system.answer("ip -n boka-t0001 -j link show", "[]")
    system.answer("ip -n boka-t0001 link show uplink", code=1)

    network.Networks(system).ensure(SPEC)

    assert "ip link delete bk-t0001" in system.ran


def test_removing_what_is_not_ours_touches_nothing(networks, system):
    networks.remove("t0001")

    assert system.ran == []


def test_removing_twice_is_fine(networks, system):
    networks.ensure(SPEC)
    system.answer("ip netns list", "boka-t0001\n")

    networks.remove("t0001")
    networks.remove("t0001")

    assert system.ran.count("ip netns delete boka-t0001") == 1


def test_the_first_subnet_that_nothing_uses_is_free(system):
    system.answer("ip -4 -j route show", json.dumps([{"dst": "198.18.1.0/24", "dev": "bk-t0002"}]))

    assert str(network.free_subnet(system)) == "198.18.2.0/24"
