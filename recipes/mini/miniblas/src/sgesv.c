/* SPDX-License-Identifier: Apache-2.0 */
#include "miniblas.h"

int miniblas_sgesv(int n, int nrhs, float *a, int lda, int *pivots, float *b, int ldb)
{
    const int info = miniblas_sgetrf(n, a, lda, pivots);
    if (info == 0)
        miniblas_sgetrs(n, nrhs, a, lda, pivots, b, ldb);
    return info;
}
