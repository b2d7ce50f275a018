# SPDX-License-Identifier: Apache-2.0
"""Operators on minitorch tensors."""

from __future__ import annotations

from array import array

from minitorch import Tensor

from minivision import _C, _image


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> list[int]:
    """The boxes to keep, best score first; a box overlapping a better one by more is dropped.

    boxes[n,4] holds x1, y1, x2, y2; scores[n].
    """
    count, _ = boxes.matrix()
    return _C.nms(boxes.data, scores.data, count, iou_threshold)


def linear(x: Tensor, weight: Tensor) -> Tensor:
    """x[m,k] weight[k,n], computed by libminitorch without passing through Python."""
    (m, k), (depth, n) = x.matrix(), weight.matrix()
    if k != depth:
        raise ValueError(f"shapes {x.shape} and {weight.shape} cannot be multiplied")
    out = array("f", bytes(4 * m * n))
    _C.linear(x.data, weight.data, out, m, n, k)
    return Tensor(out, (m, n))


def resize_nearest(image: Tensor, size: tuple[int, int]) -> Tensor:
    """image[height,width] resampled to size (height, width) by its nearest pixels."""
    height, width = image.matrix()
    new_height, new_width = size
    out = array("f", bytes(4 * new_height * new_width))
    _image.resize_nearest(image.data, out, height, width, new_height, new_width)
    return Tensor(out, (new_height, new_width))
