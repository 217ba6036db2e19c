import json
import shutil
import tarfile
from pathlib import Path

import pytest

from ops import artefact
from ops.errors import RunFailed
from ops.requirements import locked
from ops.stacks import CHECKOUT

SHIPPED = locked((CHECKOUT / "uv.lock").read_text(), "boka-app")


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    (folder / "src/boka_app").mkdir(parents=True)
    (folder / "src/boka_app/__init__.py").write_text('"""An empty service."""\n')
    (folder / "pyproject.toml").write_text('[project]\nname = "boka-app"\nversion = "2026.11.0"\n')
    return folder


def test_the_same_sources_are_the_same_release(app, tmp_path):
    twin = shutil.copytree(app, tmp_path / "elsewhere")

    assert artefact.name_release(app, "falcon==1\n") == artefact.name_release(twin, "falcon==1\n")


def test_the_name_is_the_version_and_eight_hexadecimal_digits(app):
    version, _, digest = artefact.name_release(app, "").rpartition("-")

    assert (version, len(digest)) == ("2026.11.0", 8)


def test_a_changed_source_is_another_release(app):
    before = artefact.name_release(app, "")
    (app / "src/boka_app/__init__.py").write_text('"""Another."""\n')

    assert artefact.name_release(app, "") != before


def test_a_changed_dependency_is_another_release(app):
    assert artefact.name_release(app, "falcon==1\n") != artefact.name_release(app, "falcon==2\n")


def test_compiled_files_do_not_change_the_release(app):
    before = artefact.name_release(app, "")
    (app / "src/boka_app/__pycache__").mkdir()
    (app / "src/boka_app/__pycache__/x.pyc").write_bytes(b"x")

    assert artefact.name_release(app, "") == before


def test_the_same_contents_give_the_same_bytes(tmp_path):
    wheel = tmp_path / "falcon-1-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    first, second = tmp_path / "first.tar", tmp_path / "second.tar"

    artefact._write(first, "1-aa", "falcon==1\n", [wheel])
    artefact._write(second, "1-aa", "falcon==1\n", [wheel])

    assert first.read_bytes() == second.read_bytes()


def test_the_manifest_names_the_release_and_each_wheel(tmp_path):
    wheel = tmp_path / "falcon-1-py3-none-any.whl"
    wheel.write_bytes(b"wheel")

    artefact._write(tmp_path / "1-aa.tar", "1-aa", "falcon==1\n", [wheel])

    with tarfile.open(tmp_path / "1-aa.tar") as tar:
        manifest = json.load(tar.extractfile("manifest.json"))
    assert (manifest["release"], list(manifest["wheels"])) == ("1-aa", [wheel.name])


def test_a_cut_off_file_counts_as_missing(tmp_path):
    path = tmp_path / "1-aa.tar"
    artefact._write(path, "1-aa", "", [])
    path.write_bytes(path.read_bytes()[:100])

    assert not artefact._is_whole(path)


def test_a_failed_download_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    with pytest.raises(RunFailed, match="pip download ended with"):
        artefact.build(CHECKOUT, tmp_path)

    assert [path.name for path in (tmp_path / "artefacts").iterdir()] == [".lock"]


def test_what_hosts_install_is_pinned_by_hash():
    assert all("==" in line and "--hash=sha256:" in line for line in SHIPPED.splitlines())
