// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "minidnn/minidnn.hpp"

#include <vector>

namespace minidnn {
struct MatmulDesc {
    std::size_t m, n, k;
    PostOp post_op;
};

struct EltwiseDesc {
    std::size_t rows, columns;
};

/// One way to compute a primitive. The first of a list that accepts the description runs.
template <class Desc, class... Args> struct Impl {
    const char *name;
    bool (*accepts)(const Desc &);
    void (*execute)(const Desc &, Args...);
};

using MatmulImpl = Impl<MatmulDesc, const float *, const float *, float *>;
using EltwiseImpl = Impl<EltwiseDesc, const float *, float *>;

extern const MatmulImpl acl_matmul, blas_matmul, ref_matmul;
extern const EltwiseImpl acl_relu, ref_relu, acl_softmax, ref_softmax;

const std::vector<MatmulImpl> &matmul_impls();
const std::vector<EltwiseImpl> &relu_impls();
const std::vector<EltwiseImpl> &softmax_impls();
} // namespace minidnn
