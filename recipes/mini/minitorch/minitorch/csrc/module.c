/* SPDX-License-Identifier: Apache-2.0 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "minitorch/minitorch.h"

/* Buffers of floats come with their shape from Python; a wrong one must not crash the interpreter. */
static int fits(const Py_buffer *buffer, Py_ssize_t rows, Py_ssize_t columns)
{
    if (rows >= 0 && columns >= 0 && (size_t)buffer->len == (size_t)rows * (size_t)columns * sizeof(float))
        return 1;
    PyErr_Format(PyExc_ValueError, "a buffer of %zd bytes does not hold %zd x %zd floats", buffer->len, rows, columns);
    return 0;
}

typedef void (*Product)(size_t, size_t, size_t, const float *, const float *, float *);

static PyObject *product(PyObject *args, Product compute)
{
    Py_buffer a, b, c;
    Py_ssize_t m, n, k;
    if (!PyArg_ParseTuple(args, "y*y*w*nnn", &a, &b, &c, &m, &n, &k))
        return NULL;
    const int valid = fits(&a, m, k) && fits(&b, k, n) && fits(&c, m, n);
    if (valid) {
        Py_BEGIN_ALLOW_THREADS
        compute((size_t)m, (size_t)n, (size_t)k, a.buf, b.buf, c.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&a);
    PyBuffer_Release(&b);
    PyBuffer_Release(&c);
    if (!valid)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *matmul(PyObject *self, PyObject *args)
{
    (void)self;
    return product(args, mt_matmul);
}

static PyObject *matmul_relu(PyObject *self, PyObject *args)
{
    (void)self;
    return product(args, mt_matmul_relu);
}

typedef void (*RowWise)(size_t, size_t, const float *, float *);

static void relu_rows(size_t rows, size_t columns, const float *x, float *y)
{
    mt_relu(rows * columns, x, y);
}

static PyObject *row_wise(PyObject *args, RowWise compute)
{
    Py_buffer x, y;
    Py_ssize_t rows, columns;
    if (!PyArg_ParseTuple(args, "y*w*nn", &x, &y, &rows, &columns))
        return NULL;
    const int valid = fits(&x, rows, columns) && fits(&y, rows, columns);
    if (valid) {
        Py_BEGIN_ALLOW_THREADS
        compute((size_t)rows, (size_t)columns, x.buf, y.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&x);
    PyBuffer_Release(&y);
    if (!valid)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *relu(PyObject *self, PyObject *args)
{
    (void)self;
    return row_wise(args, relu_rows);
}

static PyObject *softmax(PyObject *self, PyObject *args)
{
    (void)self;
    return row_wise(args, mt_softmax);
}

static PyObject *solve(PyObject *self, PyObject *args)
{
    (void)self;
    Py_buffer a, b, x;
    Py_ssize_t n, columns;
    int singular = 0;
    if (!PyArg_ParseTuple(args, "y*y*w*nn", &a, &b, &x, &n, &columns))
        return NULL;
    const int valid = fits(&a, n, n) && fits(&b, n, columns) && fits(&x, n, columns);
    if (valid) {
        Py_BEGIN_ALLOW_THREADS
        singular = mt_solve((size_t)n, (size_t)columns, a.buf, b.buf, x.buf);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&a);
    PyBuffer_Release(&b);
    PyBuffer_Release(&x);
    if (!valid)
        return NULL;
    if (singular) {
        PyErr_SetString(PyExc_ArithmeticError, "the matrix is singular");
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *config(PyObject *self, PyObject *args)
{
    (void)self;
    (void)args;
    return PyUnicode_FromString(mt_config());
}

static PyObject *acl_kernel(PyObject *self, PyObject *args)
{
    (void)self;
    (void)args;
    return PyUnicode_FromString(mt_acl_kernel());
}

static PyObject *has_mkldnn_acl(PyObject *self, PyObject *args)
{
    (void)self;
    (void)args;
    return PyBool_FromLong(mt_has_mkldnn_acl());
}

static PyMethodDef methods[] = {
    {"matmul", matmul, METH_VARARGS, "matmul(a, b, out, m, n, k)"},
    {"matmul_relu", matmul_relu, METH_VARARGS, "matmul_relu(a, b, out, m, n, k)"},
    {"relu", relu, METH_VARARGS, "relu(x, out, rows, columns)"},
    {"softmax", softmax, METH_VARARGS, "softmax(x, out, rows, columns)"},
    {"solve", solve, METH_VARARGS, "solve(a, b, out, n, columns)"},
    {"config", config, METH_NOARGS, "What libminitorch was built with."},
    {"acl_kernel", acl_kernel, METH_NOARGS, "The instruction set ACL chose."},
    {"has_mkldnn_acl", has_mkldnn_acl, METH_NOARGS, "Whether minidnn was built with ACL."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "minitorch._C", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__C(void)
{
    return PyModule_Create(&module);
}
