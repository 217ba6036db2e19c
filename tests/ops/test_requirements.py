import pytest

from ops.requirements import LockUnreadable, locked


def lock(*packages: str) -> str:
    return "version = 1\n" + "\n".join(f"[[package]]\n{package}" for package in packages)


ROOT = 'name = "boka-app"\nversion = "0.1.0"\ndependencies = [{ name = "falcon" }]'
WHEELS = 'wheels = [{ url = "u", hash = "sha256:aa" }, { url = "v", hash = "sha256:bb" }]'
FALCON = f'name = "falcon"\nversion = "4.4.0"\n{WHEELS}'


def test_each_package_is_listed_with_its_version_and_every_hash():
    text = locked(lock(ROOT, FALCON), "boka-app")

    assert text == "falcon==4.4.0 --hash=sha256:aa --hash=sha256:bb\n"


def test_a_dependency_of_another_python_is_left_out():
    root = ROOT.replace('{ name = "falcon" }', '{ name = "falcon", marker = "python_full_version < \'3.12\'" }')

    assert locked(lock(root, FALCON), "boka-app") == ""


def test_an_extra_brings_its_packages():
    root = ROOT.replace('{ name = "falcon" }', '{ name = "psycopg", extra = ["binary"] }')
    psycopg = (
        'name = "psycopg"\nversion = "3"\nwheels = [{ url = "u", hash = "sha256:cc" }]\n'
        '[package.optional-dependencies]\nbinary = [{ name = "falcon" }]'
    )

    text = locked(lock(root, psycopg, FALCON), "boka-app")

    assert [line.split()[0] for line in text.splitlines()] == ["falcon==4.4.0", "psycopg==3"]


def test_of_two_locked_versions_the_one_for_the_hosts_is_taken():
    root = ROOT.replace('{ name = "falcon" }', '{ name = "falcon", version = "4.4.0" }')

    text = locked(lock(root, FALCON, FALCON.replace("4.4.0", "3.0.0")), "boka-app")

    assert text.startswith("falcon==4.4.0 ")


def test_a_package_without_wheels_is_refused_since_hosts_build_nothing():
    with pytest.raises(LockUnreadable, match=r"falcon 4\.4\.0 has no wheels"):
        locked(lock(ROOT, 'name = "falcon"\nversion = "4.4.0"'), "boka-app")


def test_an_unknown_version_of_the_format_is_refused():
    with pytest.raises(LockUnreadable, match="version 2"):
        locked("version = 2", "boka-app")
