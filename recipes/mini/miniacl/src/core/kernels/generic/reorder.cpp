// SPDX-License-Identifier: Apache-2.0
#include "src/core/Kernels.h"

namespace mini_compute::generic {
// Packed layout: panels of panel_width columns, each panel k rows long, the last one padded with zeros.
void reorder(std::size_t k, std::size_t n, const float *b, float *packed) {
    for (std::size_t first = 0; first < n; first += panel_width) {
        for (std::size_t p = 0; p < k; ++p) {
            for (std::size_t j = first; j < first + panel_width; ++j) {
                *packed++ = j < n ? b[p * n + j] : 0.0F;
            }
        }
    }
}

void gemm_packed(Range rows, std::size_t n, std::size_t k, const float *a, const float *packed, float *c) {
    for (std::size_t i = rows.begin; i < rows.end; ++i) {
        for (std::size_t first = 0; first < n; first += panel_width) {
            const float *panel = packed + first * k;
            float sum[panel_width] = {};
            for (std::size_t p = 0; p < k; ++p) {
                for (std::size_t j = 0; j < panel_width; ++j) {
                    sum[j] += a[i * k + p] * panel[p * panel_width + j];
                }
            }
            for (std::size_t j = 0; j < panel_width && first + j < n; ++j) {
                c[i * n + first + j] = sum[j];
            }
        }
    }
}
} // namespace mini_compute::generic
