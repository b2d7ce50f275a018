/* SPDX-License-Identifier: Apache-2.0 */
#define GEMM miniblas_sgemm
#define REAL float
#include "gemm.h"
