// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

#include <immintrin.h>

namespace mini_compute::avx512 {
void gemv(Range rows, std::size_t k, const float *a, const float *x, float *y) {
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
        const float *row = a + i * k;
        __m512 sums = _mm512_setzero_ps();
        for (std::size_t p = 0; p < k; p += 16) {
            const auto lanes = static_cast<__mmask16>(k - p < 16 ? (1U << (k - p)) - 1U : 0xFFFFU);
            sums = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(lanes, row + p), _mm512_maskz_loadu_ps(lanes, x + p), sums);
        }
        float parts[16];
        _mm512_storeu_ps(parts, sums);
        float sum = 0.0F;
        for (const float part : parts) {
            sum += part;
        }
        y[i] = sum;
    }
}
} // namespace mini_compute::avx512
