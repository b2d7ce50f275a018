// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

/// The linear algebra minitorch needs, from MiniBLAS or from a built-in reference.
namespace minitorch::blas {
const char *info();

/// c[m,n] = a[m,k] b[k,n]
void gemm(std::size_t m, std::size_t n, std::size_t k, const float *a, const float *b, float *c);

/// b[n,columns] becomes the solution of a x = b; a is overwritten. False if a is singular.
bool solve_in_place(std::size_t n, std::size_t columns, float *a, float *b);
} // namespace minitorch::blas
