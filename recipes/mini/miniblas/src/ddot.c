/* SPDX-License-Identifier: Apache-2.0 */
#define DOT miniblas_ddot
#define REAL double
#include "dot.h"
