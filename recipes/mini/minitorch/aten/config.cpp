// SPDX-License-Identifier: Apache-2.0
#include "aten/Config.h"
#include "aten/blas.hpp"
#include "minitorch/minitorch.h"

#include <string>

#if USE_MKLDNN
#include <minidnn/minidnn.hpp>
#endif

namespace {
std::string describe() {
    std::string text = "minitorch " MINITORCH_VERSION " built with:\n"
                       "  - GCC " __VERSION__ "\n";
#if USE_MKLDNN
    text += "  - MINIDNN " + std::string(minidnn::version()) + "\n";
#endif
    text += "  - BLAS: " + std::string(minitorch::blas::info()) + "\n";
    text += "  - Build settings: BLAS_INFO=" MINITORCH_BLAS_INFO ", BUILD_TYPE=" MINITORCH_BUILD_TYPE
            ", CXX_FLAGS=" MINITORCH_CXX_FLAGS;
    text += USE_MKLDNN ? ", USE_MKLDNN=ON\n" : ", USE_MKLDNN=OFF\n";
    return text;
}
} // namespace

const char *mt_version() {
    return MINITORCH_VERSION;
}

const char *mt_config() {
    static const std::string text = describe();
    return text.c_str();
}

int mt_has_mkldnn_acl() {
#if USE_MKLDNN
    return minidnn::has_acl() ? 1 : 0;
#else
    return 0;
#endif
}

const char *mt_acl_kernel() {
#if USE_MKLDNN
    return minidnn::acl_kernel();
#else
    return "none";
#endif
}
