// SPDX-License-Identifier: Apache-2.0
#include "aten/blas.hpp"

#include "aten/Config.h"

#if MiniBLAS_FOUND

#include <miniblas.h>

#include <vector>

namespace minitorch::blas {
const char *info() {
    return miniblas_get_config();
}

void gemm(std::size_t m, std::size_t n, std::size_t k, const float *a, const float *b, float *c) {
    const int rows = static_cast<int>(m);
    const int columns = static_cast<int>(n);
    const int depth = static_cast<int>(k);
    miniblas_sgemm(rows, columns, depth, 1.0F, a, depth, b, columns, 0.0F, c, columns);
}

bool solve_in_place(std::size_t n, std::size_t columns, float *a, float *b) {
    const int order = static_cast<int>(n);
    const int right = static_cast<int>(columns);
    std::vector<int> pivots(n);
    return miniblas_sgesv(order, right, a, order, pivots.data(), b, right) == 0;
}
} // namespace minitorch::blas

#else

#include <algorithm>
#include <cmath>

namespace minitorch::blas {
const char *info() {
    return "built-in reference";
}

void gemm(std::size_t m, std::size_t n, std::size_t k, const float *a, const float *b, float *c) {
    std::fill(c, c + m * n, 0.0F);
    for (std::size_t i = 0; i < m; ++i) {
        for (std::size_t p = 0; p < k; ++p) {
            for (std::size_t j = 0; j < n; ++j) {
                c[i * n + j] += a[i * k + p] * b[p * n + j];
            }
        }
    }
}

// Gauss–Jordan elimination with partial pivoting.
bool solve_in_place(std::size_t n, std::size_t columns, float *a, float *b) {
    for (std::size_t p = 0; p < n; ++p) {
        std::size_t best = p;
        for (std::size_t i = p + 1; i < n; ++i) {
            best = std::fabs(a[i * n + p]) > std::fabs(a[best * n + p]) ? i : best;
        }
        if (a[best * n + p] == 0.0F) {
            return false;
        }
        if (best != p) {
            std::swap_ranges(a + p * n, a + (p + 1) * n, a + best * n);
            std::swap_ranges(b + p * columns, b + (p + 1) * columns, b + best * columns);
        }
        for (std::size_t i = 0; i < n; ++i) {
            const float factor = i == p ? 0.0F : a[i * n + p] / a[p * n + p];
            for (std::size_t j = p; j < n && factor != 0.0F; ++j) {
                a[i * n + j] -= factor * a[p * n + j];
            }
            for (std::size_t j = 0; j < columns; ++j) {
                b[i * columns + j] -= factor * b[p * columns + j];
            }
        }
    }
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < columns; ++j) {
            b[i * columns + j] /= a[i * n + i];
        }
    }
    return true;
}
} // namespace minitorch::blas

#endif
