// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

#include <immintrin.h>

namespace mini_compute::avx512 {
void relu(Range items, const float *x, float *y) {
    for (std::size_t i = items.begin; i < items.end; i += 16) {
        const std::size_t left = items.end - i;
        const auto lanes = static_cast<__mmask16>(left < 16 ? (1U << left) - 1U : 0xFFFFU);
        const __m512 values = _mm512_maskz_loadu_ps(lanes, x + i);
        _mm512_mask_storeu_ps(y + i, lanes, _mm512_maskz_max_ps(lanes, values, _mm512_setzero_ps()));
    }
}
} // namespace mini_compute::avx512
