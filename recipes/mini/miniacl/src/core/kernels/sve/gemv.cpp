// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

#include <arm_sve.h>

namespace mini_compute::sve {
void gemv(Range rows, std::size_t k, const float *a, const float *x, float *y) {
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
        const float *row = a + i * k;
        svfloat32_t sums = svdup_n_f32(0.0F);
        for (std::size_t p = 0; p < k; p += svcntw()) {
            const svbool_t lanes = svwhilelt_b32_u64(p, k);
            sums = svmla_f32_m(lanes, sums, svld1_f32(lanes, row + p), svld1_f32(lanes, x + p));
        }
        y[i] = svaddv_f32(svptrue_b32(), sums);
    }
}
} // namespace mini_compute::sve
