"""`python average.py OUT STATE...`: the mean of the weights of several trainings (train.py), all of the same rows and head. In: torch states. Out: one."""

import sys

import torch

if len(sys.argv) < 4:
    sys.exit(__doc__)
states = [torch.load(path, map_location="cpu") for path in sys.argv[2:]]
torch.save({name: sum(state[name] for state in states) / len(states) for name in states[0]}, sys.argv[1])
