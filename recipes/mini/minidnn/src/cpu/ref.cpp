// SPDX-License-Identifier: Apache-2.0
#include "common/impl.hpp"

#include <algorithm>
#include <cmath>

namespace minidnn {
namespace {
template <class Desc> bool accepts_all(const Desc &) {
    return true;
}

void execute_relu(const EltwiseDesc &desc, const float *src, float *dst) {
    std::transform(src, src + desc.rows * desc.columns, dst, [](float value) { return std::max(value, 0.0F); });
}

void execute_matmul(const MatmulDesc &desc, const float *src, const float *weights, float *dst) {
    for (std::size_t i = 0; i < desc.m; ++i) {
        for (std::size_t j = 0; j < desc.n; ++j) {
            float sum = 0.0F;
            for (std::size_t p = 0; p < desc.k; ++p) {
                sum += src[i * desc.k + p] * weights[p * desc.n + j];
            }
            dst[i * desc.n + j] = desc.post_op == PostOp::relu ? std::max(sum, 0.0F) : sum;
        }
    }
}

void execute_softmax(const EltwiseDesc &desc, const float *src, float *dst) {
    for (std::size_t i = 0; i < desc.rows && desc.columns > 0; ++i) {
        const float *in = src + i * desc.columns;
        float *out = dst + i * desc.columns;
        const float largest = *std::max_element(in, in + desc.columns);
        float sum = 0.0F;
        for (std::size_t j = 0; j < desc.columns; ++j) {
            out[j] = std::exp(in[j] - largest);
            sum += out[j];
        }
        std::transform(out, out + desc.columns, out, [sum](float value) { return value / sum; });
    }
}
} // namespace

const MatmulImpl ref_matmul{"ref", accepts_all<MatmulDesc>, execute_matmul};
const EltwiseImpl ref_relu{"ref", accepts_all<EltwiseDesc>, execute_relu};
const EltwiseImpl ref_softmax{"ref", accepts_all<EltwiseDesc>, execute_softmax};
} // namespace minidnn
