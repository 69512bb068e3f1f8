"""`python average.py OUT STATE...`: the mean of the weights of several trainings (train.py) of the same rows. In: torch states. Out: one.

All must have begun with one head, as train.py sees to: a mean of heads whose units differ says nothing, and is refused."""

import sys

import torch
import torch.nn.functional as F

ALIKE = 0.7  # mean cosine of the heads' units: 0.95 where they began alike, 0.1 to 0.5 where not

if len(sys.argv) < 4:
    sys.exit(__doc__)
out, *paths = sys.argv[1:]
states = [torch.load(path, map_location="cpu") for path in paths]
heads = [state["h.1.weight"].float() for state in states]
for path, head in zip(paths, heads):
    alike = F.cosine_similarity(heads[0], head).mean().item()
    if alike < ALIKE:
        sys.exit(f"{path}: its head did not begin as that of {paths[0]} (cosine {alike:.2f}): average trainings of the same rows")
torch.save({name: sum(state[name] for state in states) / len(states) for name in states[0]}, out)
