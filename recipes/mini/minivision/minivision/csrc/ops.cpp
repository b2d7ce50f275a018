// SPDX-License-Identifier: Apache-2.0
#include "buffers.hpp"

#include <minitorch/minitorch.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace {
using minivision::Floats;

float area(const float *box) {
    return std::max(box[2] - box[0], 0.0F) * std::max(box[3] - box[1], 0.0F);
}

float intersection_over_union(const float *a, const float *b) {
    const float overlap[] = {std::max(a[0], b[0]), std::max(a[1], b[1]), std::min(a[2], b[2]), std::min(a[3], b[3])};
    const float shared = area(overlap);
    const float all = area(a) + area(b) - shared;
    return all > 0.0F ? shared / all : 0.0F;
}

std::vector<std::size_t> keep(const float *boxes, const float *scores, std::size_t count, float threshold) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [=](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    std::vector<std::size_t> kept;
    for (const std::size_t candidate : order) {
        const bool hidden = std::any_of(kept.begin(), kept.end(), [=](std::size_t better) {
            return intersection_over_union(boxes + 4 * better, boxes + 4 * candidate) > threshold;
        });
        if (!hidden) {
            kept.push_back(candidate);
        }
    }
    return kept;
}

PyObject *to_list(const std::vector<std::size_t> &values) {
    PyObject *list = PyList_New(static_cast<Py_ssize_t>(values.size()));
    for (std::size_t i = 0; list != nullptr && i < values.size(); ++i) {
        PyList_SET_ITEM(list, static_cast<Py_ssize_t>(i), PyLong_FromSize_t(values[i]));
    }
    return list;
}

PyObject *nms(PyObject *, PyObject *args) {
    Floats boxes, scores;
    Py_ssize_t count;
    float threshold;
    if (!PyArg_ParseTuple(args, "y*y*nf", &boxes.view, &scores.view, &count, &threshold) || !boxes.fits(count, 4) ||
        !scores.fits(count, 1)) {
        return nullptr;
    }
    return to_list(keep(boxes.data(), scores.data(), static_cast<std::size_t>(count), threshold));
}

PyObject *linear(PyObject *, PyObject *args) {
    Floats x, weight, out;
    Py_ssize_t m, n, k;
    if (!PyArg_ParseTuple(args, "y*y*w*nnn", &x.view, &weight.view, &out.view, &m, &n, &k) || !x.fits(m, k) ||
        !weight.fits(k, n) || !out.fits(m, n)) {
        return nullptr;
    }
    mt_matmul(static_cast<std::size_t>(m), static_cast<std::size_t>(n), static_cast<std::size_t>(k), x.data(),
              weight.data(), out.data());
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"nms", nms, METH_VARARGS, "nms(boxes, scores, count, iou_threshold)"},
    {"linear", linear, METH_VARARGS, "linear(x, weight, out, m, n, k)"},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "minivision._C", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};
} // namespace

PyMODINIT_FUNC PyInit__C() {
    return PyModule_Create(&module);
}
