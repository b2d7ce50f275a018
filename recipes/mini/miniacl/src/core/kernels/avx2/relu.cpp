// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

#include <immintrin.h>

namespace mini_compute::avx2 {
void relu(Range items, const float *x, float *y) {
    std::size_t i = items.begin;
    for (; i + 8 <= items.end; i += 8) {
        _mm256_storeu_ps(y + i, _mm256_max_ps(_mm256_loadu_ps(x + i), _mm256_setzero_ps()));
    }
    for (; i < items.end; ++i) {
        y[i] = x[i] > 0.0F ? x[i] : 0.0F;
    }
}
} // namespace mini_compute::avx2
