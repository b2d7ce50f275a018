/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MINIBLAS_H
#define MINIBLAS_H

#define MINIBLAS_API __attribute__((visibility("default")))

/* Matrices are row-major; ld* is the distance between rows, in elements. */

#ifdef __cplusplus
extern "C" {
#endif

/* "MiniBLAS 0.3.0 USE_OPENMP HASWELL MAX_THREADS=4" */
MINIBLAS_API const char *miniblas_get_config(void);
MINIBLAS_API const char *miniblas_get_corename(void);
MINIBLAS_API int miniblas_get_num_threads(void);

MINIBLAS_API float miniblas_sdot(int n, const float *x, const float *y);
MINIBLAS_API double miniblas_ddot(int n, const double *x, const double *y);

/* y += alpha x */
MINIBLAS_API void miniblas_saxpy(int n, float alpha, const float *x, float *y);

/* y[m] = alpha a[m,n] x[n] + beta y */
MINIBLAS_API void miniblas_sgemv(int m, int n, float alpha, const float *a, int lda, const float *x, float beta,
                                 float *y);

/* c[m,n] = alpha a[m,k] b[k,n] + beta c; with beta 0, c is not read */
MINIBLAS_API void miniblas_sgemm(int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                                 float beta, float *c, int ldc);
MINIBLAS_API void miniblas_dgemm(int m, int n, int k, double alpha, const double *a, int lda, const double *b, int ldb,
                                 double beta, double *c, int ldc);

/* a[n,n] becomes its LU factors, row i having been swapped with row pivots[i].
 * Return 0, or i > 0 if the i-th pivot is zero, as LAPACK does. */
MINIBLAS_API int miniblas_sgetrf(int n, float *a, int lda, int *pivots);
MINIBLAS_API void miniblas_sgetrs(int n, int nrhs, const float *lu, int lda, const int *pivots, float *b, int ldb);

/* b[n,nrhs] becomes the solution of a x = b, a its LU factors. */
MINIBLAS_API int miniblas_sgesv(int n, int nrhs, float *a, int lda, int *pivots, float *b, int ldb);

#ifdef __cplusplus
}
#endif

#endif
