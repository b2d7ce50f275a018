# SPDX-License-Identifier: Apache-2.0
# Finds mini_compute below ACL_ROOT_DIR (variable or environment), laid out as its build leaves it.

set(ACL_MINIMUM_VERSION 1.1.0)
if(NOT ACL_ROOT_DIR)
  set(ACL_ROOT_DIR "$ENV{ACL_ROOT_DIR}")
endif()

find_path(ACL_INCLUDE_DIR mini_compute/graph.h PATHS "${ACL_ROOT_DIR}" NO_DEFAULT_PATH)
foreach(name ACL_LIBRARY:mini_compute ACL_GRAPH_LIBRARY:mini_compute_graph)
  string(REPLACE ":" ";" pair ${name})
  list(GET pair 0 variable)
  list(GET pair 1 library)
  find_library(${variable} ${library} PATHS "${ACL_ROOT_DIR}" PATH_SUFFIXES . lib build NO_DEFAULT_PATH)
endforeach()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ACL REQUIRED_VARS ACL_INCLUDE_DIR ACL_LIBRARY ACL_GRAPH_LIBRARY
  NAME_MISMATCHED
  REASON_FAILURE_MESSAGE "set ACL_ROOT_DIR to a tree that holds mini_compute/graph.h and its built libraries")
if(NOT ACL_FOUND)
  message(FATAL_ERROR "MINIDNN_USE_ACL is on but mini_compute was not found below '${ACL_ROOT_DIR}'")
endif()

# The version is only known from one generated file; none, or two, and nothing can be promised.
file(GLOB_RECURSE version_files "${ACL_ROOT_DIR}/*/mini_compute_version.embed")
list(LENGTH version_files count)
if(NOT count EQUAL 1)
  message(WARNING "Build may fail: could not determine the mini_compute version"
    " (found ${count} version files, minimum required is ${ACL_MINIMUM_VERSION})")
else()
  file(READ "${version_files}" text)
  string(REGEX MATCH "version=v([0-9.]+)" matched "${text}")
  if("${CMAKE_MATCH_1}" VERSION_LESS ACL_MINIMUM_VERSION)
    message(FATAL_ERROR
      "Detected mini_compute ${CMAKE_MATCH_1}, but minimum required is ${ACL_MINIMUM_VERSION}")
  endif()
  message(STATUS "mini_compute: ${ACL_LIBRARY} (version ${CMAKE_MATCH_1})")
endif()
