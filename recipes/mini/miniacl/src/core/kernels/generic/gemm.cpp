// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

namespace mini_compute::generic {
void gemm(Range rows, std::size_t n, std::size_t k, const float *a, const float *b, float *c) {
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
        float *out = c + i * n;
        for (std::size_t j = 0; j < n; ++j) {
            out[j] = 0.0F;
        }
        for (std::size_t p = 0; p < k; ++p) {
            const float factor = a[i * k + p];
            for (std::size_t j = 0; j < n; ++j) {
                out[j] += factor * b[p * n + j];
            }
        }
    }
}
} // namespace mini_compute::generic
