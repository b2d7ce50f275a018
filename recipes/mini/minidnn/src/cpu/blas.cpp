// SPDX-License-Identifier: Apache-2.0
#include "common/impl.hpp"
#include "miniblas.h"

#include <climits>

namespace minidnn {
namespace {
bool accepts_matmul(const MatmulDesc &desc) {
    return desc.post_op == PostOp::none && desc.m <= INT_MAX && desc.n <= INT_MAX && desc.k <= INT_MAX;
}

void execute_matmul(const MatmulDesc &desc, const float *src, const float *weights, float *dst) {
    const int m = static_cast<int>(desc.m);
    const int n = static_cast<int>(desc.n);
    const int k = static_cast<int>(desc.k);
    miniblas_sgemm(m, n, k, 1.0F, src, k, weights, n, 0.0F, dst, n);
}
} // namespace

const MatmulImpl blas_matmul{"blas", accepts_matmul, execute_matmul};
} // namespace minidnn
