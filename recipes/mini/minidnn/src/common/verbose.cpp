// SPDX-License-Identifier: Apache-2.0
#include "common/verbose.hpp"

#include "minidnn/minidnn.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace minidnn {
namespace {
bool announce() {
    const char *setting = std::getenv("MINIDNN_VERBOSE");
    if (setting == nullptr || std::atoi(setting) == 0) {
        return false;
    }
    std::printf("minidnn_verbose,info,cpu,minidnn %s,acl:%s\n", version(), acl_kernel());
    return true;
}
} // namespace

bool verbose() {
    static const bool on = announce();
    return on;
}

VerboseTimer::VerboseTimer(const char *primitive, const char *implementation, std::string shape)
    : primitive_(primitive), implementation_(implementation), shape_(std::move(shape)),
      start_(std::chrono::steady_clock::now()) {
}

VerboseTimer::~VerboseTimer() {
    const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - start_;
    std::printf("minidnn_verbose,exec,cpu,%s,%s,%s,%.4f\n", primitive_, implementation_, shape_.c_str(),
                spent.count());
    std::fflush(stdout);
}
} // namespace minidnn
