// SPDX-License-Identifier: Apache-2.0
#include "mini_compute/mini_compute.h"

const char *mini_compute_version() {
    return
#include "src/core/mini_compute_version.embed"
        ;
}
