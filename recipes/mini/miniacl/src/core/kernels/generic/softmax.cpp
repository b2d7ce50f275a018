// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

#include <cmath>

namespace mini_compute::generic {
void softmax(Range rows, std::size_t columns, const float *x, float *y) {
    for (std::size_t i = rows.begin; i < rows.end && columns > 0; ++i) {
        const float *in = x + i * columns;
        float *out = y + i * columns;
        float largest = in[0];
        for (std::size_t j = 1; j < columns; ++j) {
            largest = in[j] > largest ? in[j] : largest;
        }
        float sum = 0.0F;
        for (std::size_t j = 0; j < columns; ++j) {
            out[j] = std::exp(in[j] - largest); // shifted, so that nothing overflows
            sum += out[j];
        }
        for (std::size_t j = 0; j < columns; ++j) {
            out[j] /= sum;
        }
    }
}
} // namespace mini_compute::generic
