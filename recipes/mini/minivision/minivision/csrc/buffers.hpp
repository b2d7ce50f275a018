// SPDX-License-Identifier: Apache-2.0
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <cstddef>

namespace minivision {
/// A Python buffer of floats, released at the end of its scope; filled by PyArg_ParseTuple.
struct Floats {
    Py_buffer view{};

    Floats() = default;
    Floats(const Floats &) = delete;
    Floats &operator=(const Floats &) = delete;
    ~Floats() {
        if (view.obj != nullptr) {
            PyBuffer_Release(&view);
        }
    }

    float *data() const {
        return static_cast<float *>(view.buf);
    }

    /// Sets a ValueError and returns false unless the buffer holds rows x columns floats.
    bool fits(Py_ssize_t rows, Py_ssize_t columns) const {
        const auto wanted = static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns) * sizeof(float);
        if (rows >= 0 && columns >= 0 && static_cast<std::size_t>(view.len) == wanted) {
            return true;
        }
        PyErr_Format(PyExc_ValueError, "a buffer of %zd bytes does not hold %zd x %zd floats", view.len, rows,
                     columns);
        return false;
    }
};
} // namespace minivision
