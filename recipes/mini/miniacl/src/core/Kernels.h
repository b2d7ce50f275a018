// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace mini_compute {
struct Range {
    std::size_t begin;
    std::size_t end;
};

// Each works on a range of rows so that the scheduler can share them out.
using GemmKernel = void (*)(Range rows, std::size_t n, std::size_t k, const float *a, const float *b, float *c);
using GemvKernel = void (*)(Range rows, std::size_t k, const float *a, const float *x, float *y);
using ReluKernel = void (*)(Range items, const float *x, float *y);

struct KernelSet {
    const char *name;
    GemmKernel gemm;
    GemvKernel gemv;
    ReluKernel relu;
};

/// The best set this CPU can run among those built.
const KernelSet &kernels();

// Kernel files are compiled for different instruction sets: they share declarations only. An inline
// function with linkage, included by two of them, could end up in its widest form for everyone.
#define MINI_COMPUTE_DECLARE_KERNELS(isa)                                                                     \
    namespace isa {                                                                                           \
    void gemm(Range rows, std::size_t n, std::size_t k, const float *a, const float *b, float *c);            \
    void gemv(Range rows, std::size_t k, const float *a, const float *x, float *y);                           \
    void relu(Range items, const float *x, float *y);                                                         \
    }

MINI_COMPUTE_DECLARE_KERNELS(generic)
MINI_COMPUTE_DECLARE_KERNELS(avx2)
MINI_COMPUTE_DECLARE_KERNELS(avx512)
MINI_COMPUTE_DECLARE_KERNELS(neon)
MINI_COMPUTE_DECLARE_KERNELS(sve)

namespace generic {
constexpr std::size_t panel_width = 8; // columns of one packed panel

void softmax(Range rows, std::size_t columns, const float *x, float *y);
void reorder(std::size_t k, std::size_t n, const float *b, float *packed);
void gemm_packed(Range rows, std::size_t n, std::size_t k, const float *a, const float *packed, float *c);
} // namespace generic
} // namespace mini_compute
