// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "src/core/Kernels.h"

#include <functional>

namespace mini_compute {
/// Calls work on ranges that together cover [0, rows), on several threads if the cost (in
/// multiplications per row) is worth starting them.
void schedule(std::size_t rows, std::size_t cost_per_row, const std::function<void(Range)> &work);
} // namespace mini_compute
