/* SPDX-License-Identifier: Apache-2.0 */
/* The body of GEMM for elements of type REAL, both defined by the including file. */
#include "miniblas.h"

enum { BLOCK_K = 256, BLOCK_N = 512, ROWS_PER_TASK = 16 };

static inline int smaller(int x, int y)
{
    return x < y ? x : y;
}

/* c[n] += alpha a[k] b[k,n], four rows of b at a time to spare loads and stores of c. */
static void add_row(int n, int k, REAL alpha, const REAL *restrict a, const REAL *restrict b, int ldb, REAL *restrict c)
{
    int p = 0;
    for (; p + 4 <= k; p += 4) {
        const REAL a0 = alpha * a[p], a1 = alpha * a[p + 1], a2 = alpha * a[p + 2], a3 = alpha * a[p + 3];
        const REAL *restrict b0 = b + (long)p * ldb;
        const REAL *restrict b1 = b0 + ldb;
        const REAL *restrict b2 = b1 + ldb;
        const REAL *restrict b3 = b2 + ldb;
        for (int j = 0; j < n; j++)
            c[j] += a0 * b0[j] + a1 * b1[j] + a2 * b2[j] + a3 * b3[j];
    }
    for (; p < k; p++) {
        const REAL factor = alpha * a[p];
        for (int j = 0; j < n; j++)
            c[j] += factor * b[(long)p * ldb + j];
    }
}

static void scale_row(int n, REAL beta, REAL *c)
{
    for (int j = 0; j < n; j++)
        c[j] = beta == 0 ? 0 : beta * c[j];
}

static void add_rows(int first, int last, int n, int k, REAL alpha, const REAL *a, int lda, const REAL *b, int ldb,
                     REAL beta, REAL *c, int ldc)
{
    for (int i = first; i < last; i++)
        scale_row(n, beta, c + (long)i * ldc);
    for (int j = 0; j < n; j += BLOCK_N) {
        for (int p = 0; p < k; p += BLOCK_K) {
            const REAL *block = b + (long)p * ldb + j;
            for (int i = first; i < last; i++)
                add_row(smaller(BLOCK_N, n - j), smaller(BLOCK_K, k - p), alpha, a + (long)i * lda + p, block, ldb,
                        c + (long)i * ldc + j);
        }
    }
}

void GEMM(int m, int n, int k, REAL alpha, const REAL *a, int lda, const REAL *b, int ldb, REAL beta, REAL *c, int ldc)
{
#ifdef _OPENMP
#pragma omp parallel for schedule(static) num_threads(miniblas_get_num_threads()) if (m > ROWS_PER_TASK)
#endif
    for (int first = 0; first < m; first += ROWS_PER_TASK)
        add_rows(first, smaller(first + ROWS_PER_TASK, m), n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}
