// SPDX-License-Identifier: Apache-2.0
#include "src/core/CpuInfo.h"
#include "src/core/Kernels.h"

namespace mini_compute {
namespace {
KernelSet choose([[maybe_unused]] const CpuInfo &cpu) {
#if defined(MINI_COMPUTE_ENABLE_AVX512)
    if (cpu.avx512) {
        return {"avx512", avx512::gemm, avx512::gemv, avx512::relu};
    }
#endif
#if defined(MINI_COMPUTE_ENABLE_AVX2)
    if (cpu.avx2) {
        return {"avx2", avx2::gemm, avx2::gemv, avx2::relu};
    }
#endif
#if defined(MINI_COMPUTE_ENABLE_SVE)
    if (cpu.sve) {
        return {"sve", sve::gemm, sve::gemv, sve::relu};
    }
#endif
#if defined(MINI_COMPUTE_ENABLE_NEON)
    if (cpu.neon) {
        return {"neon", neon::gemm, neon::gemv, neon::relu};
    }
#endif
    return {"generic", generic::gemm, generic::gemv, generic::relu};
}
} // namespace

const KernelSet &kernels() {
    static const KernelSet chosen = choose(detect_cpu());
    return chosen;
}
} // namespace mini_compute
