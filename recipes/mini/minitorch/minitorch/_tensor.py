# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from math import prod

from minitorch import _C


class Tensor:
    """A dense row-major block of 32-bit floats.

    Attributes:
        data: the elements, an array("f") of rows x columns.
        shape: (columns,) or (rows, columns).

    """

    def __init__(self, data: array[float], shape: tuple[int, ...]) -> None:
        if len(shape) not in (1, 2) or len(data) != prod(shape):
            raise ValueError(f"{len(data)} elements do not make a tensor of shape {shape}")
        self.data = data
        self.shape = shape

    def matrix(self) -> tuple[int, int]:
        """(rows, columns); ValueError for a vector."""
        if len(self.shape) != 2:
            raise ValueError(f"a matrix is needed, not shape {self.shape}")
        return self.shape[0], self.shape[1]

    def tolist(self) -> list[float] | list[list[float]]:
        values = self.data.tolist()
        if len(self.shape) == 1:
            return values
        rows, columns = self.matrix()
        return [values[row * columns : (row + 1) * columns] for row in range(rows)]

    def __matmul__(self, other: Tensor) -> Tensor:
        return matmul(self, other)

    def __repr__(self) -> str:
        return f"tensor({self.tolist()})"


def tensor(values: Sequence[float] | Sequence[Sequence[float]]) -> Tensor:
    """A vector from numbers, a matrix from rows of numbers."""
    rows = [row for row in values if isinstance(row, Sequence)]
    if not rows:
        return Tensor(array("f", values), (len(values),))
    columns = len(rows[0])
    if len(rows) != len(values) or any(len(row) != columns for row in rows):
        raise ValueError("the rows differ in length")
    return Tensor(array("f", (item for row in rows for item in row)), (len(rows), columns))


def _empty(*shape: int) -> Tensor:
    return Tensor(array("f", bytes(4 * prod(shape))), shape)


def _product(compute: Callable[..., None], a: Tensor, b: Tensor) -> Tensor:
    (m, k), (depth, n) = a.matrix(), b.matrix()
    if k != depth:
        raise ValueError(f"shapes {a.shape} and {b.shape} cannot be multiplied")
    out = _empty(m, n)
    compute(a.data, b.data, out.data, m, n, k)
    return out


def matmul(a: Tensor, b: Tensor) -> Tensor:
    """a[m,k] b[k,n]"""
    return _product(_C.matmul, a, b)


def matmul_relu(a: Tensor, b: Tensor) -> Tensor:
    """relu(a[m,k] b[k,n]), fused"""
    return _product(_C.matmul_relu, a, b)


def relu(x: Tensor) -> Tensor:
    out = _empty(*x.shape)
    _C.relu(x.data, out.data, 1, len(x.data))
    return out


def softmax(x: Tensor) -> Tensor:
    """Along the last dimension."""
    out = _empty(*x.shape)
    rows = x.shape[0] if len(x.shape) == 2 else 1
    _C.softmax(x.data, out.data, rows, x.shape[-1])
    return out


def solve(a: Tensor, b: Tensor) -> Tensor:
    """x[n,columns] such that a[n,n] x = b; ArithmeticError if a is singular."""
    (n, width), (rows, columns) = a.matrix(), b.matrix()
    if not n == width == rows:
        raise ValueError(f"shapes {a.shape} and {b.shape} are no system of equations")
    out = _empty(n, columns)
    _C.solve(a.data, b.data, out.data, n, columns)
    return out
