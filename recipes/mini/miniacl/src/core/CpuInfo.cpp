// SPDX-License-Identifier: Apache-2.0
#include "src/core/CpuInfo.h"

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace mini_compute {
CpuInfo detect_cpu() {
    CpuInfo cpu{};
#if defined(__x86_64__)
    // The compiler may use everything -march=x86-64-v3 and -v4 contain, so ask for all of it that
    // a CPU with AVX2 may still lack.
    __builtin_cpu_init();
    cpu.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    cpu.avx512 = cpu.avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                 __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                 __builtin_cpu_supports("avx512vl");
#elif defined(__aarch64__)
    const unsigned long hwcap = getauxval(AT_HWCAP);
    cpu.neon = (hwcap & HWCAP_ASIMD) != 0;
    cpu.sve = (hwcap & HWCAP_SVE) != 0;
#endif
    return cpu;
}
} // namespace mini_compute
