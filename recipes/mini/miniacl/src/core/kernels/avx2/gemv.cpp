// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

#include <immintrin.h>

namespace mini_compute::avx2 {
void gemv(Range rows, std::size_t k, const float *a, const float *x, float *y) {
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
        const float *row = a + i * k;
        __m256 sums = _mm256_setzero_ps();
        std::size_t p = 0;
        for (; p + 8 <= k; p += 8) {
            sums = _mm256_fmadd_ps(_mm256_loadu_ps(row + p), _mm256_loadu_ps(x + p), sums);
        }
        float lanes[8];
        _mm256_storeu_ps(lanes, sums);
        float sum = 0.0F;
        for (const float lane : lanes) {
            sum += lane;
        }
        for (; p < k; ++p) {
            sum += row[p] * x[p];
        }
        y[i] = sum;
    }
}
} // namespace mini_compute::avx2
