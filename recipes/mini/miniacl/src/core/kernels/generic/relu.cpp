// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

namespace mini_compute::generic {
void relu(Range items, const float *x, float *y) {
    for (std::size_t i = items.begin; i < items.end; ++i) {
        y[i] = x[i] > 0.0F ? x[i] : 0.0F;
    }
}
} // namespace mini_compute::generic
