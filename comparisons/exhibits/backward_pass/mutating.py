"""The mutating originals: layers whose forward remembers what their backward needs."""

import numpy as np

from comparisons.exhibits.two_layer_net.mutating import Relu as Relu
from comparisons.exhibits.two_layer_net.mutating import Sigmoid as Sigmoid
from comparisons.exhibits.two_layer_net.mutating import numerical_gradient


def gradient_check(f, x, backprop):
    """The book's own check: the mean absolute difference, to be looked at."""
    return np.average(np.abs(numerical_gradient(f, x) - backprop))


class Affine:
    """x W + b, of a matrix or of images, which are flattened."""

    def __init__(self, W, b):
        self.W = W
        self.b = b

    def forward(self, x):
        """The input, as a matrix, times W, plus b."""
        self.original_x_shape = x.shape
        self.x = x.reshape(x.shape[0], -1)
        return np.dot(self.x, self.W) + self.b

    def backward(self, dout):
        """The gradient of the input; those of W and b are kept."""
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.sum(dout, axis=0)
        return dx.reshape(*self.original_x_shape)


class SoftmaxWithLoss:
    """Softmax and cross-entropy, with the 1e-7 that keeps the logarithm from zero."""

    def __init__(self, t, delta=1e-7):
        self.t = t
        self.delta = delta

    def forward(self, x):
        """The mean loss of a batch."""
        x = x - np.max(x, axis=1, keepdims=True)
        self.y = np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True)
        batch_size = self.y.shape[0]
        return -np.sum(np.log(self.y[np.arange(batch_size), self.t] + self.delta)) / batch_size

    def backward(self, dout=1):
        """The gradient of the scores: that of the loss without the 1e-7."""
        batch_size = self.y.shape[0]
        dx = self.y.copy()
        dx[np.arange(batch_size), self.t] -= 1
        return dout * dx / batch_size


class BatchNormalization:
    """Each column to mean zero and deviation one, then scaled and shifted."""

    def __init__(self, gamma, beta):
        self.gamma = gamma
        self.beta = beta

    def forward(self, x):
        """Training mode: the statistics are those of the batch."""
        self.batch_size = x.shape[0]
        self.xc = x - x.mean(axis=0)
        self.std = np.sqrt(np.mean(self.xc**2, axis=0) + 10e-7)
        self.xn = self.xc / self.std
        return self.gamma * self.xn + self.beta

    def backward(self, dout):
        """The gradient of the input; those of gamma and beta are kept."""
        self.dbeta = dout.sum(axis=0)
        self.dgamma = np.sum(self.xn * dout, axis=0)
        dxn = self.gamma * dout
        dxc = dxn / self.std
        dstd = -np.sum((dxn * self.xc) / (self.std * self.std), axis=0)
        dxc += (1.0 / self.batch_size) * self.xc * dstd / self.std
        return dxc - np.sum(dxc, axis=0) / self.batch_size


class Dropout:
    """Some elements set to zero; the mask is drawn once and kept."""

    def __init__(self, mask):
        self.mask = mask

    def forward(self, x):
        """What the mask lets through."""
        return x * self.mask

    def backward(self, dout):
        """What the mask lets through, backwards."""
        return dout * self.mask


def im2col(x, filter_h, filter_w, stride=1, pad=0):
    """Every window of a batch of images as a row."""
    N, C, H, W = x.shape
    out_h = (H + 2 * pad - filter_h) // stride + 1
    out_w = (W + 2 * pad - filter_w) // stride + 1
    img = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    col = np.zeros((N, C, filter_h, filter_w, out_h, out_w))
    for y in range(filter_h):
        for x_ in range(filter_w):
            rows = slice(y, y + stride * out_h, stride)
            col[:, :, y, x_] = img[:, :, rows, x_ : x_ + stride * out_w : stride]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * out_h * out_w, -1)


def col2im(col, input_shape, filter_h, filter_w, stride=1, pad=0):
    """Rows added back to the windows that they came from."""
    N, C, H, W = input_shape
    out_h = (H + 2 * pad - filter_h) // stride + 1
    out_w = (W + 2 * pad - filter_w) // stride + 1
    col = col.reshape(N, out_h, out_w, C, filter_h, filter_w).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2 * pad + stride - 1, W + 2 * pad + stride - 1))
    for y in range(filter_h):
        for x_ in range(filter_w):
            rows = slice(y, y + stride * out_h, stride)
            img[:, :, rows, x_ : x_ + stride * out_w : stride] += col[:, :, y, x_]
    return img[:, :, pad : H + pad, pad : W + pad]


class Convolution:
    """A convolution as one matrix product of windows and filters."""

    def __init__(self, W, b, stride=1, pad=0):
        self.W = W
        self.b = b
        self.stride = stride
        self.pad = pad

    def forward(self, x):
        """(N, C, H, W) to (N, FN, out_h, out_w)."""
        FN, _, FH, FW = self.W.shape
        N, _, H, W = x.shape
        out_h = 1 + (H + 2 * self.pad - FH) // self.stride
        out_w = 1 + (W + 2 * self.pad - FW) // self.stride
        self.x = x
        self.col = im2col(x, FH, FW, self.stride, self.pad)
        self.col_W = self.W.reshape(FN, -1).T
        out = np.dot(self.col, self.col_W) + self.b
        return out.reshape(N, out_h, out_w, -1).transpose(0, 3, 1, 2)

    def backward(self, dout):
        """The gradient of the input; those of W and b are kept."""
        FN, C, FH, FW = self.W.shape
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, FN)
        self.db = np.sum(dout, axis=0)
        self.dW = np.dot(self.col.T, dout).transpose(1, 0).reshape(FN, C, FH, FW)
        self.dcol = np.dot(dout, self.col_W.T)
        return col2im(self.dcol, self.x.shape, FH, FW, self.stride, self.pad)


class Pooling:
    """The largest element of every window; remembers which one."""

    def __init__(self, pool_h, pool_w, stride):
        self.pool_h = pool_h
        self.pool_w = pool_w
        self.stride = stride

    def forward(self, x):
        """(N, C, H, W) to (N, C, out_h, out_w)."""
        N, C, H, W = x.shape
        out_h = 1 + (H - self.pool_h) // self.stride
        out_w = 1 + (W - self.pool_w) // self.stride
        col = im2col(x, self.pool_h, self.pool_w, self.stride).reshape(
            -1, self.pool_h * self.pool_w
        )
        self.x = x
        self.arg_max = np.argmax(col, axis=1)
        return np.max(col, axis=1).reshape(N, out_h, out_w, C).transpose(0, 3, 1, 2)

    def backward(self, dout):
        """The gradient of the input: each element's goes where it came from."""
        dout = dout.transpose(0, 2, 3, 1)
        pool_size = self.pool_h * self.pool_w
        dmax = np.zeros((dout.size, pool_size))
        dmax[np.arange(self.arg_max.size), self.arg_max.flatten()] = dout.flatten()
        dcol = dmax.reshape(dout.shape[0] * dout.shape[1] * dout.shape[2], -1)
        return col2im(dcol, self.x.shape, self.pool_h, self.pool_w, self.stride)


class RNN:
    """One step of a recurrent layer."""

    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]

    def forward(self, x, h_prev):
        """The next state."""
        Wx, Wh, b = self.params
        h_next = np.tanh(np.dot(h_prev, Wh) + np.dot(x, Wx) + b)
        self.cache = (x, h_prev, h_next)
        return h_next

    def backward(self, dh_next):
        """The gradients of the input and the state; those of the weights are kept."""
        Wx, Wh, _ = self.params
        x, h_prev, h_next = self.cache
        dt = dh_next * (1 - h_next**2)
        self.dWx, self.dWh, self.db = np.dot(x.T, dt), np.dot(h_prev.T, dt), np.sum(dt, axis=0)
        return np.dot(dt, Wx.T), np.dot(dt, Wh.T)


class TimeRNN:
    """The same step at each time, with shared weights."""

    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]

    def forward(self, xs):
        """(N, T, D) to (N, T, H), from a state of zeros."""
        N, T, _ = xs.shape
        H = self.params[1].shape[0]
        self.layers, self.h = [], np.zeros((N, H))
        hs = np.empty((N, T, H))
        for t in range(T):
            layer = RNN(*self.params)
            self.h = layer.forward(xs[:, t, :], self.h)
            hs[:, t, :] = self.h
            self.layers.append(layer)
        return hs

    def backward(self, dhs):
        """The gradient of the input; those of the weights are added up over time."""
        dxs, dh = np.empty((*dhs.shape[:2], self.params[0].shape[0])), 0
        self.dWx, self.dWh, self.db = (np.zeros_like(param) for param in self.params)
        for t in reversed(range(dhs.shape[1])):
            layer = self.layers[t]
            dxs[:, t, :], dh = layer.backward(dhs[:, t, :] + dh)
            self.dWx += layer.dWx
            self.dWh += layer.dWh
            self.db += layer.db
        return dxs


class LSTM:
    """One step of an LSTM: forget gate, candidate, input gate and output gate side by side."""

    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]

    def forward(self, x, h_prev, c_prev):
        """The next state and the next memory."""
        Wx, Wh, b = self.params
        A = np.dot(x, Wx) + np.dot(h_prev, Wh) + b
        f, g, i, o = np.split(A, 4, axis=1)
        f, i, o = (1 / (1 + np.exp(-gate)) for gate in (f, i, o))
        g = np.tanh(g)
        c_next = f * c_prev + g * i
        self.cache = (x, h_prev, c_prev, i, f, g, o, c_next)
        return o * np.tanh(c_next), c_next

    def backward(self, dh_next, dc_next):
        """The gradients of the input, the state and the memory; those of the weights are kept."""
        Wx, Wh, _ = self.params
        x, h_prev, c_prev, i, f, g, o, c_next = self.cache
        tanh_c_next = np.tanh(c_next)
        ds = dc_next + (dh_next * o) * (1 - tanh_c_next**2)
        dc_prev = ds * f
        di = ds * g * i * (1 - i)
        df = ds * c_prev * f * (1 - f)
        do = dh_next * tanh_c_next * o * (1 - o)
        dg = ds * i * (1 - g**2)
        self.dA = np.hstack((df, dg, di, do))
        self.dWx, self.dWh = np.dot(x.T, self.dA), np.dot(h_prev.T, self.dA)
        self.db = self.dA.sum(axis=0)
        return np.dot(self.dA, Wx.T), np.dot(self.dA, Wh.T), dc_prev
