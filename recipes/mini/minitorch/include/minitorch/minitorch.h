/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MINITORCH_H
#define MINITORCH_H

#include <stddef.h>

#define MINITORCH_API __attribute__((visibility("default")))

/* The C interface of libminitorch. Matrices are dense, row-major, single precision. */

#ifdef __cplusplus
extern "C" {
#endif

MINITORCH_API const char *mt_version(void);

/* What the library was built with, several lines. */
MINITORCH_API const char *mt_config(void);
MINITORCH_API int mt_has_mkldnn_acl(void);

/* The instruction set ACL chose on this CPU, "none" without ACL. */
MINITORCH_API const char *mt_acl_kernel(void);

/* c[m,n] = a[m,k] b[k,n] */
MINITORCH_API void mt_matmul(size_t m, size_t n, size_t k, const float *a, const float *b, float *c);

/* c[m,n] = relu(a[m,k] b[k,n]) */
MINITORCH_API void mt_matmul_relu(size_t m, size_t n, size_t k, const float *a, const float *b, float *c);
MINITORCH_API void mt_relu(size_t count, const float *x, float *y);

/* Along each row of x[rows,columns]. */
MINITORCH_API void mt_softmax(size_t rows, size_t columns, const float *x, float *y);

/* x[n,columns] such that a[n,n] x = b[n,columns]; 0, or nonzero if a is singular. */
MINITORCH_API int mt_solve(size_t n, size_t columns, const float *a, const float *b, float *x);

#ifdef __cplusplus
}
#endif

#endif
