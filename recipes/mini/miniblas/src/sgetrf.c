/* SPDX-License-Identifier: Apache-2.0 */
#include "miniblas.h"

#include <math.h>

static int largest_in_column(int n, int column, const float *a, int lda)
{
    int best = column;
    for (int i = column + 1; i < n; i++) {
        if (fabsf(a[(long)i * lda + column]) > fabsf(a[(long)best * lda + column]))
            best = i;
    }
    return best;
}

static void swap_rows(int n, float *x, float *y)
{
    for (int j = 0; j < n; j++) {
        const float kept = x[j];
        x[j] = y[j];
        y[j] = kept;
    }
}

int miniblas_sgetrf(int n, float *a, int lda, int *pivots)
{
    for (int j = 0; j < n; j++) {
        float *pivot = a + (long)j * lda;
        pivots[j] = largest_in_column(n, j, a, lda);
        if (pivots[j] != j)
            swap_rows(n, pivot, a + (long)pivots[j] * lda);
        if (pivot[j] == 0)
            return j + 1;
        for (int i = j + 1; i < n; i++) {
            float *row = a + (long)i * lda;
            row[j] /= pivot[j];
            miniblas_saxpy(n - j - 1, -row[j], pivot + j + 1, row + j + 1);
        }
    }
    return 0;
}
