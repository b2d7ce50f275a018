// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

#include <arm_neon.h>

namespace mini_compute::neon {
void gemm(Range rows, std::size_t n, std::size_t k, const float *a, const float *b, float *c) {
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
        const float *row = a + i * k;
        std::size_t j = 0;
        for (; j + 8 <= n; j += 8) {
            float32x4_t left = vdupq_n_f32(0.0F);
            float32x4_t right = vdupq_n_f32(0.0F);
            for (std::size_t p = 0; p < k; ++p) {
                left = vfmaq_n_f32(left, vld1q_f32(b + p * n + j), row[p]);
                right = vfmaq_n_f32(right, vld1q_f32(b + p * n + j + 4), row[p]);
            }
            vst1q_f32(c + i * n + j, left);
            vst1q_f32(c + i * n + j + 4, right);
        }
        for (; j < n; ++j) {
            float sum = 0.0F;
            for (std::size_t p = 0; p < k; ++p) {
                sum += row[p] * b[p * n + j];
            }
            c[i * n + j] = sum;
        }
    }
}
} // namespace mini_compute::neon
