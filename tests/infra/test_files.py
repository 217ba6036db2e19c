import pytest

from infra.files import make_private_folder, write_atomically


def test_a_file_is_its_owners_only(tmp_path):
    write_atomically(tmp_path / "a" / "b", b"text")

    assert oct((tmp_path / "a" / "b").stat().st_mode)[-3:] == "600"


def test_every_new_folder_is_its_owners_only(tmp_path):
    made = make_private_folder(tmp_path / "a" / "b")

    assert [oct(folder.stat().st_mode)[-3:] for folder in (made, made.parent)] == ["700", "700"]


def test_the_old_file_stays_when_the_new_one_cannot_be_written(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"old")

    with pytest.raises(TypeError):
        write_atomically(path, "not bytes")

    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"old", [path])
