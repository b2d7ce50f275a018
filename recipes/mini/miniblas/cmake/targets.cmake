# SPDX-License-Identifier: Apache-2.0
# Cores and their flags, named as OpenBLAS names them.

set(flags_GENERIC "")
set(flags_PRESCOTT -msse3)
set(flags_NEHALEM -msse4.2)
set(flags_SANDYBRIDGE -mavx)
set(flags_HASWELL -mavx2 -mfma)
set(flags_ZEN -mavx2 -mfma)
set(flags_SKYLAKEX -march=skylake-avx512)
set(flags_ARMV8 -march=armv8-a)
set(flags_THUNDERX2T99 -march=armv8.1-a -mtune=thunderx2t99)
set(flags_NEOVERSEN1 -march=armv8.2-a -mtune=neoverse-n1)
set(flags_NEOVERSEV1 -march=armv8.4-a+sve -mtune=neoverse-v1)
set(flags_NEOVERSEN2 -march=armv8.5-a+sve+sve2 -mtune=neoverse-n2)
set(flags_NEOVERSEV2 -march=armv9-a -mtune=neoverse-n2)
set(flags_A64FX -march=armv8.2-a+sve -mtune=a64fx)

set(MINIBLAS_TARGETS
  GENERIC PRESCOTT NEHALEM SANDYBRIDGE HASWELL ZEN SKYLAKEX
  ARMV8 THUNDERX2T99 NEOVERSEN1 NEOVERSEV1 NEOVERSEN2 NEOVERSEV2 A64FX)

# An unset TARGET: ARMV8 or GENERIC when cross-compiling, else what this machine looks like.
function(miniblas_detect_target result)
  set(detected GENERIC)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    set(detected ARMV8)
  elseif(NOT CMAKE_CROSSCOMPILING AND EXISTS /proc/cpuinfo)
    file(STRINGS /proc/cpuinfo cpu_flags REGEX "^flags" LIMIT_COUNT 1)
    if(cpu_flags MATCHES " avx512bw")
      set(detected SKYLAKEX)
    elseif(cpu_flags MATCHES " avx2" AND cpu_flags MATCHES " fma")
      set(detected HASWELL)
    endif()
  endif()
  set(${result} ${detected} PARENT_SCOPE)
endfunction()

# "${TARGET}" is quoted because TARGET alone is an operator of if().
macro(miniblas_select_target)
  if("${TARGET}" STREQUAL "")
    miniblas_detect_target(TARGET)
  endif()
  if(NOT "${TARGET}" IN_LIST MINIBLAS_TARGETS)
    list(JOIN MINIBLAS_TARGETS ", " known)
    message(FATAL_ERROR "TARGET ${TARGET} is unknown; known: ${known}")
  endif()
  set(MINIBLAS_TARGET_FLAGS ${flags_${TARGET}})
endmacro()
