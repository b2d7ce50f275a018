// SPDX-License-Identifier: Apache-2.0
#include "common/impl.hpp"
#include "common/verbose.hpp"

namespace minidnn {
namespace {
std::string dims(std::size_t rows, std::size_t columns) {
    return std::to_string(rows) + "x" + std::to_string(columns);
}

std::string shape(const MatmulDesc &desc) {
    const char *post_op = desc.post_op == PostOp::relu ? "+relu" : "";
    return dims(desc.m, desc.k) + ":" + dims(desc.k, desc.n) + post_op;
}

std::string shape(const EltwiseDesc &desc) {
    return dims(desc.rows, desc.columns);
}

template <class Desc, class... Args>
void execute(const char *primitive, const std::vector<Impl<Desc, Args...>> &impls, const Desc &desc, Args... args) {
    for (const auto &impl : impls) {
        if (!impl.accepts(desc)) {
            continue;
        }
        if (verbose()) {
            const VerboseTimer timer(primitive, impl.name, shape(desc));
            impl.execute(desc, args...);
        } else {
            impl.execute(desc, args...);
        }
        return;
    }
}
} // namespace

const char *version() {
    return "v" MINIDNN_VERSION;
}

void matmul(std::size_t m, std::size_t n, std::size_t k, const float *src, const float *weights, float *dst,
            PostOp post_op) {
    execute("matmul", matmul_impls(), MatmulDesc{m, n, k, post_op}, src, weights, dst);
}

void relu(std::size_t count, const float *src, float *dst) {
    execute("relu", relu_impls(), EltwiseDesc{1, count}, src, dst);
}

void softmax(std::size_t rows, std::size_t columns, const float *src, float *dst) {
    execute("softmax", softmax_impls(), EltwiseDesc{rows, columns}, src, dst);
}
} // namespace minidnn
