#!/usr/bin/env bash
# What wheelforge would run to build torch-npu
# for generic (aarch64) with native, Python 3.7.16. Everything happens below $root.
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
(mkdir -p "${build}" && cd "${build}" && offline env -i AR=/opt/gcc/bin/gcc-ar CC=/opt/gcc/bin/gcc "CFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." "CMAKE_BUILD_PARALLEL_LEVEL=${jobs}" CXX=/opt/gcc/bin/g++ "CXXFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." FC=/opt/gcc/bin/gfortran "FFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." "HOME=${work}/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 LDFLAGS=-Wl,-z,max-page-size=65536 "PATH=${bin}:/opt/gcc/bin:/usr/bin:/bin" PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 PYTHONNOUSERSITE=1 RANLIB=/opt/gcc/bin/gcc-ranlib SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" TZ=UTC cmake -S "${src}" -B "${build}" -G 'Unix Makefiles' "-DCMAKE_INSTALL_PREFIX=${prefix}" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_POLICY_VERSION_MINIMUM=3.5 '-DCMAKE_SHARED_LINKER_FLAGS=-Wl,-z,max-page-size=65536 -Wl,-z,defs' -DTARGET=ARMV8 -DDYNAMIC_ARCH=OFF -DNUM_THREADS=64 -DUSE_OPENMP=ON -DBUILD_SHARED_LIBS=ON -DBUILD_STATIC_LIBS=OFF -DBUILD_TESTING=OFF -DBUILD_RELAPACK=OFF -DBUILD_LAPACK_DEPRECATED=OFF)
(mkdir -p "${build}" && cd "${build}" && offline env -i AR=/opt/gcc/bin/gcc-ar CC=/opt/gcc/bin/gcc "CFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." "CMAKE_BUILD_PARALLEL_LEVEL=${jobs}" CXX=/opt/gcc/bin/g++ "CXXFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." FC=/opt/gcc/bin/gfortran "FFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." "HOME=${work}/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 LDFLAGS=-Wl,-z,max-page-size=65536 "PATH=${bin}:/opt/gcc/bin:/usr/bin:/bin" PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 PYTHONNOUSERSITE=1 RANLIB=/opt/gcc/bin/gcc-ranlib SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" TZ=UTC cmake --build "${build}" --parallel "${jobs}" --target openblas_shared)
(mkdir -p "${build}" && cd "${build}" && offline env -i AR=/opt/gcc/bin/gcc-ar CC=/opt/gcc/bin/gcc "CFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." "CMAKE_BUILD_PARALLEL_LEVEL=${jobs}" CXX=/opt/gcc/bin/g++ "CXXFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." FC=/opt/gcc/bin/gfortran "FFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." "HOME=${work}/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 LDFLAGS=-Wl,-z,max-page-size=65536 "PATH=${bin}:/opt/gcc/bin:/usr/bin:/bin" PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 PYTHONNOUSERSITE=1 RANLIB=/opt/gcc/bin/gcc-ranlib SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" TZ=UTC env "DESTDIR=${stage}" cmake --install "${build}")
[ ! -d "$stage$prefix" ] || { mkdir -p "$prefix"; cp -a "$stage$prefix/." "$prefix/"; }

# ---- check:openblas 0.3.29
echo '==> check:openblas 0.3.29'
work=$root/steps/openblas-check; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
for file in "$prefix_openblas"/lib/libopenblas.so; do
  grep -aqF -e 'OpenBLAS 0.3.29' "$file"
  grep -aqF -e dgesdd_ "$file"
  grep -aqF -e ARMV8 "$file"
  readelf -d "$file" | grep -qF -e libgomp
  aligned "$file" 65536
  readelf -h "$file" > /dev/null
done
set -- "$prefix_openblas"/include/openblas/cblas.h; [ $# = 1 ]
# not checked here: what every compiler was told
# not checked here: CMakeCache.txt has CMAKE_BUILD_TYPE CMAKE_INSTALL_LIBDIR CMAKE_POLICY_VERSION_MINIMUM CMAKE_SHARED_LINKER_FLAGS TARGET DYNAMIC_ARCH NUM_THREADS USE_OPENMP BUILD_SHARED_LIBS BUILD_STATIC_LIBS BUILD_TESTING BUILD_RELAPACK BUILD_LAPACK_DEPRECATED

# ---- fetch:torch-npu 1.8.1+ascend.rc2
echo '==> fetch:torch-npu 1.8.1+ascend.rc2'
git clone https://gitee.com/ascend/pytorch.git "$sources/torch-npu-1.8.1+ascend.rc2"
git -C "$sources/torch-npu-1.8.1+ascend.rc2" checkout --detach v1.8.1-3.0.rc2

# ---- fetch:torch-source@1.8.1 1.8.1
echo '==> fetch:torch-source@1.8.1 1.8.1'
git clone https://github.com/pytorch/pytorch.git "$sources/torch-source-1.8.1"
git -C "$sources/torch-source-1.8.1" checkout --detach v1.8.1
git -C "$sources/torch-source-1.8.1" submodule update --init --recursive

# ---- fetch:torch-npu@requires 1.8.1+ascend.rc2
echo '==> fetch:torch-npu@requires 1.8.1+ascend.rc2'
python3.7 -m pip download --only-binary :all: --dest "$sources/torch-npu-requires" numpy==1.19.5 PyYAML==6.0.1 requests==2.31.0 setuptools==59.5.0 six==1.17.0 typing-extensions==4.7.1 wheel==0.42.0

# ---- build:torch-npu 1.8.1+ascend.rc2
echo '==> build:torch-npu 1.8.1+ascend.rc2'
work=$root/steps/torch-npu; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
prefix=$root/prefix/torch-npu-1.8.1+ascend.rc2; prefix_torch_npu=$prefix
rm -rf "$src" "$stage" "$wheels" "$env"; mkdir -p "$src" "$stage" "$wheels" "$work/tmp"
if [ -d "$sources/torch-npu-1.8.1+ascend.rc2" ]; then cp -a "$sources/torch-npu-1.8.1+ascend.rc2"/. "$src"/; else tar -xf "$sources/torch-npu-1.8.1+ascend.rc2" -C "$src" --strip-components=1; fi
rm -rf "$src/pytorch"; mkdir -p "$src/pytorch"
if [ -d "$sources/torch-source-1.8.1" ]; then cp -a "$sources/torch-source-1.8.1"/. "$src/pytorch"/; else tar -xf "$sources/torch-source-1.8.1" -C "$src/pytorch" --strip-components=1; fi
ln -sf /opt/wheelforge/bin/cmake "$bin/cmake"
ln -sf /opt/wheelforge/bin/ninja "$bin/ninja"
ln -sf /opt/wheelforge/bin/dos2unix "$bin/dos2unix"
ln -sf /opt/wheelforge/bin/make "$bin/make"
requires=$sources/torch-npu-requires
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv venv --offline --no-config --no-progress --no-project --clear --python /opt/python/bin/python3.7 "${env}")
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv pip install --offline --no-config --no-progress --no-deps --no-index --no-cache --link-mode=copy --python "${env}/bin/python" "$requires"/*)
(mkdir -p "${src}" && cd "${src}" && offline env -i AR=/opt/gcc/bin/gcc-ar BLAS=OpenBLAS CC=/opt/gcc/bin/gcc "CFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." "CMAKE_BUILD_PARALLEL_LEVEL=${jobs}" "CMAKE_INCLUDE_PATH=${prefix_openblas}/include/openblas" CMAKE_POLICY_VERSION_MINIMUM=3.5 "CMAKE_PREFIX_PATH=${prefix_openblas}" CXX=/opt/gcc/bin/g++ "CXXFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." FC=/opt/gcc/bin/gfortran "FFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." "HOME=${work}/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 LDFLAGS=-Wl,-z,max-page-size=65536 "LD_LIBRARY_PATH=${prefix_openblas}/lib" "MAX_JOBS=${jobs}" "OpenBLAS_HOME=${prefix_openblas}" "PATH=${env}/bin:${bin}:/opt/gcc/bin:/usr/bin:/bin" PIP_NO_INPUT=1 "PKG_CONFIG_PATH=${prefix_openblas}/lib/pkgconfig:${prefix_openblas}/share/pkgconfig" PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 PYTHONNOUSERSITE=1 RANLIB=/opt/gcc/bin/gcc-ranlib SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" TZ=UTC bash -euc '    set -- patch/*.patch
    test $# -eq 1 && test ! -e "pytorch/${1##*/}"
    patch --dry-run --batch --forward --directory=pytorch -p1 < "$1"
    bash scripts/gen.sh
    test -z "$(find pytorch -name '"'"'*.rej'"'"' -print -quit)"
    test -f pytorch/build.sh && test -f pytorch/env.sh
  ')
(mkdir -p "${src}" && cd "${src}" && offline env -i AR=/opt/gcc/bin/gcc-ar BLAS=OpenBLAS CC=/opt/gcc/bin/gcc "CFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." "CMAKE_BUILD_PARALLEL_LEVEL=${jobs}" "CMAKE_INCLUDE_PATH=${prefix_openblas}/include/openblas" CMAKE_POLICY_VERSION_MINIMUM=3.5 "CMAKE_PREFIX_PATH=${prefix_openblas}" CXX=/opt/gcc/bin/g++ "CXXFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." FC=/opt/gcc/bin/gfortran "FFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." "HOME=${work}/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 LDFLAGS=-Wl,-z,max-page-size=65536 "LD_LIBRARY_PATH=${prefix_openblas}/lib" "MAX_JOBS=${jobs}" "OpenBLAS_HOME=${prefix_openblas}" "PATH=${env}/bin:${bin}:/opt/gcc/bin:/usr/bin:/bin" PIP_NO_INPUT=1 "PKG_CONFIG_PATH=${prefix_openblas}/lib/pkgconfig:${prefix_openblas}/share/pkgconfig" PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 PYTHONNOUSERSITE=1 RANLIB=/opt/gcc/bin/gcc-ranlib SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" TZ=UTC bash -euc 'cd pytorch && bash build.sh --python=3.7')
(mkdir -p "${src}" && cd "${src}" && offline env -i AR=/opt/gcc/bin/gcc-ar BLAS=OpenBLAS CC=/opt/gcc/bin/gcc "CFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." "CMAKE_BUILD_PARALLEL_LEVEL=${jobs}" "CMAKE_INCLUDE_PATH=${prefix_openblas}/include/openblas" CMAKE_POLICY_VERSION_MINIMUM=3.5 "CMAKE_PREFIX_PATH=${prefix_openblas}" CXX=/opt/gcc/bin/g++ "CXXFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." FC=/opt/gcc/bin/gfortran "FFLAGS=-mcpu=generic -ffile-prefix-map=${work}=." "HOME=${work}/home" LANG=C.UTF-8 LC_ALL=C.UTF-8 LDFLAGS=-Wl,-z,max-page-size=65536 "LD_LIBRARY_PATH=${prefix_openblas}/lib" "MAX_JOBS=${jobs}" "OpenBLAS_HOME=${prefix_openblas}" "PATH=${env}/bin:${bin}:/opt/gcc/bin:/usr/bin:/bin" PIP_NO_INPUT=1 "PKG_CONFIG_PATH=${prefix_openblas}/lib/pkgconfig:${prefix_openblas}/share/pkgconfig" PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 PYTHONNOUSERSITE=1 RANLIB=/opt/gcc/bin/gcc-ranlib SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" TZ=UTC bash -euc "cp pytorch/dist/*.whl ${wheels}/")
set -- "$wheels"/*.whl; wheel_build_torch_npu=$1

# ---- repair:torch-npu 1.8.1+ascend.rc2
echo '==> repair:torch-npu 1.8.1+ascend.rc2'
work=$root/steps/torch-npu-repair; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
rm -rf "$out"; mkdir -p "$out"
wheel=$wheel_build_torch_npu
ln -sf /opt/wheelforge/bin/auditwheel "$bin/auditwheel"
ln -sf /opt/wheelforge/bin/patchelf "$bin/patchelf"
case $wheel in *-any.whl) cp "$wheel" "$out/" ;; *)
  (mkdir -p "${out}" && cd "${out}" && offline env -i "AUDITWHEEL_LD_LIBRARY_PATH=${prefix_openblas}/lib" "HOME=${work}" "PATH=${bin}:/usr/bin:/bin" SOURCE_DATE_EPOCH=315619200 "TMPDIR=${work}/tmp" auditwheel repair --plat auto --exclude=libascendcl.so --exclude=libhccl.so --exclude=libge_runner.so --exclude=libgraph.so --exclude=libacl_op_compiler.so --wheel-dir "${out}" "${wheel}")
;; esac
# wheelforge adds the bill of materials here (.dist-info/sboms)
set -- "$out"/*.whl; wheel_repair_torch_npu=$1; cp "$1" "$root/wheelhouse/"

# ---- check:torch-npu 1.8.1+ascend.rc2
echo '==> check:torch-npu 1.8.1+ascend.rc2'
work=$root/steps/torch-npu-check; src=$work/src; build=$work/build; stage=$work/stage; wheels=$work/wheels; env=$work/env; bin=$work/bin; out=$work/out
mkdir -p "$work/home" "$work/tmp" "$build" "$bin" "$out"
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv venv --offline --no-config --no-progress --no-project --clear --python /opt/python/bin/python3.7 "${env}")
(mkdir -p "${work}" && cd "${work}" && offline env -i "HOME=${work}" PATH=/usr/bin:/bin /opt/wheelforge/bin/uv pip install --offline --no-config --no-progress --no-deps --no-index --no-cache --link-mode=copy --python "${env}/bin/python" "${wheel_repair_torch_npu}")
(cd "$work" && env "$env/bin/python" -I -c 'from importlib.metadata import version
assert "+ascend" in version("torch"), version("torch")
')

# ---- the lock
{ cd "$root/wheelhouse"
  echo "torch==1.8.1+ascend.rc2 --hash=sha256:$(sha256sum "$wheel_repair_torch_npu" | cut -d" " -f1)"
} > "$root/wheelhouse/requirements.lock"
echo "done: $root/wheelhouse"
