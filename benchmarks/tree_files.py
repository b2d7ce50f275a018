"""What the files of a generated tree say: sources, build files, recipes."""

from __future__ import annotations

REGISTRY = """\
#pragma once
template <int K> struct Field {
  double value;
  int rank;
  Field() = default;
  double get() const { return value; }
  virtual void show() const;
  typedef Field<K> self;
  enum { number = K % 997 };
};
"""
KERNELS = """\
#pragma once
#include <cmath>
#include <vector>
#ifndef EDITION
#define EDITION 0
#endif
template <int K> double kernel(const std::vector<double> &x) {
  double sum = K;
  for (double one : x) sum += one > K ? std::sqrt(one) : one * K;
  return sum;
}
"""
UNIT = """\
#include "{name}/kernels.hpp"
#include "{name}/registry.hpp"
extern const int {unit}_numbers[];
const int {unit}_numbers[] = {{EDITION, {numbers}}};
double {unit}(const std::vector<double> &x) {{ return kernel<{number}>(x) + {unit}_numbers[0]; }}
"""
_CMAKE = """\
cmake_minimum_required(VERSION 3.20)
project({name} CXX)
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
add_library({name} SHARED {sources})
target_include_directories({name} PRIVATE include)
target_compile_definitions({name} PRIVATE EDITION=${{EDITION}})
install(TARGETS {name} DESTINATION lib)
install(DIRECTORY include/ DESTINATION include)
"""
_MAKE = """\
EDITION ?= 0
CXXFLAGS += -O2 -fPIC -Iinclude -DEDITION=$(EDITION)
SOURCES = {sources}
OBJECTS = $(SOURCES:src/%.cpp=build/%.o)

build/lib{name}.so: $(OBJECTS)
\t$(CXX) -shared $(LDFLAGS) -o $@ $(OBJECTS)
build/%.o: src/%.cpp | build
\t$(CXX) $(CXXFLAGS) -MMD -c -o $@ $<
build:
\tmkdir -p $@
install: build/lib{name}.so
\tmkdir -p $(DESTDIR)$(PREFIX)/lib
\tcp build/lib{name}.so $(DESTDIR)$(PREFIX)/lib/
\tcp -r include $(DESTDIR)$(PREFIX)/
-include $(OBJECTS:.o=.d)
"""
_SCONS = """\
import os

env = Environment(
    ENV=os.environ,
    CC=os.environ.get("CC", "gcc"),
    CXX=os.environ.get("CXX", "g++"),
    CPPPATH=["include"],
    CXXFLAGS=[*os.environ.get("CXXFLAGS", "").split(), "-O2"],
    LINKFLAGS=os.environ.get("LDFLAGS", "").split(),
    CPPDEFINES=[("EDITION", ARGUMENTS.get("EDITION", "0"))],
)
env.VariantDir("build", "src", duplicate=0)
sources = [source.replace("src/", "build/", 1) for source in "{sources}".split()]
env.SharedLibrary("build/{name}", sources)
"""
BUILD_FILES = {"CMakeLists.txt": _CMAKE, "Makefile": _MAKE, "SConstruct": _SCONS}
RECIPE = """\
name = "{recipe}"
kind = "library"
summary = "Generated: {count} sources, built with {tool}"
license = "Apache-2.0"
versions = ["1.0"]
depends = {{ {depends} }}

[source]
type = "path"
path = "{path}"

[build]
languages = ["c++"]
backend = "{backend}"
"""
BUILD = {
    "ninja": ("cmake", '[build.options]\nCMAKE_BUILD_TYPE = "Release"\n'),
    "make": ("make", "[build.options]\n"),
    "scons": ("scons", 'targets = ["build/lib{name}.so"]\n[build.options]\n'),
}
INSTALL = """
[install]
keep = ["include/{name}/*.hpp"]
move = {{ "build/lib{name}.so" = "lib" }}
"""
