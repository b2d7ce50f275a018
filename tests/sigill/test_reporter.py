from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from foreign import GCC, compiled, environment

from wheelforge import digest, elf, sigill
from wheelforge.errors import ForgeError
from wheelforge.sigill import NAME, Account, Reporter

# an instruction that no processor has, in a function the loader knows nothing of
ILLEGAL = {"x86_64": "ud2", "aarch64": "udf #0"}.get(platform.machine(), "")
PROGRAM = """
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
static sigjmp_buf back;
static __attribute__((noinline)) void refused(void) { __asm__ volatile("nop; INSTRUCTION"); }
static void *thread(void *unused) { refused(); return unused; }
static void jump(int number) { (void)number; siglongjmp(back, 1); }
static void tell(int number) {
    (void)!write(1, "told\\n", 5);
    signal(number, SIG_DFL);
    raise(number);
}
int main(int argc, char **argv) {
    const char *how = argc > 1 ? argv[1] : "";
    pthread_t one;
    if (!strcmp(how, "probe")) { /* as OpenSSL tries instructions */
        struct sigaction ours = {.sa_handler = jump}, before;
        sigaction(SIGILL, &ours, &before);
        if (!sigsetjmp(back, 1))
            __asm__ volatile("INSTRUCTION");
        sigaction(SIGILL, &before, NULL);
        printf("survived %d\\n", before.sa_handler == SIG_DFL);
        return 0;
    }
    if (!strcmp(how, "exec"))
        execv(argv[0], (char *[]){argv[0], NULL});
    if (!strcmp(how, "sent"))
        raise(SIGILL);
    if (!strcmp(how, "ignored")) {
        signal(SIGILL, SIG_IGN);
        raise(SIGILL);
        puts("survived");
        return 0;
    }
    if (!strcmp(how, "teller"))
        signal(SIGILL, tell);
    if (!strcmp(how, "thread")) {
        pthread_create(&one, NULL, thread, NULL);
        pthread_join(one, NULL);
    }
    printf("going\\n"); /* without a flush: it is lost, and so is the end of an unfinished line */
    refused();
}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("cc") or not ILLEGAL:
        pytest.skip("no C compiler, or another machine")
    source = PROGRAM.replace("INSTRUCTION", ILLEGAL)
    return compiled("cc", source, tmp_path_factory.mktemp("it") / "program", "-pthread")


def ended(program: Path, how: str, env: dict[str, str]) -> tuple[int, str, Account | None]:
    words = [str(program), how]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, sigill.read(done.stderr.splitlines())


def preloaded(home: Path) -> dict[str, str]:
    return Reporter(home=home).preloaded(dict(os.environ), Path(sys.executable))


@pytest.mark.parametrize("how", ["", "thread", "teller", "exec"])
def test_the_instruction_is_told_and_the_end_is_the_same(
    program: Path, home: Path, how: str
) -> None:
    code, output, account = ended(program, how, preloaded(home))
    assert code == -signal.SIGILL
    assert output == ("told\n" if how == "teller" else "")
    assert account is not None
    assert account.machine == platform.machine()
    assert account.file == str(program)
    told = sigill.told(account, program.parent)
    assert told.endswith("in program, function refused+0x" + ("1" if "ud2" in ILLEGAL else "4"))
    if "ud2" in ILLEGAL:
        assert told.startswith("ud2 (0f 0b) in")


@pytest.mark.parametrize(("how", "output"), [("probe", "survived 1\n"), ("ignored", "survived\n")])
def test_what_a_program_does_with_the_signal_is_left_to_it(
    program: Path, home: Path, how: str, output: str
) -> None:
    assert ended(program, how, {**os.environ}) == (0, output, None)
    assert ended(program, how, preloaded(home)) == (0, output, None)


def test_a_signal_that_was_sent(program: Path, home: Path) -> None:
    code, _, account = ended(program, "sent", preloaded(home))
    assert code == -signal.SIGILL
    assert account is not None
    assert account.sent


def test_faulthandler_still_speaks_first(home: Path, program: Path, tmp_path: Path) -> None:
    library = compiled(
        "cc",
        f'void go(void) {{ __asm__ volatile("{ILLEGAL}"); }}\n',
        tmp_path / program.with_suffix(".so").name,
        "-shared",
        "-fPIC",
    )
    code = f"import ctypes, faulthandler; faulthandler.enable(); ctypes.CDLL('{library}').go()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=preloaded(home), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGILL
    assert "Fatal Python error: Illegal instruction" in done.stderr
    account = sigill.read(done.stderr.splitlines())
    assert account is not None
    assert account.symbol.startswith("go+")
    assert account.file == str(library)


def test_it_is_compiled_once(home: Path) -> None:
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    first = preloaded(home)["LD_PRELOAD"]
    before = Path(first).stat().st_mtime_ns
    again = Reporter(home=home).preloaded({"LD_PRELOAD": "/x.so"}, Path(sys.executable))
    assert again == {"LD_PRELOAD": f"/x.so:{first}"}
    assert Path(first).stat().st_mtime_ns == before
    assert [path.name for path in Path(first).parent.iterdir()] == [NAME]


def fake(folder: Path, script: str) -> str:
    path = folder / "somecc"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo 'no dlfcn.h' >&2; exit 1", "no dlfcn.h"),
        ("exit 0", "compiles for no machine"),
        ('for last; do :; done; cp other.so "$last"', "compiles for s390, not for"),
        ('for last; do :; done; echo text > "$last"', "compiles for no machine"),
    ],
)
def test_why_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, why: str
) -> None:
    from elves import make_elf

    monkeypatch.chdir(tmp_path)
    Path("other.so").write_bytes(make_elf(machine=22))
    reporter = Reporter(home=tmp_path / "home", compiler=(fake(tmp_path, script), "--sysroot=/x"))
    with pytest.raises(ForgeError, match=why):
        reporter.preloaded({}, Path(sys.executable))
    assert list((tmp_path / "home/sigill").iterdir()) == []


def test_a_compiler_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ForgeError, match=r"no-such-cc -x: there is no compiler for"):
        Reporter(home=tmp_path, compiler=("no-such-cc", "-x")).preloaded({}, Path(sys.executable))


def test_another_machine_is_told_through_its_emulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from elves import make_elf

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    Path("other.so").write_bytes(make_elf())
    Path("python").write_bytes(make_elf())
    compiler = fake(tmp_path, 'for last; do :; done; cp other.so "$last"')
    reporter = Reporter(home=tmp_path / "home", compiler=(compiler,))
    env = reporter.preloaded({"QEMU_CPU": "a64fx"}, Path("python"))
    library = env["QEMU_SET_ENV"].removeprefix("LD_PRELOAD=")
    assert env == {"QEMU_CPU": "a64fx", "QEMU_SET_ENV": f"LD_PRELOAD={library}"}
    assert digest.of_file(Path(library)) == digest.of_file(Path("other.so"))
    both = reporter.preloaded({"QEMU_SET_ENV": "A=b"}, Path("python"))
    assert both == {"QEMU_SET_ENV": f"A=b,LD_PRELOAD={library}"}


def test_a_path_the_loader_would_take_apart(tmp_path: Path) -> None:
    if not shutil.which("cc"):
        pytest.skip("no C compiler")
    with pytest.raises(ForgeError, match="takes no such path"):
        Reporter(home=tmp_path / "a b").preloaded({}, Path(sys.executable))


DOTPROD = """
#include <unistd.h>
static __attribute__((noinline)) void sdot(void) {
    __asm__ volatile("nop\\n udot v0.4s, v1.16b, v2.16b" ::: "v0");
}
int main(int argc, char **argv) {
    if (argc > 2)
        execl("/bin/sh", "sh", "-c", "exec \\"$0\\"", argv[0], (char *)0);
#ifdef _OPENMP
#pragma omp parallel num_threads(4)
#endif
    sdot();
    return 0;
}
"""


@pytest.mark.e2e
@pytest.mark.parametrize("linking", ["-pie", "-no-pie"])
@pytest.mark.parametrize("how", [(), ("through", "sh")])
def test_an_emulated_program(
    tmp_path: Path, home: Path, linking: str, how: tuple[str, ...]
) -> None:
    env = environment("a64fx")
    program = compiled(GCC, DOTPROD, tmp_path / "dot", "-march=armv8.4-a", "-fopenmp", linking)
    assert elf.read(program).machine == "aarch64"
    told = Reporter(home=home, compiler=(GCC,)).preloaded(env, program)
    done = subprocess.run(
        [str(program), *how], env=told, capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGILL
    account = sigill.read(done.stderr.splitlines())
    assert account is not None
    assert sigill.told(account, tmp_path) == (
        "udot v0.4s, v1.16b, v2.16b (0x6e829420; dotprod) in dot, function sdot+0x4"
    )


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("instruction", "march", "runs", "refuses"),
    [
        ("udot v0.4s, v1.16b, v2.16b", "armv8.4-a", "neoverse-n1", "a64fx"),
        ("ptrue p0.b", "armv8.2-a+sve", "a64fx", "neoverse-n1"),
        ("fadd v0.8h, v1.8h, v2.8h", "armv8.2-a+fp16", "a64fx", "cortex-a53"),
        ("bfdot v0.4s, v1.8h, v2.8h", "armv8.6-a+bf16", "max", "neoverse-n1"),
        ("sqrdmlah z0.b, z1.b, z2.b", "armv8.5-a+sve2", "max", "a64fx"),
    ],
)
def test_qemu_refuses_what_the_cpu_lacks(
    tmp_path: Path, instruction: str, march: str, runs: str, refuses: str
) -> None:
    source = f'int main(void) {{ __asm__ volatile("{instruction}"); return 0; }}\n'
    envs = [environment(runs), environment(refuses)]
    program = compiled(GCC, source, tmp_path / "one", f"-march={march}", "-static")
    codes = [subprocess.run([str(program)], env=env, check=False).returncode for env in envs]
    assert codes == [0, -signal.SIGILL]
