/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MINI_COMPUTE_H
#define MINI_COMPUTE_H

#include <stddef.h>

#define MINI_COMPUTE_API __attribute__((visibility("default")))

/* All matrices are dense, row-major, single precision; outputs must not overlap inputs
 * except in relu, which may work in place. */

#ifdef __cplusplus
extern "C" {
#endif

enum { MINI_COMPUTE_OK = 0, MINI_COMPUTE_UNSUPPORTED = -1 };

/* "mini_compute_version=vX.Y.Z Build options: {...} Git hash=..." */
MINI_COMPUTE_API const char *mini_compute_version(void);

/* The instruction set chosen on this CPU: "generic", "avx2", "avx512", "neon" or "sve". */
MINI_COMPUTE_API const char *mini_compute_kernel(void);

/* 1 if the library was built with fixed_format_kernels=1. */
MINI_COMPUTE_API int mini_compute_has_fixed_format(void);

/* c[m,n] = a[m,k] b[k,n] */
MINI_COMPUTE_API void mini_compute_gemm(size_t m, size_t n, size_t k, const float *a, const float *b, float *c);

/* y[m] = a[m,k] x[k] */
MINI_COMPUTE_API void mini_compute_gemv(size_t m, size_t k, const float *a, const float *x, float *y);

MINI_COMPUTE_API void mini_compute_relu(size_t count, const float *x, float *y);

/* Along each row of x[rows,columns]. */
MINI_COMPUTE_API void mini_compute_softmax(size_t rows, size_t columns, const float *x, float *y);

/* Fixed format: the caller packs b[k,n] once into mini_compute_packed_size floats and reuses it.
 * Both return MINI_COMPUTE_UNSUPPORTED if the library was built without. */
MINI_COMPUTE_API size_t mini_compute_packed_size(size_t k, size_t n);
MINI_COMPUTE_API int mini_compute_reorder(size_t k, size_t n, const float *b, float *packed);
MINI_COMPUTE_API int mini_compute_gemm_packed(size_t m, size_t n, size_t k, const float *a, const float *packed,
                                              float *c);

#ifdef __cplusplus
}
#endif

#endif
