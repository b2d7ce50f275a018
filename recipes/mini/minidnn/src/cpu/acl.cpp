// SPDX-License-Identifier: Apache-2.0
#include "common/impl.hpp"
#include "mini_compute/graph.h"

namespace minidnn {
namespace {
constexpr std::size_t rows_worth_packing = 8;

bool accepts_matmul(const MatmulDesc &desc) {
    return desc.m > 0 && desc.n > 0 && desc.k > 0;
}

void execute_matmul(const MatmulDesc &desc, const float *src, const float *weights, float *dst) {
    const auto [m, n, k, post_op] = desc;
    if (post_op == PostOp::none && m >= rows_worth_packing && mini_compute_has_fixed_format() != 0) {
        std::vector<float> packed(mini_compute_packed_size(k, n));
        mini_compute_reorder(k, n, weights, packed.data());
        mini_compute_gemm_packed(m, n, k, src, packed.data(), dst);
        return;
    }
    const int activation = post_op == PostOp::relu ? MINI_GRAPH_RELU : MINI_GRAPH_LINEAR;
    mini_graph_linear(m, n, k, src, weights, activation, dst);
}

bool accepts_eltwise(const EltwiseDesc &desc) {
    return desc.rows > 0 && desc.columns > 0;
}

void execute_relu(const EltwiseDesc &desc, const float *src, float *dst) {
    mini_compute_relu(desc.rows * desc.columns, src, dst);
}

void execute_softmax(const EltwiseDesc &desc, const float *src, float *dst) {
    mini_compute_softmax(desc.rows, desc.columns, src, dst);
}
} // namespace

const MatmulImpl acl_matmul{"acl", accepts_matmul, execute_matmul};
const EltwiseImpl acl_relu{"acl", accepts_eltwise, execute_relu};
const EltwiseImpl acl_softmax{"acl", accepts_eltwise, execute_softmax};

bool has_acl() {
    return true;
}

const char *acl_kernel() {
    return mini_compute_kernel();
}
} // namespace minidnn
