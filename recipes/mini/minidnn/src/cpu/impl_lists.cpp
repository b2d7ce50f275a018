// SPDX-License-Identifier: Apache-2.0
#include "common/impl.hpp"

#if defined(MINIDNN_USE_ACL)
#define MINIDNN_ACL(impl) impl,
#else
#define MINIDNN_ACL(impl)
#endif

#if defined(MINIDNN_USE_BLAS)
#define MINIDNN_BLAS(impl) impl,
#else
#define MINIDNN_BLAS(impl)
#endif

namespace minidnn {
// Fastest first; ref accepts everything.
const std::vector<MatmulImpl> &matmul_impls() {
    static const std::vector<MatmulImpl> impls{MINIDNN_ACL(acl_matmul) MINIDNN_BLAS(blas_matmul) ref_matmul};
    return impls;
}

const std::vector<EltwiseImpl> &relu_impls() {
    static const std::vector<EltwiseImpl> impls{MINIDNN_ACL(acl_relu) ref_relu};
    return impls;
}

const std::vector<EltwiseImpl> &softmax_impls() {
    static const std::vector<EltwiseImpl> impls{MINIDNN_ACL(acl_softmax) ref_softmax};
    return impls;
}

#if !defined(MINIDNN_USE_ACL)
bool has_acl() {
    return false;
}

const char *acl_kernel() {
    return "none";
}
#endif
} // namespace minidnn
