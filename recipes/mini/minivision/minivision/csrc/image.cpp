// SPDX-License-Identifier: Apache-2.0
#include "buffers.hpp"

namespace {
using minivision::Floats;

PyObject *resize_nearest(PyObject *, PyObject *args) {
    Floats in, out;
    Py_ssize_t height, width, new_height, new_width;
    if (!PyArg_ParseTuple(args, "y*w*nnnn", &in.view, &out.view, &height, &width, &new_height, &new_width) ||
        !in.fits(height, width) || !out.fits(new_height, new_width)) {
        return nullptr;
    }
    if (in.view.len == 0 && out.view.len != 0) {
        PyErr_SetString(PyExc_ValueError, "an empty image cannot be enlarged");
        return nullptr;
    }
    for (Py_ssize_t row = 0; row < new_height; ++row) {
        const float *source = in.data() + row * height / new_height * width;
        for (Py_ssize_t column = 0; column < new_width; ++column) {
            out.data()[row * new_width + column] = source[column * width / new_width];
        }
    }
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"resize_nearest", resize_nearest, METH_VARARGS,
     "resize_nearest(image, out, height, width, new_height, new_width)"},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "minivision._image", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};
} // namespace

PyMODINIT_FUNC PyInit__image() {
    return PyModule_Create(&module);
}
