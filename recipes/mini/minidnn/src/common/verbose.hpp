// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

namespace minidnn {
/// True if MINIDNN_VERBOSE is set to something other than 0; asked once per process.
bool verbose();

/// Prints one line for a primitive when it ends: minidnn_verbose,exec,cpu,matmul,acl,2x3:3x4,0.0012 (ms).
class VerboseTimer {
  public:
    VerboseTimer(const char *primitive, const char *implementation, std::string shape);
    ~VerboseTimer();
    VerboseTimer(const VerboseTimer &) = delete;
    VerboseTimer &operator=(const VerboseTimer &) = delete;

  private:
    const char *primitive_;
    const char *implementation_;
    std::string shape_;
    std::chrono::steady_clock::time_point start_;
};
} // namespace minidnn
