/* SPDX-License-Identifier: Apache-2.0 */
#define GEMM miniblas_dgemm
#define REAL double
#include "gemm.h"
