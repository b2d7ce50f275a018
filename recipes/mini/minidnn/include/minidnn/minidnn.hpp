// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

/// Matrices are dense, row-major, single precision.
namespace minidnn {
enum class PostOp {
    none,
    relu,
};

/// "v3.7.1"
const char *version();

/// True if the library was built with mini_compute.
bool has_acl();

/// The instruction set mini_compute chose on this CPU, "none" without it.
const char *acl_kernel();

/// dst[m,n] = post_op(src[m,k] weights[k,n])
void matmul(std::size_t m, std::size_t n, std::size_t k, const float *src, const float *weights, float *dst,
            PostOp post_op = PostOp::none);

void relu(std::size_t count, const float *src, float *dst);

/// Along each row of src[rows,columns].
void softmax(std::size_t rows, std::size_t columns, const float *src, float *dst);
} // namespace minidnn
