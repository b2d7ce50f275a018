/* SPDX-License-Identifier: Apache-2.0 */
#include "miniblas.h"

void miniblas_sgemv(int m, int n, float alpha, const float *a, int lda, const float *x, float beta, float *y)
{
    for (int i = 0; i < m; i++) {
        const float kept = beta == 0 ? 0 : beta * y[i];
        y[i] = kept + alpha * miniblas_sdot(n, a + (long)i * lda, x);
    }
}
