// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace mini_compute {
struct CpuInfo {
    bool avx2;
    bool avx512;
    bool neon;
    bool sve;
};

CpuInfo detect_cpu();
} // namespace mini_compute
