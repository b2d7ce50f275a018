// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

#include <immintrin.h>

namespace mini_compute::avx512 {
namespace {
constexpr std::size_t width = 16;

__mmask16 first_lanes(std::size_t count) {
    return static_cast<__mmask16>(count < width ? (1U << count) - 1U : 0xFFFFU);
}
} // namespace

void gemm(Range rows, std::size_t n, std::size_t k, const float *a, const float *b, float *c) {
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
        const float *row = a + i * k;
        for (std::size_t j = 0; j < n; j += width) {
            const __mmask16 lanes = first_lanes(n - j);
            __m512 sum = _mm512_setzero_ps();
            for (std::size_t p = 0; p < k; ++p) {
                sum = _mm512_fmadd_ps(_mm512_set1_ps(row[p]), _mm512_maskz_loadu_ps(lanes, b + p * n + j), sum);
            }
            _mm512_mask_storeu_ps(c + i * n + j, lanes, sum);
        }
    }
}
} // namespace mini_compute::avx512
