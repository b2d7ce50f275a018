// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

namespace mini_compute::generic {
void gemv(Range rows, std::size_t k, const float *a, const float *x, float *y) {
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
        float sum = 0.0F;
        for (std::size_t p = 0; p < k; ++p) {
            sum += a[i * k + p] * x[p];
        }
        y[i] = sum;
    }
}
} // namespace mini_compute::generic
