"""MATMUL and INFERENCE, the programs the reference build is measured with, on a torch wheelhouse.

    python benchmarks/reference_programs.py wheelhouse-torch [--scale 8] [--rounds 2]

Installs the lock from the index as a user would (--require-hashes, into a clean environment), and
runs both where the wheels are for: on this machine or on the emulated processor. `--scale 1` is the
reference's own size, for a node; the default divides its sizes by 8 and repeats twice, as an
emulated processor takes minutes for the whole. Prints what torch says of its build, seconds, how
far results are from double precision, and which implementations oneDNN ran.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from wheelforge import primitives
from wheelforge.errors import ForgeError
from wheelforge.pipeline.house import read_house
from wheelforge.trial import make_trial

ABOUT = """
import torch
print("torch", torch.__version__)
print(torch.__config__.show())
print("ACL in oneDNN:", torch.ops.mkldnn._is_mkldnn_acl_supported())
"""
MATMUL = """
import time, torch
x, y = torch.randn({size}, {size}), torch.randn({size}, {size})
start = time.time()
for _ in range({rounds}):
    z = torch.matmul(x, y)
seconds = time.time() - start
error = (z.double() - x.double() @ y.double()).abs().max().item()
assert error < 1e-2, error
print(f"MATMUL {size}x{size}, {rounds} times: {{seconds:.3f}} s, "
      f"{{2e-9 * {size} ** 3 * {rounds} / seconds:.2f}} GFLOP/s, off by {{error:.1e}}")
"""
INFERENCE = """
import time, torch
from torch import nn
model = nn.Sequential(nn.Flatten(), nn.Linear({narrow}, {narrow}), nn.ReLU(),
                      nn.Linear({narrow}, {wide}), nn.ReLU(), nn.Linear({wide}, 10))
x = torch.rand({batch}, {narrow})
with torch.no_grad():
    model(x)
    start = time.time()
    for _ in range({rounds}):
        said = model(x)
    seconds = time.time() - start
    exact = model.double()(x.double())
error = (said.double() - exact).abs().max().item()
assert error < 1e-3, error
print(f"INFERENCE {narrow}-{narrow}-{wide}-10, {batch} samples, {rounds} times: {{seconds:.3f}} s, "
      f"off by {{error:.1e}}")
"""


def programs(scale: int, rounds: int) -> dict[str, str]:
    """The programs at 1/scale of the reference's sizes (1000; 4096, 11008 and 256 samples)."""
    narrow, wide = 4096 // scale, 11008 // scale
    sizes = {"narrow": narrow, "wide": wide, "batch": max(256 // scale, 1), "rounds": rounds}
    return {
        "about": ABOUT,
        "matmul": MATMUL.format(size=1000 // scale, rounds=rounds),
        "inference": INFERENCE.format(**sizes),
    }


async def run(wheelhouse: Path, codes: dict[str, str], scratch: Path) -> None:
    """Install the lock into an environment in `scratch` and run the programs there."""
    house = read_house(wheelhouse)
    if house is None:
        raise SystemExit(f"{wheelhouse} is no wheelhouse: wheelforge build makes one")
    trial = await make_trial(house.python, scratch, {"DNNL_VERBOSE": "1"})
    (await trial.install_locked(wheelhouse)).require("the lock does not install", str(wheelhouse))
    for name, code in codes.items():
        ran: dict[primitives.Run, int] = {}

        def heed(line: str, ran: dict[primitives.Run, int] = ran) -> None:
            if (one := primitives.read(line)) is not None:
                ran[one] = ran.get(one, 0) + 1
            elif "_verbose," not in line:
                print(line)

        done = await trial.run([str(trial.python), "-I", "-c", code], 3600.0, heed)
        done.require(f"{name} failed", json.dumps(house.target))
        if ran:
            print("  oneDNN ran", primitives.told(ran))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("wheelhouse", type=Path)
    parser.add_argument("--scale", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    codes = programs(given.scale, given.rounds)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            asyncio.run(run(given.wheelhouse, codes, Path(scratch)))
    except ForgeError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
