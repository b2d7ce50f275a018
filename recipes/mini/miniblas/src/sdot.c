/* SPDX-License-Identifier: Apache-2.0 */
#define DOT miniblas_sdot
#define REAL float
#include "dot.h"
