import pytest
from boka_app.vault import Vault, VaultError

OLD, NEW = b"o" * 32, b"n" * 32


def test_what_an_older_key_sealed_still_opens():
    assert Vault(NEW, OLD).open(Vault(OLD).seal("whsec_1")) == "whsec_1"


def test_what_no_key_of_ours_sealed_says_what_to_look_at():
    with pytest.raises(VaultError, match="encryption_key"):
        Vault(NEW).open(Vault(OLD).seal("whsec_1"))
