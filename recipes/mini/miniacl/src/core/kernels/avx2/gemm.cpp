// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

#include <immintrin.h>

namespace mini_compute::avx2 {
namespace {
constexpr std::size_t width = 8;

__m256i first_lanes(std::size_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), lane);
}
} // namespace

void gemm(Range rows, std::size_t n, std::size_t k, const float *a, const float *b, float *c) {
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
        const float *row = a + i * k;
        std::size_t j = 0;
        for (; j + 2 * width <= n; j += 2 * width) {
            __m256 left = _mm256_setzero_ps();
            __m256 right = _mm256_setzero_ps();
            for (std::size_t p = 0; p < k; ++p) {
                const __m256 factor = _mm256_set1_ps(row[p]);
                left = _mm256_fmadd_ps(factor, _mm256_loadu_ps(b + p * n + j), left);
                right = _mm256_fmadd_ps(factor, _mm256_loadu_ps(b + p * n + j + width), right);
            }
            _mm256_storeu_ps(c + i * n + j, left);
            _mm256_storeu_ps(c + i * n + j + width, right);
        }
        for (; j < n; j += width) {
            const __m256i lanes = first_lanes(n - j < width ? n - j : width);
            __m256 sum = _mm256_setzero_ps();
            for (std::size_t p = 0; p < k; ++p) {
                sum = _mm256_fmadd_ps(_mm256_set1_ps(row[p]), _mm256_maskload_ps(b + p * n + j, lanes), sum);
            }
            _mm256_maskstore_ps(c + i * n + j, lanes, sum);
        }
    }
}
} // namespace mini_compute::avx2
