"""`python train.py ROWS PACKAGE OUT [--epochs N] [--begin WEIGHTS] [--share S] [--seed N]`:
fine-tunes the encoder. In: the rows that rows.ts wrote, and the folder of the npm
package (see encoder.py). Out: OUT.pt, the weights, and OUT.jsonl, the logits of the held-out rows' stretches. Chance is seeded; sums in
bfloat16 differ between machines in their last bits, so the weights do too.

The head learns first, from what the pre-trained encoder says, so that its first errors do not spoil the encoder (Kumar et al. 2022);
the vectors of pieces learn at a tenth of the rate, since most pieces of an unseen text are in few texts here; what is kept is a
running mean of the weights.

An attack teaches by the stretch that the classifier suspects most, an honest text by up to two. Honest texts that the classifier is
sure of are mostly left away: the encoder is not asked about such."""

import argparse
import json
import os
import time

import numpy as np
import torch
import torch.nn.functional as F
from encoder import PIECES, Judge, make_tokenizer, read_tensors
from unpack import unpack

parser = argparse.ArgumentParser()
parser.add_argument("rows")
parser.add_argument("package")
parser.add_argument("out")
parser.add_argument("--epochs", type=int, default=2)
parser.add_argument("--rate", type=float, default=1e-4)
parser.add_argument("--begin", help="go on from these weights (.pt, or .bin as deployed), the head too, instead of the package's")
parser.add_argument("--share", type=float, default=1, help="of the texts that are not ours so many are learned from")
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
torch.set_num_threads(2)
torch.manual_seed(args.seed)
rng = np.random.default_rng(args.seed)
BATCH = 48
OWN = 1.5  # our own texts, subtle as they are, count for more here than with the classifier
PROBES = 6  # passes of the head alone
PIECES_RATE = 0.1  # of the vectors of pieces, as a share of the encoder's
KEPT = 0.999  # of the running mean, a step
SURE = -4.5  # logits of honest texts below it are left away, but for one in seven

# Where the processor does not multiply them itself, they are slower than floats.
CPU = "/proc/cpuinfo"
HALVES = os.path.exists(CPU) and any(flag in open(CPU).read() for flag in ("avx512_bf16", "amx_bf16"))

rows = [json.loads(line) for line in open(args.rows)]
tokenizer = make_tokenizer(args.package)


def encode(texts):
    return [np.array(e.ids[:PIECES], np.int64) for e in tokenizer.encode_batch(texts, add_special_tokens=False)]


examples = []
for row in rows:
    if row["heldOut"] or row["weight"] <= 0:
        continue
    if not row["source"].startswith("own_") and args.share < 1 and rng.random() >= args.share:
        continue
    row["weight"] *= OWN if row["source"].startswith("own_") else 1
    if row["attack"]:
        examples.append((row["stretches"][0], 1.0, row["weight"]))
    elif row["logit"] > SURE or rng.random() < 0.15:
        examples += [(text, 0.0, row["weight"] * (1 if at == 0 else 0.5)) for at, text in enumerate(row["stretches"][:2])]
pieces = encode([text for text, _, _ in examples])
labels = np.array([label for _, label, _ in examples], np.float32)
weights = np.array([weight for _, _, weight in examples], np.float32)
keep = np.array([len(p) > 0 for p in pieces])
order = np.nonzero(keep)[0]
print(len(order), "examples", sum(len(pieces[i]) for i in order), "pieces", labels[order].mean(), "attacks", flush=True)


def batch(items):
    length = max(len(item) for item in items)
    ids = np.zeros((len(items), length), np.int64)
    for at, item in enumerate(items):
        ids[at, : len(item)] = item
    lengths = torch.tensor([len(item) for item in items])
    return torch.tensor(ids), torch.arange(length)[None] < lengths[:, None]


judge = Judge(read_tensors(args.package))


def loss_of(logits, chosen):
    weight = torch.tensor(weights[chosen])
    target = torch.tensor(labels[chosen]) * 0.97 + 0.015
    loss = F.binary_cross_entropy_with_logits(logits.float(), target, reduction="none") * weight
    return loss.sum() / weight.sum().clamp(min=1e-6)


def probe():
    """Trains the head alone."""
    judge.eval()
    by_length = sorted(order, key=lambda i: len(pieces[i]))
    means = torch.zeros(len(pieces), 512)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=HALVES):
        for at in range(0, len(by_length), 64):
            chosen = by_length[at : at + 64]
            means[chosen] = judge.u(*batch([pieces[i] for i in chosen])).float()
    judge.h.train()
    learner = torch.optim.AdamW(judge.h.parameters(), lr=1e-3, weight_decay=0.01)
    for _ in range(PROBES):
        rng.shuffle(order)
        for at in range(0, len(order), 256):
            chosen = order[at : at + 256]
            loss = loss_of(judge.h(means[chosen])[:, 0], chosen)
            learner.zero_grad()
            loss.backward()
            learner.step()


if args.begin is None:
    probe()
else:
    packed = args.begin.endswith(".bin")
    vocabulary = f"{args.package}/vocab.json"
    judge.load_state_dict(unpack(args.begin, vocabulary, judge.state_dict()) if packed else torch.load(args.begin))
others = [value for name, value in judge.u.named_parameters() if name != "emb"]
optimizer = torch.optim.AdamW(
    [
        {"params": [judge.u.emb], "lr": args.rate * PIECES_RATE},
        {"params": others, "lr": args.rate},
        {"params": judge.h.parameters(), "lr": args.rate * 3},
    ],
    weight_decay=0.01,
    fused=True,
)
steps = args.epochs * (len(order) // BATCH)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1, (s + 1) / 200) * max(0.02, 1 - s / steps))
started = time.time()
kept = {name: value.detach().clone() for name, value in judge.named_parameters()}
done = 0
judge.train()
for epoch in range(args.epochs):
    rng.shuffle(order)
    losses = []
    for from_ in range(0, len(order), BATCH * 32):
        chunk = sorted(order[from_ : from_ + BATCH * 32], key=lambda i: len(pieces[i]))
        batches = [chunk[at : at + BATCH] for at in range(0, len(chunk), BATCH)]
        for at in rng.permutation(len(batches)):
            chosen = batches[at]
            ids, mask = batch([pieces[i] for i in chosen])
            ids = torch.where((torch.rand(ids.shape) < 0.06) & mask, torch.zeros_like(ids), ids)
            with torch.autocast("cpu", torch.bfloat16, enabled=HALVES):
                logits = judge(ids, mask)
            loss = loss_of(logits, chosen)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(judge.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            done += 1
            share = min(KEPT, done / (done + 200))
            with torch.no_grad():
                for name, value in judge.named_parameters():
                    kept[name].mul_(share).add_(value, alpha=1 - share)
            losses.append(loss.item())
        print(epoch, from_, f"{np.mean(losses[-320:]):.4f} {time.time() - started:.0f} s", flush=True)
with torch.no_grad():
    for name, value in judge.named_parameters():
        value.copy_(kept[name])
torch.save(judge.state_dict(), f"{args.out}.pt")

judge.eval()
held = [(at, text) for at, row in enumerate(rows) if row["heldOut"] for text in row["stretches"][:2]]
found = encode([text for _, text in held])
by_length = sorted((i for i in range(len(held)) if len(found[i]) > 0), key=lambda i: len(found[i]))
scores = {}
with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=HALVES):
    for from_ in range(0, len(by_length), 64):
        chosen = by_length[from_ : from_ + 64]
        for i, logit in zip(chosen, judge(*batch([found[i] for i in chosen])).tolist()):
            unknown = float((found[i] == 0).mean())
            scores.setdefault(held[i][0], []).append([round(logit, 4), round(unknown, 3)])
with open(f"{args.out}.jsonl", "w") as out:
    for at, row in enumerate(rows):
        if row["heldOut"]:
            out.write(json.dumps({**row, "encoder": scores.get(at, []), "stretches": None}) + "\n")
