// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

#include <arm_neon.h>

namespace mini_compute::neon {
void gemv(Range rows, std::size_t k, const float *a, const float *x, float *y) {
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
        const float *row = a + i * k;
        float32x4_t sums = vdupq_n_f32(0.0F);
        std::size_t p = 0;
        for (; p + 4 <= k; p += 4) {
            sums = vfmaq_f32(sums, vld1q_f32(row + p), vld1q_f32(x + p));
        }
        float sum = vaddvq_f32(sums);
        for (; p < k; ++p) {
            sum += row[p] * x[p];
        }
        y[i] = sum;
    }
}
} // namespace mini_compute::neon
