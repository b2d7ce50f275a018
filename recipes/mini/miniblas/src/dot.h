/* SPDX-License-Identifier: Apache-2.0 */
/* The body of DOT for elements of type REAL, both defined by the including file. */
#include "miniblas.h"

enum { LANES = 16 };

/* Separate sums let the compiler use vectors without reordering a single one. */
REAL DOT(int n, const REAL *restrict x, const REAL *restrict y)
{
    REAL sums[LANES] = {0};
    int i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (int lane = 0; lane < LANES; lane++)
            sums[lane] += x[i + lane] * y[i + lane];
    }
    REAL sum = 0;
    for (; i < n; i++)
        sum += x[i] * y[i];
    for (int lane = 0; lane < LANES; lane++)
        sum += sums[lane];
    return sum;
}
