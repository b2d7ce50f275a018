# SPDX-License-Identifier: Apache-2.0
"""minitorch: tensors of one or two dimensions, single precision, packaged as PyTorch is."""

from minitorch import __config__, utils
from minitorch._C import acl_kernel
from minitorch._C import has_mkldnn_acl as _is_mkldnn_acl_supported
from minitorch._tensor import Tensor, matmul, matmul_relu, relu, softmax, solve, tensor
from minitorch.version import __version__

__all__ = [
    "Tensor",
    "__config__",
    "__version__",
    "_is_mkldnn_acl_supported",
    "acl_kernel",
    "matmul",
    "matmul_relu",
    "relu",
    "softmax",
    "solve",
    "tensor",
    "utils",
]
