/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MINI_COMPUTE_GRAPH_H
#define MINI_COMPUTE_GRAPH_H

#include "mini_compute/mini_compute.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MINI_GRAPH_LINEAR = 0, MINI_GRAPH_RELU = 1 };

/* Two fused nodes: y[m,n] = activation(x[m,k] w[k,n]). */
MINI_COMPUTE_API void mini_graph_linear(size_t m, size_t n, size_t k, const float *x, const float *w, int activation,
                                        float *y);

#ifdef __cplusplus
}
#endif

#endif
