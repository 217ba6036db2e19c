"""The host library's smaller parts: cgroups, claims, root files, images, archives, volumes."""

import os

import pytest

from infra.local import archives, claims, image, packages, rootfs
from infra.local.cgroups import Hierarchies, HostCgroup, Limits, hierarchies
from infra.local.system import ForeignObjectError, LocalError
from infra.local.volume import Volumes, VolumeSpec, image_file

HYBRID = """\
cgroup /sys/fs/cgroup/memory cgroup rw 0 0
cgroup /sys/fs/cgroup/blkio cgroup rw 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
"""


def test_a_hybrid_machine_has_a_v2_tree_beside_the_controllers_in_use():
    found = hierarchies(HYBRID)

    assert str(found.v2) == "/sys/fs/cgroup/unified"
    assert sorted(found.v1) == ["memory", "systemd"]


def test_a_machine_without_a_v2_tree_is_refused_with_the_command_that_mounts_one():
    with pytest.raises(LocalError, match="mount -t cgroup2"):
        hierarchies("cgroup /sys/fs/cgroup/memory cgroup rw 0 0\n")


def test_a_hosts_size_is_written_to_its_own_group(tmp_path):
    trees = Hierarchies(tmp_path / "v2", {"memory": tmp_path / "memory"})

    HostCgroup("t0001", "app1", trees).prepare(Limits(memory_mib=512, cpus=1))

    limit = tmp_path / "memory" / "boka" / "t0001" / "app1" / "memory.limit_in_bytes"
    assert limit.read_text() == str(512 * 1024 * 1024)


def test_a_claim_covers_its_own_stack_only(state_home):  # noqa: ARG001
    claims.claim("t0001", "host", "app1", exists=False)

    with pytest.raises(ForeignObjectError):
        claims.claim("t0002", "host", "app1", exists=True)


def test_files_written_into_a_host_keep_the_folders_of_its_image(tmp_path):
    (tmp_path / "lower" / "home" / "ops" / ".ssh").mkdir(parents=True)
    (tmp_path / "lower" / "home" / "ops" / ".ssh").chmod(0o700)
    (tmp_path / "upper").mkdir()

    rootfs.Root(tmp_path / "upper", [tmp_path / "lower"]).put(
        rootfs.Entry(path="/home/ops/.ssh/authorized_keys", text="key\n", mode=0o600, owner=os.getuid())
    )

    written = tmp_path / "upper" / "home" / "ops" / ".ssh"
    assert written.stat().st_mode & 0o777 == 0o700
    assert (written / "authorized_keys").stat().st_mode & 0o777 == 0o600


def test_a_file_that_a_role_took_over_outlives_a_reboot(tmp_path):
    root = rootfs.Root(tmp_path, [])
    entry = rootfs.Entry(path="/keys", text="ours\n", owner=os.getuid(), keep_if_contains="ours")
    (tmp_path / "keys").write_text("# managed\nours\ntheirs\n")

    root.put(entry)

    assert (tmp_path / "keys").read_text() == "# managed\nours\ntheirs\n"


def test_a_key_that_is_new_replaces_a_file_that_lacks_it(tmp_path):
    root = rootfs.Root(tmp_path, [])
    (tmp_path / "keys").write_text("old\n")

    root.put(rootfs.Entry(path="/keys", text="new\n", owner=os.getuid(), keep_if_contains="new"))

    assert (tmp_path / "keys").read_text() == "new\n"


def test_the_same_packages_in_another_order_are_the_same_image():
    assert image.ImageSpec("app", ("a", "b")).key == image.ImageSpec("app", ("b", "a", "a")).key


def test_another_package_is_another_image():
    assert image.ImageSpec("app", ("a",)).key != image.ImageSpec("app", ("a", "b")).key


def test_an_image_is_not_begun_on_a_full_disk(state_home, monkeypatch, system):  # noqa: ARG001
    monkeypatch.setattr(image, "_NEEDED_BYTES", 2**62)

    with pytest.raises(LocalError, match="MiB free; building an image needs"):
        image.Images(system).ensure(image.ImageSpec("base"))

    assert system.ran == []


def test_a_failed_build_leaves_no_image(state_home, system, monkeypatch):  # noqa: ARG001
    monkeypatch.setattr(system, "run", lambda *_, **__: (_ for _ in ()).throw(LocalError("the mirror is unreachable")))

    with pytest.raises(LocalError, match=r"image base-\w+ failed after 0 s: the mirror is unreachable"):
        image.Images(system).ensure(image.ImageSpec("base"))

    assert image.Images(system).observe(image.ImageSpec("base").key) is None


OURS = archives.Archives("http://a.test/debian", "http://a.test/sec")
SAME_SERVER = archives.Archives("http://a.test/debian", "http://a.test/debian-security")
CHOSEN = archives.Archives("https://m.test/debian", "https://m.test/debian-security")
OUR_LINES = "Debian http://a.test/debian/\nDebian-Security http://a.test/sec/\n"


@pytest.mark.parametrize(
    ("mirror", "targets", "expected"),
    [
        pytest.param("", OUR_LINES, OURS, id="the machine's own"),
        pytest.param("", "Debian http://a.test/debian/\n", SAME_SERVER, id="security updates from the same server"),
        pytest.param("https://m.test/debian", OUR_LINES, CHOSEN, id="a setting wins"),
    ],
)
def test_the_hosts_archive_is_the_setting_or_the_machines(mirror, targets, expected):
    assert archives.choose(mirror, targets) == expected


def test_a_machine_without_a_debian_archive_is_asked_for_one():
    with pytest.raises(LocalError, match="boka:mirror is empty"):
        archives.choose("", "Ubuntu http://u.test/ubuntu/\n")


def test_the_package_cache_serves_pool_and_indexes_of_both_archives():
    text = packages.config(archives.Archives("https://m.test/debian", "https://m.test/sec"))

    assert "location /debian/pool/ { proxy_pass https://m.test/debian/pool/;" in text
    assert "location /debian-security/ { proxy_pass https://m.test/sec/;" in text
    assert f"listen {packages.ADDRESS}:{packages.PORT};" in text


def test_an_existing_volume_keeps_its_data(state_home, system):  # noqa: ARG001
    spec = VolumeSpec("t0001", "db1-data", 64)
    Volumes(system).ensure(spec)
    image_file("t0001", "db1-data").write_text("bookings")

    Volumes(system).ensure(spec)

    assert image_file("t0001", "db1-data").read_text() == "bookings"
    assert len([line for line in system.ran if line.startswith("mkfs.ext4")]) == 1


def test_a_strangers_volume_is_refused_and_kept(state_home, system):  # noqa: ARG001
    target = image_file("t0001", "db1-data")
    target.parent.mkdir(parents=True)
    target.write_text("theirs")

    with pytest.raises(ForeignObjectError):
        Volumes(system).ensure(VolumeSpec("t0001", "db1-data", 64))
    Volumes(system).remove("t0001", "db1-data")

    assert target.read_text() == "theirs"
