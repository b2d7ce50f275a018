/* SPDX-License-Identifier: Apache-2.0 */
#include "miniblas.h"

void miniblas_saxpy(int n, float alpha, const float *restrict x, float *restrict y)
{
    for (int i = 0; i < n; i++)
        y[i] += alpha * x[i];
}
