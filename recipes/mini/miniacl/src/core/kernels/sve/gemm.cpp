// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

#include <arm_sve.h>

namespace mini_compute::sve {
void gemm(Range rows, std::size_t n, std::size_t k, const float *a, const float *b, float *c) {
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
        const float *row = a + i * k;
        for (std::size_t j = 0; j < n; j += svcntw()) {
            const svbool_t lanes = svwhilelt_b32_u64(j, n);
            svfloat32_t sum = svdup_n_f32(0.0F);
            for (std::size_t p = 0; p < k; ++p) {
                sum = svmla_n_f32_m(lanes, sum, svld1_f32(lanes, b + p * n + j), row[p]);
            }
            svst1_f32(lanes, c + i * n + j, sum);
        }
    }
}
} // namespace mini_compute::sve
