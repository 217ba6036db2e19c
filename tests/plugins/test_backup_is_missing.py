import importlib.util
from pathlib import Path

FILE = Path(__file__).parents[2] / "plugins/filter/backup_is_missing.py"
SPEC = importlib.util.spec_from_file_location("backup_is_missing", FILE)
MODULE = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(MODULE)


def backup(repository: int, *, error: bool = False) -> dict:
    return {"database": {"repo-key": repository}, "error": error}


def test_a_fresh_repository_has_none():
    assert MODULE.backup_is_missing([{"backup": [], "status": {"code": 1}}], [1])


def test_no_stanza_at_all_is_none():
    assert MODULE.backup_is_missing([], [1])


def test_one_backup_in_each_repository_is_enough():
    assert not MODULE.backup_is_missing([{"backup": [backup(1), backup(2)]}], [1, 2])


def test_the_first_repository_does_not_stand_in_for_the_second():
    assert MODULE.backup_is_missing([{"backup": [backup(1), backup(1)]}], [1, 2])


def test_a_backup_with_page_errors_does_not_count():
    assert MODULE.backup_is_missing([{"backup": [backup(1, error=True)]}], [1])
