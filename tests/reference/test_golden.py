"""Golden plans: a change of any command, option or variable shows as a diff of golden/.

REGENERATE_GOLDEN=1 pytest tests/reference writes them anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from reference_plans import BACKENDS, DOCS, assert_golden, build, plan_of, script_of

from wheelforge import catalog
from wheelforge.graph import Plan

# Arm Tool-Solutions' list without native, and three more; "custom" is docs/targets.md's example.
TOOL_SOLUTIONS = (
    "neoverse-n1",
    "neoverse-v1",
    "neoverse-n2",
    "neoverse",
    "thunderx2t99",
    "generic",
    "custom",
)
TARGETS = (*TOOL_SOLUTIONS, "a64fx", "neoverse-v2", "ampere1")

# in every build, the same for every target
_PLAIN = {"HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "SOURCE_DATE_EPOCH", "PYTHONHASHSEED",
          "PYTHONNOUSERSITE", "PYTHONDONTWRITEBYTECODE", "PIP_NO_INPUT", "PATH"}  # fmt: skip


def test_the_fugaku_build() -> None:
    assert_golden("torch-2.5.0-a64fx.sh", script_of(plan_of("torch==2.5.0", acl="25.02.1")))


def test_the_graviton_build() -> None:
    """The official wheels of torch 2.1.0 have ACL 23.05.1; `generic` gives its armv8a."""
    plan = plan_of("torch==2.1.0", acl="23.05.1", target="generic", python="3.11.9", gcc="11.4.0")
    assert_golden("torch-2.1.0-generic.sh", script_of(plan))


def test_the_ascend_build() -> None:
    """AscendPyTorch 3.0.rc2 on torch 1.8.1, with the oldest GCC that builds here can have."""
    plan = plan_of(
        "torch-npu==1.8.1+ascend.rc2",
        target="generic",
        python="3.7.16",
        gcc="8.5.0",
        untested=True,
    )
    assert_golden("ascend-3.0.rc2.sh", script_of(plan))


@pytest.fixture
def custom(tmp_path: Path) -> str:
    """The target file that docs/targets.md shows."""
    text = (DOCS / "targets.md").read_text(encoding="utf-8")
    path = tmp_path / "altra-max.toml"
    path.write_text(text.partition("```toml\n")[2].partition("```")[0], encoding="utf-8")
    return str(path)


def test_every_target_with_every_backend(custom: str) -> None:
    plans = {
        (target, backend): plan_of(
            "torch==2.5.0", target=custom if target == "custom" else target, only=True, pins=pins
        )
        for target in TARGETS
        for backend, pins in BACKENDS.items()
    }
    assert_golden("targets.txt", "\n".join(_table(plans)) + "\n")


def test_no_target_is_forgotten() -> None:
    arm = {name for name in catalog.targets() if not name.startswith("x86")} - {"native"}
    assert arm == {*TARGETS} - {"custom"}


def _table(plans: Mapping[tuple[str, str], Plan]) -> Iterator[str]:
    """What all plans have in common, then what each backend, and each target, adds to it."""
    lines = {key: _lines(plan) for key, plan in plans.items()}
    everywhere = set.intersection(*(set(item) for item in lines.values()))
    yield "# torch 2.5.0: what scons (acl), cmake (openblas) and setup.py (torch) are told."
    yield "\n== every target, every backend"
    yield from sorted(everywhere)
    with_backend = {
        backend: set.intersection(*(set(item) for key, item in lines.items() if key[1] == backend))
        for backend in BACKENDS
    }
    for backend, shared in with_backend.items():
        yield f"\n== {backend}"
        yield from sorted(shared - everywhere)
    for target in TARGETS:
        yield f"\n== {target}"
        own = [line for backend in BACKENDS for line in lines[target, backend]
               if line not in with_backend[backend]]  # fmt: skip
        yield from dict.fromkeys(own)


def _lines(plan: Plan) -> list[str]:
    """The words of the command, or the variables, that tell a package's build what to do."""
    told = {
        package: list(build(plan, package).commands[0].argv)
        for package in ("acl", "openblas")
        if f"build:{package}" in plan.states
    }
    torch = build(plan, "torch")
    told["torch"] = [
        *(f"{name}={value}" for name, value in sorted(torch.env.items()) if name not in _PLAIN),
        *(f"holds {item.source.recipe} {item.source.version}" for item in torch.unpack),
        *(f"needs {name}" for name in torch.needs if not name.startswith("fetch")),
    ]
    return [f"{package:<9} {word}" for package, words in told.items() for word in words]
