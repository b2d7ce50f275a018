// SPDX-License-Identifier: Apache-2.0
#include "mini_compute/mini_compute.h"
#include "src/runtime/Scheduler.h"

using mini_compute::kernels;
using mini_compute::Range;
using mini_compute::schedule;
namespace generic = mini_compute::generic;

const char *mini_compute_kernel() {
    return kernels().name;
}

void mini_compute_gemm(size_t m, size_t n, size_t k, const float *a, const float *b, float *c) {
    schedule(m, n * k, [=](Range rows) { kernels().gemm(rows, n, k, a, b, c); });
}

void mini_compute_gemv(size_t m, size_t k, const float *a, const float *x, float *y) {
    schedule(m, k, [=](Range rows) { kernels().gemv(rows, k, a, x, y); });
}

void mini_compute_relu(size_t count, const float *x, float *y) {
    schedule(count, 1, [=](Range items) { kernels().relu(items, x, y); });
}

void mini_compute_softmax(size_t rows, size_t columns, const float *x, float *y) {
    schedule(rows, columns, [=](Range part) { generic::softmax(part, columns, x, y); });
}

size_t mini_compute_packed_size(size_t k, size_t n) {
    const size_t panels = (n + generic::panel_width - 1) / generic::panel_width;
    return panels * generic::panel_width * k;
}

#if defined(MINI_COMPUTE_FIXED_FORMAT)

int mini_compute_has_fixed_format() {
    return 1;
}

int mini_compute_reorder(size_t k, size_t n, const float *b, float *packed) {
    generic::reorder(k, n, b, packed);
    return MINI_COMPUTE_OK;
}

int mini_compute_gemm_packed(size_t m, size_t n, size_t k, const float *a, const float *packed, float *c) {
    schedule(m, n * k, [=](Range rows) { generic::gemm_packed(rows, n, k, a, packed, c); });
    return MINI_COMPUTE_OK;
}

#else

int mini_compute_has_fixed_format() {
    return 0;
}

int mini_compute_reorder(size_t, size_t, const float *, float *) {
    return MINI_COMPUTE_UNSUPPORTED;
}

int mini_compute_gemm_packed(size_t, size_t, size_t, const float *, const float *, float *) {
    return MINI_COMPUTE_UNSUPPORTED;
}

#endif
