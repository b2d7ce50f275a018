// SPDX-License-Identifier: Apache-2.0
#include "aten/blas.hpp"
#include "minitorch/minitorch.h"

#include <algorithm>
#include <vector>

int mt_solve(size_t n, size_t columns, const float *a, const float *b, float *x) {
    std::vector<float> factors(a, a + n * n);
    std::copy(b, b + n * columns, x);
    return minitorch::blas::solve_in_place(n, columns, factors.data(), x) ? 0 : 1;
}
