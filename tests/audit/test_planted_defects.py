"""Every rule for wheels against a defect that is really there: it alone finds it."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import msgspec
import pytest

from cross import PREFIX, needs_cross
from drafts import (
    CORE,
    EXTRA,
    HELPER,
    LINKED,
    MACHINE,
    Draft,
    compiled,
    good_files,
    linked,
    needs_cc,
    segments,
)
from drafts import METADATA as TEMPLATE
from elves import patched
from wheelforge.audit import Asked, Finding, gate
from wheelforge.audit.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = needs_cc
ASKED = Asked(
    companions={"base": ("2.6.0",)},
    providers=frozenset({"base", "other"}),
    beside={"base": frozenset({"libbase.so", "libgomp.so.1", "libz-0a1b2c3d.so.1"})},
    excluded=("libsite.so*",),
)
ELSEWHERE = {  # rules that are planted by other tests
    "isa.machine", "isa.outside", "isa.doubtful", "size.zip64",
}  # fmt: skip
USED = "int stub(void); int extra(void) { return stub(); }"
STUB = "int stub(void) { return 1; }"
PLANTED: list[tuple[str, Callable[[Draft], None]]] = []
UNSTRIPPED = LINKED[1:]
METADATA = TEMPLATE.format(version="1.0")


def plants(rule: str) -> Callable[[Callable[[Draft], None]], Callable[[Draft], None]]:
    """A function that spoils a draft in the way that a rule is there for."""

    def added(spoil: Callable[[Draft], None]) -> Callable[[Draft], None]:
        PLANTED.append((rule, spoil))
        return spoil

    return added


@plants("elf.unsound")
def cut_short(draft: Draft) -> None:
    draft.files[EXTRA] = draft.files[EXTRA][:2000]


@plants("elf.sections")
def without_section_headers(draft: Draft) -> None:
    data = patched(draft.files[EXTRA], 40, "<Q", 0)
    draft.files[EXTRA] = patched(data, 60, "<HH", 0, 0)


@plants("elf.debug")
def with_debugging_sections(draft: Draft) -> None:
    draft.files[EXTRA] = draft.compiled(
        "#include <stdio.h>\n#include <unistd.h>\n" + STUB, "-g3", plain=UNSTRIPPED
    )


@plants("elf.symbols")
def not_stripped(draft: Draft) -> None:
    draft.files[EXTRA] = draft.compiled("int extra(void) { return 1; }", plain=UNSTRIPPED)


@plants("load.path")
def search_path_of_the_build_machine(draft: Draft) -> None:
    draft.files[EXTRA] = draft.compiled(STUB, "-Wl,-rpath,/opt/site/lib:$ORIGIN")


@plants("load.path")
def search_path_that_is_empty(draft: Draft) -> None:
    draft.files[EXTRA] = draft.compiled(STUB, "-Wl,-rpath,$ORIGIN:")


@plants("load.path")
def library_needed_by_its_path(draft: Draft) -> None:
    linked(draft.folder, "stub.so", STUB, f"-Wl,-soname,{draft.folder}/stub.so")
    draft.files[EXTRA] = draft.compiled(USED, str(draft.folder / "stub.so"))


@plants("load.missing")
def library_that_was_not_grafted(draft: Draft) -> None:
    linked(draft.folder, "libgone.so.1", STUB)
    draft.files[EXTRA] = draft.compiled(USED, "libgone.so.1")


@plants("load.unreached")
def library_that_no_search_path_leads_to(draft: Draft) -> None:
    draft.files["demo.libs/libfar.so.1"] = linked(draft.folder, "libfar.so.1", STUB)
    draft.files[EXTRA] = draft.compiled(USED, "libfar.so.1", "-Wl,-rpath,$ORIGIN/lib")


@plants("load.companion")
def library_of_another_package(draft: Draft) -> None:
    draft.info["METADATA"] = METADATA.replace("base==2.6.0", "base==2.6.0\nRequires-Dist: other")
    linked(draft.folder, "libother.so", STUB)
    draft.files[EXTRA] = draft.compiled(USED, "libother.so")


@plants("load.missing")
def grafted_library_that_was_lost(draft: Draft) -> None:
    library_of_another_package(draft)
    linked(draft.folder, "libgone-0a1b2c3d.so.1", STUB)
    draft.files[EXTRA] = draft.compiled(USED, "libgone-0a1b2c3d.so.1")


@plants("load.site")
def library_that_the_recipe_leaves_out(draft: Draft) -> None:
    linked(draft.folder, "libsite.so.3", STUB)
    draft.files[EXTRA] = draft.compiled(USED, "libsite.so.3")


@plants("load.python")
def linked_against_libpython(draft: Draft) -> None:
    linked(draft.folder, "libpython3.13.so.1.0", STUB)
    draft.files[EXTRA] = draft.compiled(USED, "libpython3.13.so.1.0")


@plants("load.undefined")
def source_that_was_left_out(draft: Draft) -> None:
    draft.files[EXTRA] = draft.compiled(
        USED + "\n#include <stdlib.h>\nint a(void) { return rand(); }"
    )


@plants("load.undefined")
def library_that_was_not_linked(draft: Draft) -> None:
    """The linker takes it: shared libraries may leave symbols open."""
    source = "void dgemm_(void); int a(void); int extra(void) { dgemm_(); return a(); }"
    draft.files[EXTRA] = draft.compiled(source + " int a(void) { return 1; }")


@plants("load.version")
def older_copy_of_a_library(draft: Draft) -> None:
    for version in ("V_1.0", "V_2.0"):
        (draft.folder / "map").write_text(f"{version} {{ global: stub; local: *; }};")
        made = linked(draft.folder, "libnew.so.1", STUB, "-Wl,--version-script,map")
        if version == "V_1.0":
            draft.files["demo/libnew.so.1"] = made
    draft.files[EXTRA] = draft.compiled(USED, "libnew.so.1", "-Wl,-rpath,$ORIGIN")


@plants("map.alignment")
def aligned_to_less_than_a_page(draft: Draft) -> None:
    for at in segments(draft.files[EXTRA], 1):
        draft.files[EXTRA] = patched(draft.files[EXTRA], at + 48, "<Q", 0x800)


@plants("map.stack")
def executable_stack(draft: Draft) -> None:
    draft.files[EXTRA] = draft.compiled(STUB, "-Wl,-z,execstack")


@plants("map.relocations")
def address_in_the_code(draft: Draft) -> None:
    source = '__asm__(".text\\n.quad there\\n"); int there = 1; int *extra(void) { return &there; }'
    draft.files[EXTRA] = draft.compiled(source, "-Wl,-z,notext")


@plants("map.writable")
def code_that_can_be_written(draft: Draft) -> None:
    data = draft.files[EXTRA]
    [at] = [at for at in segments(data, 1) if struct.unpack_from("<I", data, at + 4)[0] & 1]
    draft.files[EXTRA] = patched(data, at + 4, "<I", 7)


@plants("map.relro")
def relocated_data_that_can_be_written(draft: Draft) -> None:
    draft.files[EXTRA] = draft.compiled(STUB, "-Wl,-z,norelro")


@plants("map.lazy")
def lazy_binding(draft: Draft) -> None:
    draft.files[EXTRA] = draft.compiled(STUB, "-Wl,-z,lazy")


@plants("runtime.openmp")
def openmp_of_two_compilers(draft: Draft) -> None:
    for name in ("libiomp5.so", "libomp.so"):
        draft.files[f"demo.libs/{name}"] = linked(draft.folder, name, STUB)


@plants("runtime.hashed")
def openmp_under_another_name(draft: Draft) -> None:
    name = "libomp-98df74fd.so"
    draft.files[f"demo.libs/{name}"] = linked(draft.folder, name, STUB)


@plants("runtime.blas")
def blas_twice(draft: Draft) -> None:
    for name in ("libopenblas.so.0", "libblis.so.4"):
        draft.files[f"demo.libs/{name}"] = linked(draft.folder, name, STUB)


@plants("runtime.mpi")
def grafted_mpi(draft: Draft) -> None:
    name = "libmpi-0a1b2c3d.so.40.30.4"
    draft.files[f"demo.libs/{name}"] = linked(draft.folder, name, STUB)


@plants("runtime.copied")
def library_of_the_companion(draft: Draft) -> None:
    for name in ("libbase-0a1b2c3d.so", "libz-11111111.so.1"):
        draft.files[f"demo.libs/{name}"] = linked(draft.folder, name, STUB)


@plants("runtime.cxx")
def grafted_cxx_runtime(draft: Draft) -> None:
    name = "libstdc++-0a1b2c3d.so.6.0.30"
    draft.files[f"demo.libs/{name}"] = linked(draft.folder, name, STUB)


@plants("runtime.libc")
def grafted_loader(draft: Draft) -> None:
    name = "ld-linux-aarch64.514b5772.so.1"
    draft.files[f"demo.libs/{name}"] = linked(draft.folder, name, STUB)


@plants("tag.floor")
def newer_glibc_than_the_tag_promises(draft: Draft) -> None:
    if os.confstr("CS_GNU_LIBC_VERSION") < "glibc 2.30":  # type: ignore[operator]
        pytest.skip("this glibc is older")
    draft.files[EXTRA] = draft.compiled("int gettid(void); int extra(void) { return gettid(); }")


@plants("tag.linux")
def not_repaired(draft: Draft) -> None:
    draft.tag = f"cp313-cp313-linux_{MACHINE}"


@plants("tag.machine")
def for_another_machine(draft: Draft) -> None:
    draft.files[EXTRA] = patched(draft.files[EXTRA], 18, "<H", 62 if MACHINE != "x86_64" else 183)


@plants("tag.any")
def for_any_platform(draft: Draft) -> None:
    draft.tag = "py3-none-any"


@plants("tag.python")
def for_another_python(draft: Draft) -> None:
    draft.files[CORE.replace("313", "312")] = draft.files.pop(CORE)


@plants("wheel.file")
def incomplete_wheel_file(draft: Draft) -> None:
    draft.info["WHEEL"] = f"Wheel-Version: 1.0\nTag: {draft.tag}\n"


@plants("wheel.tags")
def renamed(draft: Draft) -> None:
    tag = f"cp313-cp313-linux_{MACHINE}"
    draft.info["WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n"


@plants("wheel.tags")
def build_number_in_the_name_only(draft: Draft) -> None:
    draft.build = "1"


@plants("wheel.pure")
def machine_code_in_purelib(draft: Draft) -> None:
    draft.info["WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {draft.tag}\n"


@plants("record.missing")
def no_record(draft: Draft) -> None:
    draft.late["demo-1.0.dist-info/RECORD"] = b"(none)"


@plants("record.row")
def record_that_knows_its_own_digest(draft: Draft) -> None:
    draft.rows["demo-1.0.dist-info/RECORD"] = "sha256=AAAA,12"


@plants("record.row")
def digest_that_does_not_hold(draft: Draft) -> None:
    draft.rows["demo/__init__.py"] = "md5=rL0Y20zC-Fzt72VPzMSk2A,17"


@plants("record.digest")
def changed_after_it_was_packed(draft: Draft) -> None:
    draft.late["demo/__init__.py"] = b"def main(): fail\n"


@plants("record.digest")
def changed_library(draft: Draft) -> None:
    draft.late[HELPER] = draft.files[HELPER] + b"\0"


@plants("record.absent")
def taken_out(draft: Draft) -> None:
    draft.rows["demo/gone.py"] = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0"


@plants("record.extra")
def put_in(draft: Draft) -> None:
    draft.late["demo/more.py"] = b""


@plants("metadata.invalid")
def requirement_that_cannot_be_read(draft: Draft) -> None:
    draft.info["METADATA"] = METADATA.replace("base==2.6.0", "base==2.6.0\nRequires-Dist: a b c")


@plants("metadata.invalid")
def no_metadata(draft: Draft) -> None:
    draft.info["METADATA"] = None


@plants("metadata.name")
def another_version(draft: Draft) -> None:
    draft.info["METADATA"] = METADATA.replace("Version: 1.0", "Version: 1.1")


@plants("metadata.dated")
def field_that_is_newer(draft: Draft) -> None:
    draft.info["METADATA"] = METADATA.replace("Version: 2.4", "Version: 2.2")


@plants("version.git")
def version_of_a_checkout(draft: Draft) -> None:
    draft.version = "2.5.0a0+git32f585d"


@plants("version.local")
def version_of_a_distribution(draft: Draft) -> None:
    draft.version = "2.6.0+debian"


@plants("pins.companion")
def companion_that_is_not_pinned(draft: Draft) -> None:
    draft.info["METADATA"] = METADATA.replace("base==2.6.0", "base>=2.6")


@plants("pins.companion")
def companion_that_is_not_asked_for(draft: Draft) -> None:
    draft.info["METADATA"] = METADATA.replace("Requires-Dist: base==2.6.0\n", "")


@plants("pins.version")
def companion_of_another_release(draft: Draft) -> None:
    draft.info["METADATA"] = METADATA.replace("base==2.6.0", "base==2.5.0")


@plants("path.text")
def folder_of_the_build_machine(draft: Draft) -> None:
    draft.files["demo/cmake/demo.cmake"] = b"set(DEMO /home/builder/src/demo)\n"


@plants("path.data")
def folder_of_the_build_machine_in_a_library(draft: Draft) -> None:
    source = 'const char *extra(void) { return "/home/builder/src/demo/extra.c"; }'
    draft.files[EXTRA] = draft.compiled(source)


@plants("layout.top")
def tests_beside_the_package(draft: Draft) -> None:
    draft.files["tests/__init__.py"] = b""


@plants("layout.cache")
def bytecode(draft: Draft) -> None:
    draft.files["demo/__pycache__/__init__.cpython-313.pyc"] = b"\0"


@plants("layout.script")
def script_with_a_fixed_interpreter(draft: Draft) -> None:
    draft.files["demo-1.0.data/scripts/tool"] = b"#!/opt/python3.13/bin/python3\npass\n"


@plants("layout.entry")
def command_without_its_module(draft: Draft) -> None:
    draft.info["entry_points.txt"] = "[console_scripts]\ndemo = demo.cli:main\n"


@plants("licence.none")
def no_licence(draft: Draft) -> None:
    draft.info["METADATA"] = METADATA.replace("License-File: LICENSE\n", "")
    draft.info["licenses/LICENSE"] = None


@plants("licence.missing")
def licence_that_is_not_packed(draft: Draft) -> None:
    draft.info["METADATA"] = METADATA.replace("LICENSE", "LICENSE\nLicense-File: NOTICE")


@plants("reader.refused")
def wheel_of_the_future(draft: Draft) -> None:
    draft.info["WHEEL"] = f"Wheel-Version: 2.0\nRoot-Is-Purelib: false\nTag: {draft.tag}\n"


@plants("size.index")
def more_than_an_index_takes(draft: Draft) -> None:
    draft.files["demo/large.bin"] = bytes(101 << 20)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return good_files(tmp_path_factory.mktemp("good"))


@pytest.fixture
def draft(tmp_path: Path, good: dict[str, bytes]) -> Draft:
    (tmp_path / "scratch").mkdir()
    return Draft(tmp_path, dict(good))


def judged(draft: Draft, asked: Asked = ASKED) -> tuple[Finding, ...]:
    return gate(draft.packed(), draft.folder / "scratch", asked)


def test_nothing_is_wrong_with_the_good_wheel(draft: Draft) -> None:
    assert {item.check for item in judged(draft)} == {"licence.grafted", "size.total"}


@pytest.mark.parametrize(
    ("rule", "spoil"), PLANTED, ids=lambda item: getattr(item, "__name__", item)
)
def test_a_defect_is_found_by_its_rule_alone(
    draft: Draft, rule: str, spoil: Callable[[Draft], None]
) -> None:
    spoil(draft)
    found = judged(draft)
    wrong = {item.check for item in found if item.level != "note"}
    assert wrong == ({rule} if RULES[rule].level != "note" else set()), found
    [first, *_] = [item for item in found if item.check == rule]
    assert first.what
    assert first.where


def test_a_recipe_may_answer_for_a_rule(draft: Draft) -> None:
    executable_stack(draft)
    [item] = [
        item
        for item in judged(draft, msgspec.structs.replace(ASKED, accepted=frozenset({"map.stack"})))
        if item.level != "note"
    ]
    assert (item.level, item.check) == ("warning", "map.stack")
    assert "accepted by its recipe" in item.what


def test_where_the_system_has_no_cxx_runtime_it_is_grafted(draft: Draft) -> None:
    name = "libstdc++-0a1b2c3d.so.6.0.30"
    draft.files = {f"demo.libs/{name}": linked(draft.folder, name, STUB, "-nostdlib")}
    draft.files["demo/__init__.py"] = b"def main(): pass\n"
    draft.tag = f"cp313-cp313-musllinux_1_2_{MACHINE}"
    assert {item.check for item in judged(draft)} == {"licence.grafted", "size.total"}


def test_what_another_wheel_holds_is_not_missed(draft: Draft) -> None:
    linked(draft.folder, "libbase.so", STUB)
    draft.files[EXTRA] = draft.compiled(USED, "libbase.so")
    assert {item.check for item in judged(draft)} == {"licence.grafted", "size.total"}


@needs_cross
def test_pages_of_64_kib(tmp_path: Path) -> None:
    """AArch64 may meet them; a target that has them refuses what is aligned to less."""
    draft = Draft(tmp_path, {}, tag="cp313-cp313-manylinux_2_17_aarch64")
    (tmp_path / "scratch").mkdir()
    source, cross = "int extra(int x) { return x + 1; }", f"{PREFIX}gcc"
    small = "-Wl,-z,max-page-size=4096"
    draft.files = {
        "demo/__init__.py": b"def main(): pass\n",
        "demo/large.so": compiled(tmp_path, source, "-nostdlib", *LINKED, compiler=cross),
        "demo/small.so": compiled(tmp_path, source, "-nostdlib", *LINKED, small, compiler=cross),
    }
    for page, level in ((0, "warning"), (0x10000, "error"), (0x1000, "")):
        asked = msgspec.structs.replace(ASKED, page_size=page)
        found = [item for item in judged(draft, asked) if item.level != "note"]
        wanted = [(level, "map.alignment", "demo/small.so")] if level else []
        assert [(item.level, item.check, item.where) for item in found] == wanted


def test_every_rule_has_a_defect() -> None:
    assert len(PLANTED) > 25
    told = {"licence.grafted", "size.total"}  # of the good wheel
    assert {rule for rule, _ in PLANTED} | ELSEWHERE | told == set(RULES)
