from pathlib import Path

from ops import removal


def test_what_is_mounted_in_the_state_is_seen():
    table = "overlay /var/lib/boka/local/hosts/db1/root overlay rw 0 0\ntmpfs /var/lib/boka/local2 tmpfs rw 0 0\n"

    assert removal.mounted_below(Path("/var/lib/boka/local"), table) == ["/var/lib/boka/local/hosts/db1/root"]


def test_the_state_is_removed_and_the_journal_stays(stack, own_folders):
    (stack.state / "secrets").mkdir(parents=True)
    (own_folders / "home" / "journal").mkdir()

    removal.remove_state(stack)

    assert [path.name for path in (own_folders / "home").iterdir()] == ["journal"]
