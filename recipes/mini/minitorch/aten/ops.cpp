// SPDX-License-Identifier: Apache-2.0
#include "aten/Config.h"
#include "minitorch/minitorch.h"

#if USE_MKLDNN

#include <minidnn/minidnn.hpp>

void mt_matmul(size_t m, size_t n, size_t k, const float *a, const float *b, float *c) {
    minidnn::matmul(m, n, k, a, b, c);
}

void mt_matmul_relu(size_t m, size_t n, size_t k, const float *a, const float *b, float *c) {
    minidnn::matmul(m, n, k, a, b, c, minidnn::PostOp::relu);
}

void mt_relu(size_t count, const float *x, float *y) {
    minidnn::relu(count, x, y);
}

void mt_softmax(size_t rows, size_t columns, const float *x, float *y) {
    minidnn::softmax(rows, columns, x, y);
}

#else

#include "aten/blas.hpp"

#include <algorithm>
#include <cmath>

void mt_matmul(size_t m, size_t n, size_t k, const float *a, const float *b, float *c) {
    minitorch::blas::gemm(m, n, k, a, b, c);
}

void mt_matmul_relu(size_t m, size_t n, size_t k, const float *a, const float *b, float *c) {
    mt_matmul(m, n, k, a, b, c);
    mt_relu(m * n, c, c);
}

void mt_relu(size_t count, const float *x, float *y) {
    std::transform(x, x + count, y, [](float value) { return std::max(value, 0.0F); });
}

void mt_softmax(size_t rows, size_t columns, const float *x, float *y) {
    for (size_t i = 0; i < rows && columns > 0; ++i) {
        const float *in = x + i * columns;
        float *out = y + i * columns;
        const float largest = *std::max_element(in, in + columns);
        float sum = 0.0F;
        for (size_t j = 0; j < columns; ++j) {
            out[j] = std::exp(in[j] - largest);
            sum += out[j];
        }
        std::transform(out, out + columns, out, [sum](float value) { return value / sum; });
    }
}

#endif
