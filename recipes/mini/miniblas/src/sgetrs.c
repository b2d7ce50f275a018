/* SPDX-License-Identifier: Apache-2.0 */
#include "miniblas.h"

void miniblas_sgetrs(int n, int nrhs, const float *lu, int lda, const int *pivots, float *b, int ldb)
{
    for (int i = 0; i < n; i++) {
        float *row = b + (long)i * ldb;
        float *other = b + (long)pivots[i] * ldb;
        for (int j = 0; j < nrhs && other != row; j++) {
            const float kept = row[j];
            row[j] = other[j];
            other[j] = kept;
        }
    }
    for (int i = 0; i < n; i++) {
        for (int p = 0; p < i; p++)
            miniblas_saxpy(nrhs, -lu[(long)i * lda + p], b + (long)p * ldb, b + (long)i * ldb);
    }
    for (int i = n - 1; i >= 0; i--) {
        float *row = b + (long)i * ldb;
        for (int p = i + 1; p < n; p++)
            miniblas_saxpy(nrhs, -lu[(long)i * lda + p], b + (long)p * ldb, row);
        for (int j = 0; j < nrhs; j++)
            row[j] /= lu[(long)i * lda + i];
    }
}
