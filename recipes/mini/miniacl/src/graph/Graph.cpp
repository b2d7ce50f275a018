// SPDX-License-Identifier: Apache-2.0
#include "mini_compute/graph.h"

void mini_graph_linear(size_t m, size_t n, size_t k, const float *x, const float *w, int activation, float *y) {
    if (n == 1) {
        mini_compute_gemv(m, k, x, w, y);
    } else {
        mini_compute_gemm(m, n, k, x, w, y);
    }
    if (activation == MINI_GRAPH_RELU) {
        mini_compute_relu(m * n, y, y);
    }
}
