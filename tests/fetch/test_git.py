"""Git sources: tags, moved tags, submodules, mirrors, reproducible trees."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fetching import fetch, pinned

from wheelforge import archive
from wheelforge.errors import InputError
from wheelforge.fetch import Sources, git_address
from wheelforge.recipe import GitSource

if TYPE_CHECKING:
    from fetching import Told

DATES = {"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000"}


def git(where: Path, *words: str) -> str:
    who = [*("-c", "user.name=a"), *("-c", "user.email=a@b"), *("-c", "protocol.file.allow=always")]
    done = subprocess.run(
        ["git", "-C", str(where), *who, *words],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(where), **DATES},
    )
    return done.stdout.strip()


def repository(path: Path, files: dict[str, str], tag: str = "v1.0") -> str:
    """Make a repository with one tagged commit; returns the commit."""
    path.mkdir(parents=True)
    git(path, "init", "-q", "-b", "main")
    for name, text in files.items():
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text(text)
    git(path, "add", "-A")
    git(path, "commit", "-q", "--allow-empty", "-m", "one")
    git(path, "tag", "-m", tag, tag)
    return git(path, "rev-parse", "HEAD")


@pytest.fixture
def remote(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(template, tmp_path / "remote", symlinks=True))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """top, with submodule third_party/sub (relative address), with submodule deep."""
    root = tmp_path_factory.mktemp("git")
    repository(root / "deep", {"deep.c": "int deep;\n"})
    repository(root / "sub", {"sub.c": "int sub;\n"})
    git(root / "sub", "submodule", "add", "-q", "../deep", "deep")
    git(root / "sub", "commit", "-q", "-m", "two")
    files = {"a.c": "int a;\n", ".gitattributes": "a.c export-ignore\nb.txt export-subst\n"}
    repository(root / "top", {**files, "b.txt": "$Format:%H$\n"}, "v0.9")
    git(root / "top", "submodule", "add", "-q", "../sub", "third_party/sub")
    (root / "top" / "run.sh").write_text("#!/bin/sh\n")
    (root / "top" / "run.sh").chmod(0o755)
    (root / "top" / "link.c").symlink_to("a.c")
    git(root / "top", "add", "-A")
    git(root / "top", "commit", "-q", "-m", "two")
    git(root / "top", "tag", "-m", "v1.0", "v1.0")
    git(root / "sub", "commit", "-q", "--allow-empty", "-m", "later")
    return root


def source(remote: Path, **more: object) -> GitSource:
    words = {"url": f"file://{remote}/top", "tag": "v1.0", "submodules": True} | more
    return GitSource(**words)  # type: ignore[arg-type]


def test_a_tag_becomes_a_tree(sources: Sources, remote: Path, tmp_path: Path) -> None:
    what = pinned(source(remote))
    assert sources.identity(what) == ""
    commit = git(remote / "top", "rev-parse", "v1.0^{commit}")
    assert fetch(sources, what) == f"git:{commit}"
    assert sources.identity(what) == f"git:{commit}"
    (file,) = sources.files(what)
    assert file.name == "acl-1.0.tar"
    archive.unpack(file, tmp_path / "tree")
    tree = tmp_path / "tree"
    assert (tree / "a.c").read_text() == "int a;\n"
    assert (tree / "b.txt").read_text() == "$Format:%H$\n"
    assert (tree / "third_party/sub/deep/deep.c").read_text() == "int deep;\n"
    assert (tree / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (tree / "link.c").readlink() == Path("a.c")
    assert (tree / "a.c").stat().st_mtime == 1700000000
    assert not list(tree.rglob(".git"))


def test_the_tree_is_the_same_everywhere(sources: Sources, remote: Path, tmp_path: Path) -> None:
    what = pinned(source(remote))
    fetch(sources, what)
    again = Sources(tmp_path / "again")
    fetch(again, what)
    assert sources.files(what)[0].read_bytes() == again.files(what)[0].read_bytes()
    with tarfile.open(sources.files(what)[0]) as tar:
        names = tar.getnames()
        assert names == sorted(names)
        assert {item.uid for item in tar} == {0}


def test_without_submodules_their_folders_are_empty(
    sources: Sources, remote: Path, tmp_path: Path
) -> None:
    what = pinned(source(remote, submodules=False))
    fetch(sources, what)
    archive.unpack(sources.files(what)[0], tmp_path / "tree")
    assert not list((tmp_path / "tree/third_party/sub").iterdir())


def test_a_moved_tag_is_an_error_naming_both(sources: Sources, remote: Path) -> None:
    commit = git(remote / "top", "rev-parse", "v1.0^{commit}")
    with pytest.raises(InputError) as caught:
        fetch(sources, pinned(source(remote, commit={"1.0": "1" * 40})))
    assert commit in str(caught.value)
    assert "1" * 40 in str(caught.value)


def test_a_known_commit_needs_no_second_fetch(
    sources: Sources, remote: Path, tmp_path: Path
) -> None:
    commit = git(remote / "top", "rev-parse", "v1.0^{commit}")
    what = pinned(source(remote, commit={"1.0": commit}))
    assert sources.identity(what) == f"git:{commit}"
    fetch(sources, what)
    sources.files(what)[0].unlink()
    assert not sources.have(what)
    remote.rename(tmp_path / "gone")
    assert fetch(Sources(tmp_path / "sources", offline=True), what) == f"git:{commit}"


def test_mirrors_are_tried(sources: Sources, remote: Path, told: Told) -> None:
    mirror = f"file://{remote}/top"
    what = pinned(source(remote, url=f"file://{remote}/nothing", mirrors=(mirror,)))
    assert fetch(sources, what, told).startswith("git:")


def test_an_unknown_tag_names_every_address(sources: Sources, remote: Path) -> None:
    more = f"file://{remote}/nothing"
    with pytest.raises(InputError) as caught:
        fetch(sources, pinned(source(remote, tag="v9", mirrors=(more,))))
    assert f"{remote}/top: fatal: couldn't find remote ref refs/tags/v9" in str(caught.value)
    assert f"{more}: fatal: " in str(caught.value)


def test_offline_is_an_error_without_a_mirror(offline: Sources) -> None:
    with pytest.raises(InputError, match="needs the network"):
        fetch(offline, pinned(GitSource(url="https://far.invalid/top", tag="v1")))


@pytest.mark.parametrize(
    "url", ["ext::sh -c evil", "--upload-pack=evil", "relative/path", "ssh://-o/x"]
)
def test_addresses_that_run_programs_are_refused(sources: Sources, url: str) -> None:
    with pytest.raises(InputError, match="address begins with"):
        fetch(sources, pinned(GitSource(url=url, tag="v1")))


@pytest.mark.parametrize("url", ["ext::sh -c touch% evil", "-evil", "../../../../../../../../x"])
def test_hostile_submodules_are_refused(
    sources: Sources, remote: Path, url: str, tmp_path: Path
) -> None:
    git(remote / "top", "config", "-f", ".gitmodules", "submodule.third_party/sub.url", url)
    git(remote / "top", "commit", "-aqm", "evil")
    git(remote / "top", "tag", "v2")
    with pytest.raises(InputError, match="is not allowed"):
        fetch(sources, pinned(source(remote, tag="v2")))
    assert not list(tmp_path.rglob("evil"))


def test_a_submodule_commit_that_is_gone_is_an_error(sources: Sources, remote: Path) -> None:
    words = ("update-index", "--cacheinfo", f"160000,{'1' * 40},third_party/sub")
    git(remote / "top", *words)
    git(remote / "top", "commit", "-qm", "gone")
    git(remote / "top", "tag", "v2")
    with pytest.raises(InputError, match=f"commit {'1' * 40} of submodule"):
        fetch(sources, pinned(source(remote, tag="v2")))


def test_git_variables_of_the_caller_do_not_leak(
    sources: Sources, remote: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "somewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert fetch(sources, pinned(source(remote))).startswith("git:")


@pytest.mark.parametrize(
    ("parent", "url", "expected"),
    [
        ("https://h/a/b.git", "../c.git", "https://h/a/c.git"),
        ("https://h/a/b.git", "../../c/d", "https://h/c/d"),
        ("https://h/a/b.git", "../../../c", ""),
        ("https://h/a/b.git", "./c", "https://h/a/b.git/c"),
        ("https://h/a/b", "git@g:x/y", "git@g:x/y"),
        ("https://h/a/b", "file:///etc", ""),
        ("https://h/a/b", "/etc", ""),
        ("https://h/a/b", "ext::sh", ""),
        ("git@h:a/b", "../c", "git@h:a/c"),
        ("/srv/a/b", "../c", "/srv/a/c"),
        ("file:///srv/a", "../c", "file:///srv/c"),
        ("file:///srv/a", "/srv/x", "/srv/x"),
    ],
)
def test_relative_addresses(parent: str, url: str, expected: str) -> None:
    assert git_address.resolve(parent, url) == expected
