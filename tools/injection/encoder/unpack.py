"""Reads the encoder's weights as they are deployed (pack.py writes them), to go on learning from. In: the file, the vocabulary of the
package, and the state of a Judge (encoder.py) to be written over. Out: that state; pieces that are not deployed keep their vectors."""

import struct

import numpy as np
import torch
from pack import vocabulary_of

HEADER = 80


class Reader:
    def __init__(self, data):
        self.data = data
        self.at = HEADER

    def take(self, kind, *shape):
        count = int(np.prod(shape))
        found = np.frombuffer(self.data, kind, count, self.at).reshape(shape)
        self.at += -(-found.nbytes // 16) * 16
        return found

    def floats(self, *shape):
        return torch.tensor(self.take(np.float32, *shape))

    def product(self, depth, width):
        panels = self.take(np.int8, width // 8, depth // 2, 8, 2)
        matrix = panels.transpose(1, 3, 0, 2).reshape(depth, width).astype(np.float32)
        scales = self.take(np.float32, width)
        return torch.tensor(matrix * scales), self.floats(width)


def unpack(path, vocabulary, state):
    data = open(path, "rb").read()
    assert data[:8] == b"CORDONEN", f"{path} holds no weights of the encoder"
    _, pieces, narrow, width, hidden, _, head, names = struct.unpack("<8I", data[8:40])
    read = Reader(data)
    read.take(np.uint8, names)
    read.take(np.float64, pieces)
    scales = read.take(np.float32, pieces)
    rows = read.take(np.int8, pieces, narrow)
    numbers = [number for _, _, number in vocabulary_of(vocabulary)]
    assert len(numbers) == pieces, "the weights are of another vocabulary"
    state["u.emb"][numbers] = torch.tensor(rows * scales[:, None] / 2)
    for layer, depth in (("u.l0.", narrow), ("u.l1.", width)):
        of = lambda name: layer + name
        state[of("ln1s")], state[of("ln1b")] = read.floats(depth), read.floats(depth)
        state[of("qkv")], state[of("qkvb")] = read.product(*state[of("qkv")].shape)
        state[of("o")], state[of("ob")] = read.product(*state[of("o")].shape)
        if of("ad") in state:
            state[of("ad")], state[of("adb")] = read.product(*state[of("ad")].shape)
        state[of("ln2s")], state[of("ln2b")] = read.floats(width), read.floats(width)
        state[of("f1")], state[of("f1b")] = read.product(width, hidden)
        state[of("f2")], state[of("f2b")] = read.product(hidden, width)
    state["h.1.weight"], state["h.1.bias"] = read.floats(head, width), read.floats(head)
    state["h.4.weight"], state["h.4.bias"] = read.floats(1, head), read.floats(1)
    assert read.at == len(data), "more bytes than weights"
    return state
