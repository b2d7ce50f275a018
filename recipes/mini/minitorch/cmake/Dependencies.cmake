# SPDX-License-Identifier: Apache-2.0
# Decides what libminitorch links: sets BLAS_INFO and MINITORCH_LIBRARIES.

set(MINITORCH_LIBRARIES "")
set(BLAS_INFO ref)

if(BLAS STREQUAL "MiniBLAS")
  find_package(MiniBLAS CONFIG REQUIRED HINTS "$ENV{MiniBLAS_HOME}")
elseif(BLAS STREQUAL "")
  find_package(MiniBLAS CONFIG QUIET HINTS "$ENV{MiniBLAS_HOME}")
  if(NOT MiniBLAS_FOUND)
    message(WARNING "MiniBLAS not found: falling back to the slow built-in reference")
  endif()
elseif(NOT BLAS STREQUAL "Eigen")
  message(FATAL_ERROR "Unrecognized BLAS option: ${BLAS}")
endif()
if(MiniBLAS_FOUND)
  set(BLAS_INFO mini)
  list(APPEND MINITORCH_LIBRARIES MiniBLAS::miniblas)
endif()

if(USE_MKLDNN)
  set(MINIDNN_USE_ACL ${USE_MKLDNN_ACL})
  set(MINIDNN_USE_BLAS ${MiniBLAS_FOUND})
  add_subdirectory(third_party/minidnn EXCLUDE_FROM_ALL)
  list(APPEND MINITORCH_LIBRARIES minidnn)
endif()
