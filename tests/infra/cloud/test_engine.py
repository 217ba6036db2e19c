"""The real engine on production's program: order, protection, replacement, recovery, drift. Providers are doubles."""

import base64
import gzip
import json

import pytest
from real_engine import Engine

pytestmark = pytest.mark.engine
# The figure is 30 s on a machine that does nothing else; where all tiers run, two cores have more to do.
PREVIEW_LIMIT_S = 60


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The base layer, raised."""
    engine = Engine.new(tmp_path_factory.mktemp("engine"))
    done = engine.run("up", "production-base")
    assert done.code == 0, done.text
    return engine


@pytest.fixture(scope="module")
def previewed(base):
    return base.run("preview")


@pytest.fixture(scope="module")
def failed(base, previewed):
    """The first up of the other layer: one host could not be created."""
    assert previewed.code == 0, previewed.text
    base.fail("Instance app2")
    return base.run("up")


@pytest.fixture(scope="module")
def recovered(base, failed):
    """The next one, with nothing in its way."""
    assert failed.code != 0
    base.fail()
    return base.run("up")


@pytest.fixture(scope="module")
def raised(base, recovered):
    assert recovered.code == 0, recovered.text
    return base


@pytest.fixture
def world(raised, tmp_path):
    """Both layers raised, for this test alone."""
    return raised.copy(tmp_path / "world")


def test_the_first_preview_takes_no_longer_than_it_may(previewed, record_property):
    record_property("resources", len(previewed.steps["create"]))
    print(f"\npreview of production: {len(previewed.steps['create'])} resources in {previewed.took_s:.1f} s")  # noqa: T201 - the figure

    assert previewed.took_s < PREVIEW_LIMIT_S


def test_a_failure_in_the_middle_names_the_resource(failed):
    assert "the double was told to fail here" in failed.text
    assert "app2" in failed.text


def test_the_next_up_makes_what_is_missing_and_nothing_twice(recovered, raised):
    hosts = {"edge1", "edge2", "app1", "app2", "app3", "db1", "db2", "cache1", "ops1"}

    assert set(recovered.counts()) == {"create"}
    assert set(raised.ids("Instance")) == hosts
    assert len(raised.made("Instance")) == len(hosts)


def test_a_second_up_changes_nothing(raised):
    done = raised.run("up", "production", "--refresh", "--expect-no-changes")

    assert (done.code, done.counts().keys() - {"refresh"}) == (0, set()), done.text


OLDER, NEWER = "ami-0123456789abcdef0", "ami-0fedcba9876543210"


def test_one_host_is_replaced_by_the_image_of_today_and_its_data_stays(world, recovered):
    world.settings.write_text(world.settings.read_text().replace(OLDER, NEWER))
    hosts, volumes = world.ids("Instance"), world.ids("Volume")
    known = [urn for urns in recovered.steps.values() for urn in urns]
    urn = next(urn for urn in known if urn.endswith("ec2/instance:Instance::db2"))

    done = world.run("up", "production", "--target-replace", urn, "--target-dependents")

    assert done.code == 0, done.text
    assert {name for name, id_ in world.ids("Instance").items() if hosts[name] != id_} == {"db2"}
    assert world.ids("Volume") == volumes
    assert set(world.ids("Instance")) == set(hosts)
    assert [one["tags"]["Name"] for one in world.made("Instance").values() if one["ami"] == NEWER] == ["db2"]


def test_a_new_image_replaces_the_host_that_is_named_and_no_other(world):
    hosts, settings = world.ids("Instance"), world.settings.read_text()
    (line,) = [line for line in settings.splitlines() if "boka:images" in line]
    world.settings.write_text(settings.replace(OLDER, NEWER))

    seen = world.run("preview")
    named = f"{line}\n  boka:host_images: {{app1: {NEWER}}}"
    world.settings.write_text(settings.replace(line, named).replace("operator@example", "newcomer@example"))
    done = world.run("up")

    assert (settings.count(OLDER), seen.code, seen.counts()) == (1, 0, {}), seen.text
    assert done.code == 0, done.text
    assert {name for name, id_ in world.ids("Instance").items() if hosts[name] != id_} == {"app1"}
    assert {name for name, text in first_boots(world).items() if "newcomer@example" in text} == {"app1"}


def first_boots(world):
    made = world.made("Instance").values()
    return {one["tags"]["Name"]: gzip.decompress(base64.b64decode(one["userDataBase64"])).decode() for one in made}


def test_destroy_is_refused_while_the_data_is_protected(world):
    volumes = world.ids("Volume")

    done = world.run("destroy")

    assert done.code != 0
    assert "protect" in done.text
    assert world.ids("Volume") == volumes


def test_a_live_stack_is_not_taken_out_of_its_zone_by_a_setting(world):
    world.settings.write_text(world.settings.read_text().replace("config:\n", "config:\n  boka:live: false\n"))

    done = world.run("up", "production-base")

    assert done.code != 0
    assert "zoneDnssec" in done.text
    assert "protect" in done.text
    assert len(world.made("ZoneDnssec")) == 1


def test_what_somebody_changed_by_hand_is_seen_and_healed(world):
    rules = world.cloud / "SecurityGroupIngressRule"
    file = next(
        path for path in rules.glob("*.json") if json.loads(path.read_text()).get("cidrIpv4") == "203.0.113.10/32"
    )
    file.write_text(json.dumps(json.loads(file.read_text()) | {"cidrIpv4": "0.0.0.0/0"}))

    seen = world.run("preview", "production", "--refresh", "--expect-no-changes")
    healed = world.run("up", "production", "--refresh")

    assert (seen.code != 0, seen.counts().get("update")) == (True, 1), seen.text
    assert healed.code == 0, healed.text
    assert json.loads(file.read_text())["cidrIpv4"] == "203.0.113.10/32"
