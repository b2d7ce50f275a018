// SPDX-License-Identifier: Apache-2.0
#include "src/runtime/Scheduler.h"

#include <algorithm>

#if defined(MINI_COMPUTE_OPENMP_SCHEDULER)
#include <omp.h>
#elif defined(MINI_COMPUTE_CPP_SCHEDULER)
#include <thread>
#include <vector>
#endif

namespace mini_compute {
namespace {
constexpr std::size_t worth_a_thread = 1U << 18;

std::size_t available_threads() {
#if defined(MINI_COMPUTE_OPENMP_SCHEDULER)
    return static_cast<std::size_t>(omp_get_max_threads());
#elif defined(MINI_COMPUTE_CPP_SCHEDULER)
    return std::max(1U, std::thread::hardware_concurrency());
#else
    return 1;
#endif
}

[[maybe_unused]] Range share(std::size_t rows, std::size_t part, std::size_t parts) {
    return {rows * part / parts, rows * (part + 1) / parts};
}
} // namespace

void schedule(std::size_t rows, std::size_t cost_per_row, const std::function<void(Range)> &work) {
    const std::size_t useful = rows * cost_per_row / worth_a_thread;
    const std::size_t parts = std::min({available_threads(), useful, rows});
    if (parts <= 1) {
        work({0, rows});
        return;
    }
#if defined(MINI_COMPUTE_OPENMP_SCHEDULER)
#pragma omp parallel for num_threads(static_cast<int>(parts))
    for (std::size_t part = 0; part < parts; ++part) {
        work(share(rows, part, parts));
    }
#elif defined(MINI_COMPUTE_CPP_SCHEDULER)
    std::vector<std::thread> threads;
    for (std::size_t part = 1; part < parts; ++part) {
        threads.emplace_back(work, share(rows, part, parts));
    }
    work(share(rows, 0, parts));
    for (std::thread &thread : threads) {
        thread.join();
    }
#endif
}
} // namespace mini_compute
