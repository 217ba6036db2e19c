import base64

from ops.secrets import catalog


def test_every_name_is_in_a_group_that_has_a_file():
    assert {name.partition("/")[0] for name in catalog.CATALOG} == set(catalog.GROUPS)


def test_keepalived_gets_what_it_reads():
    assert len(catalog.CATALOG["auth/keepalived"]()) == 8


def test_the_key_for_dns_updates_is_32_bytes():
    assert len(base64.b64decode(catalog.CATALOG["external/acme_dns_tsig"]())) == 32


def test_a_stack_in_a_cloud_lacks_what_only_the_local_world_shares():
    lacking = set(catalog.of(is_local=True)) - set(catalog.of(is_local=False))

    assert lacking == {"auth/keepalived", "external/acme_dns_tsig", "external/s3_access_key", "external/s3_secret_key"}


def test_what_only_the_local_world_shares_is_in_the_catalog():
    assert set(catalog.CATALOG) > catalog.LOCAL_ONLY
