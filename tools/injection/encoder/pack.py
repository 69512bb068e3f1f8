"""python pack.py STATE VOCABULARY OUTPUT: writes the encoder's weights as they are deployed (encoder/weights.ts reads them).

STATE: a torch state_dict: `u.` the encoder, its embeddings a row for each piece; `h.1`, `h.4` the head's layers.
VOCABULARY: JSON, [[piece, score], ...] by id; a score of null, or of an id below 6, is -30, and id 0 is what is unknown.
Pieces with capital letters are left out: texts come in small ones. Needs torch and numpy; the same input gives the same bytes.
"""

import hashlib
import json
import struct
import sys

import numpy as np
import torch

VERSION = 1
RESERVED = 6
LOWEST = -30.0
HEADS = 4


def aligned(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 16)


def scales_of(matrix: np.ndarray) -> np.ndarray:
    """For each column, the scale of bytes with the least squared error: a few large weights may be cut off."""
    largest = np.maximum(np.abs(matrix).max(0), 1e-12)
    best = np.full(matrix.shape[1], np.inf)
    chosen = largest / 127
    for share in np.linspace(0.7, 1, 31):
        scales = largest * share / 127
        error = ((np.clip(np.rint(matrix / scales), -127, 127) * scales - matrix) ** 2).sum(0)
        better = error < best
        best = np.where(better, error, best)
        chosen = np.where(better, scales, chosen)
    return chosen.astype(np.float32)


def quantised(matrix: np.ndarray, scales: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(matrix / scales), -127, 127).astype(np.int8)


def floats(values: np.ndarray) -> bytes:
    return aligned(np.ascontiguousarray(values, np.float32).tobytes())


def product(matrix: np.ndarray, bias: np.ndarray) -> bytes:
    """A matrix in groups of eight columns, of each two rows, column after column; then scales and bias of the columns."""
    depth, width = matrix.shape
    scales = scales_of(matrix)
    panels = quantised(matrix, scales).reshape(depth // 2, 2, width // 8, 8).transpose(2, 0, 3, 1)
    return aligned(np.ascontiguousarray(panels).tobytes()) + floats(scales) + floats(bias)


def vocabulary_of(path: str) -> list[tuple[str, float, int]]:
    with open(path, encoding="utf-8") as file:
        entries = json.load(file)
    ids = {}
    for number, (piece, score) in enumerate(entries):
        reserved = number < RESERVED or score is None
        ids["<unk>" if number == 0 else piece] = (-20.0 if number == 0 else LOWEST if reserved else float(score), number)
    return [(piece, score, number) for piece, (score, number) in ids.items() if piece == piece.lower()]


def main(state_path: str, vocabulary_path: str, output: str) -> None:
    state = {name: tensor.double().numpy() for name, tensor in torch.load(state_path, map_location="cpu").items()}
    pieces = vocabulary_of(vocabulary_path)
    assert pieces[0][0] == "<unk>" and not any("\n" in piece for piece, _, _ in pieces)
    rows = 2 * state["u.emb"][[number for _, _, number in pieces]]  # the encoder doubles them
    row_scales = scales_of(rows.T)
    names = "\n".join(piece for piece, _, _ in pieces).encode()
    parts = [aligned(names), aligned(np.array([score for _, score, _ in pieces], np.float64).tobytes())]
    parts += [floats(row_scales), aligned(quantised(rows, row_scales[:, None]).tobytes())]
    for layer in ("u.l0.", "u.l1."):
        of = lambda name: state[layer + name]
        parts += [floats(of("ln1s")), floats(of("ln1b")), product(of("qkv"), of("qkvb")), product(of("o"), of("ob"))]
        if layer + "ad" in state:
            parts.append(product(of("ad"), of("adb")))
        parts += [floats(of("ln2s")), floats(of("ln2b")), product(of("f1"), of("f1b")), product(of("f2"), of("f2b"))]
    parts += [floats(state[name]) for name in ("h.1.weight", "h.1.bias", "h.4.weight", "h.4.bias")]
    body = b"".join(parts)
    width, hidden = state["u.l0.f1"].shape
    dimensions = (len(pieces), rows.shape[1], width, hidden, HEADS, len(state["h.1.bias"]), len(names))
    header = b"CORDONEN" + struct.pack("<8I", VERSION, *dimensions)
    header += hashlib.sha256(header + body).digest()
    with open(output, "wb") as file:
        file.write(aligned(header) + body)
    print(f"{output}: {len(aligned(header) + body)} bytes, {len(pieces)} pieces")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
