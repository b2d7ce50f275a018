// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

#include <arm_neon.h>

namespace mini_compute::neon {
void relu(Range items, const float *x, float *y) {
    std::size_t i = items.begin;
    for (; i + 4 <= items.end; i += 4) {
        vst1q_f32(y + i, vmaxq_f32(vld1q_f32(x + i), vdupq_n_f32(0.0F)));
    }
    for (; i < items.end; ++i) {
        y[i] = x[i] > 0.0F ? x[i] : 0.0F;
    }
}
} // namespace mini_compute::neon
