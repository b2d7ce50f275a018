/* SPDX-License-Identifier: Apache-2.0 */
#include "miniblas.h"

#ifdef _OPENMP
#include <omp.h>
#endif

#define TEXT_OF(value) #value
#define TEXT(value) TEXT_OF(value)

#ifdef _OPENMP
#define THREADING " USE_OPENMP " MINIBLAS_CORENAME " MAX_THREADS=" TEXT(MINIBLAS_MAX_THREADS)
#else
#define THREADING " " MINIBLAS_CORENAME " SINGLE_THREADED"
#endif

const char *miniblas_get_config(void)
{
    return "MiniBLAS " MINIBLAS_VERSION THREADING;
}

const char *miniblas_get_corename(void)
{
    return MINIBLAS_CORENAME;
}

int miniblas_get_num_threads(void)
{
#ifdef _OPENMP
    const int threads = omp_get_max_threads();
    return threads < MINIBLAS_MAX_THREADS ? threads : MINIBLAS_MAX_THREADS;
#else
    return 1;
#endif
}
