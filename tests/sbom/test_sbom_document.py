from __future__ import annotations

import json
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from wheelforge.bill import Bill, Change, Origin, Part, Tool
from wheelforge.sbom.document import document
from wheelforge.sbom.origins import Held
from wheelforge.sbom.owners import Owner

EPOCH = 315619200
TOOL = Tool(role="cc", name="gcc", version="14.2.0", sha256="c" * 64)
BLAS = Part(
    name="blas", version="0.3.29", kind="library", license="BSD-3-Clause AND MIT",
    compilers=(TOOL,),
    sources=(
        Origin(address="https://example.org/blas.tar.gz", identity=f"sha256:{'a' * 64}"),
        Origin(
            address="pkg:deb/debian/blas@0.3.29-1?arch=source#debian", series=True,
            identity=f"sha256:{'b' * 64}", without=("no.patch",),
        ),
    ),
    patches=(Change(name="fix.patch", sha256="d" * 64, why="it did not link"),),
)  # fmt: skip
DNN = Part(
    name="dnn", version="3.7.1", kind="source", license="a licence of our own",
    sources=(
        Origin(
            address="git+https://example.org/dnn@v3.7.1", identity=f"git:{'e' * 40}", kind="git",
        ),
    ),
)  # fmt: skip
BASE = Part(
    name="base", version="1.0", kind="wheel", project="Base", license="MIT", holds=("dnn",),
    needs=("blas",),
)  # fmt: skip
TOP = Part(
    name="top", version="2.0", kind="wheel", project="top", license="MIT", needs=("base", "acl")
)
ACL = Part(name="acl", version="25.02.1", kind="library", license="MIT", compilers=(TOOL,))
HELD = (
    Held("base/lib/libblas.so.0", "1" * 64, library="blas", original="2" * 64),
    Held("base/lib/libgomp.so.1", "3" * 64, original="3" * 64,
         owner=Owner("libgomp1", "12.2.0-14", "pkg:deb/debian/libgomp1@12.2.0-14?arch=arm64")),
    Held("base/lib/libodd.so.7", "4" * 64),
)  # fmt: skip


def made(bill: Bill, *held: Held) -> dict[str, Any]:
    """The document, found valid, as JSON."""
    text = document(bill, held, EPOCH).decode()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    data: dict[str, Any] = json.loads(text)
    return data


def named(data: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (item for item in data["components"] if item["name"] == name)
    return dict(found)


def said(component: dict[str, Any], name: str) -> list[str]:
    return [x["value"] for x in component["properties"] if x["name"] == f"wheelforge:{name}"]


def needed(data: dict[str, Any], reference: str) -> list[str]:
    (found,) = (item for item in data["dependencies"] if item["ref"] == reference)
    return list(found.get("dependsOn", ()))


def test_a_library_with_all_that_is_known_of_it() -> None:
    data = made(Bill(parts=(BASE, BLAS, DNN)), *HELD)
    blas = named(data, "blas")
    assert (blas["version"], blas["purl"]) == ("0.3.29", "pkg:generic/blas@0.3.29")
    assert blas["licenses"] == [{"expression": "BSD-3-Clause AND MIT"}]
    references = {item["url"]: item for item in blas["externalReferences"]}
    (digest,) = references["https://example.org/blas.tar.gz"]["hashes"]
    assert digest == {"alg": "SHA-256", "content": "a" * 64}
    assert "pkg:deb/debian/blas@0.3.29-1?arch=source#debian" in references
    (patch,) = blas["pedigree"]["patches"]
    assert patch["diff"]["url"] == f"fix.patch#sha256={'d' * 64}"
    assert blas["pedigree"]["notes"] == "fix.patch: it did not link"
    (file,) = blas["components"]
    assert (file["name"], file["hashes"][0]["content"]) == ("base/lib/libblas.so.0", "1" * 64)
    assert said(file, "copied-from") == [f"sha256:{'2' * 64}"]
    assert said(blas, "place") == ["in the wheel"]
    assert any("without no.patch" in text for text in said(blas, "source"))
    (compiler,) = said(blas, "compiler")
    gcc = named(data, "gcc")
    assert (gcc["bom-ref"], gcc["version"], gcc["scope"]) == (compiler, "14.2.0", "excluded")
    assert gcc["hashes"][0]["content"] == "c" * 64


def test_a_nested_source_and_libraries_of_the_system() -> None:
    data = made(Bill(parts=(BASE, BLAS, DNN)), *HELD)
    dnn = named(data, "dnn")
    (reference,) = dnn["externalReferences"]
    assert (reference["type"], reference["url"]) == ("vcs", "https://example.org/dnn")
    assert reference["comment"] == f"v3.7.1 {'e' * 40}"
    assert (said(dnn, "place"), dnn["licenses"]) == (
        ["compiled in"], [{"license": {"name": "a licence of our own"}}],
    )  # fmt: skip
    gomp, odd = named(data, "libgomp1"), named(data, "libodd.so.7")
    assert (gomp["version"], gomp["components"][0]["name"]) == ("12.2.0-14", HELD[1].path)
    assert odd["components"][0]["hashes"][0]["content"] == "4" * 64
    wheel = data["metadata"]["component"]
    assert (wheel["name"], wheel["purl"]) == ("Base", "pkg:pypi/base@1.0")
    assert needed(data, wheel["bom-ref"]) == sorted(
        [named(data, name)["bom-ref"] for name in ("blas", "dnn", "libgomp1", "libodd.so.7")]
    )


def test_what_is_below_another_wheel_is_told_with_it() -> None:
    data = made(Bill(parts=(TOP, BASE, ACL, BLAS, DNN)))
    places = {x["name"]: said(x, "place")[0] for x in data["components"] if x["name"] != "gcc"}
    assert places == {
        "Base": "a wheel of its own",
        "acl": "built with; no file of it is in the wheel",
        "blas": "below another wheel",
        "dnn": "below another wheel",
    }
    assert needed(data, "pkg:pypi/top@2.0") == ["pkg:generic/acl@25.02.1", "pkg:pypi/base@1.0"]
    assert needed(data, "pkg:pypi/base@1.0") == ["pkg:generic/blas@0.3.29", "pkg:generic/dnn@3.7.1"]


def test_a_wheel_that_needs_nothing() -> None:
    data = made(Bill(parts=(Part(name="plain", version="1", kind="wheel", project="plain"),)))
    assert needed(data, "pkg:pypi/plain@1") == []


def test_the_same_parts_make_the_same_bytes_and_others_another_number() -> None:
    one = document(Bill(parts=(BASE, BLAS, DNN)), HELD, EPOCH)
    assert document(Bill(parts=(BASE, DNN, BLAS)), HELD[::-1], EPOCH) == one
    other = document(Bill(parts=(BASE, BLAS, DNN)), HELD[:1], EPOCH)
    assert json.loads(one)["serialNumber"] != json.loads(other)["serialNumber"]
    assert json.loads(one)["metadata"]["timestamp"] == "1980-01-02T00:00:00+00:00"
