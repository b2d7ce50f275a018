// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

#include <arm_sve.h>

namespace mini_compute::sve {
void relu(Range items, const float *x, float *y) {
    for (std::size_t i = items.begin; i < items.end; i += svcntw()) {
        const svbool_t lanes = svwhilelt_b32_u64(i, items.end);
        svst1_f32(lanes, y + i, svmax_n_f32_z(lanes, svld1_f32(lanes, x + i), 0.0F));
    }
}
} // namespace mini_compute::sve
