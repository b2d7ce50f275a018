"""Real input: OpenBLAS from Debian's source package, numpy from its sdist, for this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import Forge
from wheelforge import catalog, programs
from wheelforge.wheel import parse_name

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

LOOK = """
import json, numpy, threadpoolctl
blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
numpy.ones((64, 64)) @ numpy.ones((64, 64))
pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
print(json.dumps({"version": numpy.__version__, "blas": blas, "pools": pools}))
"""


@pytest.fixture(scope="module")
def numpy_forge(tmp_path_factory: pytest.TempPathFactory) -> Forge:
    for program in ("apt-get", "gfortran"):
        if shutil.which(program) is None:
            pytest.skip(f"the Debian overlay needs {program}")
    forge = Forge(tmp_path_factory.mktemp("numpy"))
    said = forge.good("build", "numpy==2.2.3", "--overlay", "debian")
    print(said)  # noqa: T201 - the times are worth having in CI's log
    return forge


@pytest.fixture(scope="module")
def python(numpy_forge: Forge) -> Path:
    """An environment with the lock installed by pip, as a user would, and test tools."""
    venv = numpy_forge.root / "venv"
    subprocess.run(
        [programs.locate("uv"), "venv", "-q", "--python", sys.executable, venv], check=True
    )
    pip = [sys.executable, "-m", "pip", "--python", venv / "bin" / "python", "install", "-q"]
    lock = numpy_forge.wheelhouse / "requirements.lock"
    index = f"{(numpy_forge.wheelhouse / 'simple').as_uri()}/"
    alone = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    subprocess.run(
        [*pip, "--no-cache-dir", "--require-hashes", "-r", lock, "--index-url", index],
        check=True,
        env={**alone, "PIP_CONFIG_FILE": os.devnull},
    )
    subprocess.run([*pip, "pytest", "hypothesis", "threadpoolctl"], check=True)
    return venv / "bin" / "python"


def test_numpy_names_the_openblas_that_was_built(python: Path, numpy_forge: Forge) -> None:
    wheel = next(numpy_forge.wheelhouse.glob("numpy-*.whl"))
    assert all("manylinux" in tag for tag in parse_name(wheel.name)[2])
    look = [python, "-c", LOOK]
    found = json.loads(subprocess.run(look, capture_output=True, text=True, check=True).stdout)
    core = catalog.load_target("native").values["openblas_target"]
    assert found["version"] == "2.2.3"
    assert found["blas"]["name"] == "openblas"
    assert found["blas"]["version"] == "0.3.29"
    assert core in found["blas"]["openblas configuration"]
    assert [pool["version"] for pool in found["pools"]] == ["0.3.29"]
    assert "numpy.libs" in found["pools"][0]["filepath"]
    assert found["pools"][0]["architecture"].upper() == core


def test_numpy_linalg_passes_its_own_tests(python: Path, tmp_path: Path) -> None:
    argv = [python, "-m", "pytest", "--pyargs", "numpy.linalg", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout


def test_numpy_is_not_built_twice(numpy_forge: Forge) -> None:
    said = numpy_forge.good("build", "numpy==2.2.3", "--overlay", "debian")
    assert "nothing to do: all cached" in said
