"""`python judge.py ROWS PACKAGE STATE OUT`: what an encoder says of texts that it did not see. In: the rows that rows.ts wrote, the npm
package's folder and a torch state. Out: JSON Lines, the held-out rows with the logits of their two worst stretches (weigh.py reads them)."""

import json
import sys

import torch
from encoder import DEVICE, Judge, batch, encode, halves, make_tokenizer, read_tensors

if len(sys.argv) != 5:
    sys.exit(__doc__)
rows_path, package, state_path, out_path = sys.argv[1:]
rows = [row for row in map(json.loads, open(rows_path)) if row["heldOut"]]
judge = Judge(read_tensors(package)).to(DEVICE)
judge.load_state_dict(torch.load(state_path, map_location=DEVICE))
judge.eval()
held = [(at, text) for at, row in enumerate(rows) for text in row["stretches"][:2]]
found = encode(make_tokenizer(package), [text for _, text in held])
by_length = sorted((i for i in range(len(held)) if len(found[i]) > 0), key=lambda i: len(found[i]))
scores = {}
with torch.inference_mode(), halves():
    for from_ in range(0, len(by_length), 64):
        chosen = by_length[from_ : from_ + 64]
        logits, _ = judge(*batch([found[i] for i in chosen]))
        for i, logit in zip(chosen, logits.tolist()):
            unknown = float((found[i] == 0).mean())
            scores[i] = [round(logit, 4), round(unknown, 3)]
said = [[] for _ in rows]
for i, (at, _) in enumerate(held):
    if i in scores:
        said[at].append(scores[i])
with open(out_path, "w") as out:
    for row, encoder in zip(rows, said):
        out.write(json.dumps({**row, "encoder": encoder, "stretches": None}) + "\n")
