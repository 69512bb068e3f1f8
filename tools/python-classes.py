"""Lists the classes of installed Python packages that a pickle may fill without running code of theirs.

    python3 tools/python-classes.py sklearn scipy pandas torch.nn torch.optim ... > classes.json

Reads sources with `ast`, imports nothing. A class is listed when neither it nor a base has a method that unpickling
calls (`__new__`, `__setstate__`, `__del__`, `__setattr__`, `__getattr__`, `__getattribute__`), unless the method was
read and found to store its arguments only (REVIEWED below). Those that are left out go to stderr with the reason.
Out: {"module": "Class Class ..."} by package, as `packages/control/supply/scan/pickle/rules/classes/` keeps them.
"""

import ast
import importlib.util
import json
import os
import sys

HOOKS = {"__new__", "__setstate__", "__del__", "__setattr__", "__getattr__", "__getattribute__", "__init_subclass__"}
HOOKS -= {"__init_subclass__"}

# Bases that are not among the sources: they run nothing when an instance is made without `__init__` and filled.
PLAIN = set(
    "object ABC Exception ValueError AttributeError RuntimeError UserWarning Warning TypeError KeyError IndexError "
    "dict list tuple set float int str Generic Protocol Mapping MutableMapping Sequence MutableSequence Set "
    "Iterable Iterator Callable Enum IntEnum NamedTuple OrderedDict UserDict UserList defaultdict Counter "
    "RuntimeWarning SyntaxError AssertionError TypedDict ArithmeticError NotImplementedError LookupError DeprecationWarning FutureWarning ImportError OSError "
    "Hashable Sized Collection IntFlag Flag UserString type property Container Counter deque StrEnum BaseException".split()
)

# module prefix:Class.method, read by a person: stores what it is given, or calls only what is listed here.
REVIEWED = set(line.strip() for line in """
sklearn.base:BaseEstimator.__setstate__
torch.nn.modules.module:Module.__setstate__
torch.nn.modules.module:Module.__setattr__
torch.nn.modules.module:Module.__getattr__
torch.nn.modules.rnn:RNNBase.__setstate__
torch.nn.modules.rnn:RNNBase.__setattr__
torch.nn.modules.activation:MultiheadAttention.__setstate__
torch.nn.modules.transformer:TransformerEncoderLayer.__setstate__
torch.nn.modules.transformer:TransformerDecoderLayer.__setstate__
torch.nn.modules.batchnorm:BatchNorm.__setstate__
torch.nn.modules.conv:_ConvNd.__setstate__
torch.nn.modules.upsampling:Upsample.__setstate__
torch.nn.modules.distance:PairwiseDistance.__setstate__
torch.nn.modules.pixelshuffle:PixelShuffle.__setstate__
torch.optim.optimizer:Optimizer.__setstate__
torch.optim.adam:Adam.__setstate__
torch.optim.sgd:SGD.__setstate__
torch.optim.adamw:AdamW.__setstate__
torch.optim.adagrad:Adagrad.__setstate__
torch.optim.adadelta:Adadelta.__setstate__
torch.optim.adamax:Adamax.__setstate__
torch.optim.asgd:ASGD.__setstate__
torch.optim.nadam:NAdam.__setstate__
torch.optim.radam:RAdam.__setstate__
torch.optim.rmsprop:RMSprop.__setstate__
torch.optim.rprop:Rprop.__setstate__
sklearn.utils:Bunch.__setattr__
sklearn.utils:Bunch.__getattr__
sklearn.utils:Bunch.__setstate__
sklearn.utils._bunch:Bunch.__setattr__
sklearn.utils._bunch:Bunch.__getattr__
sklearn.utils._bunch:Bunch.__setstate__
sklearn.isotonic:IsotonicRegression.__setstate__
sklearn.gaussian_process.kernels:Hyperparameter.__new__
scipy.sparse._base:spmatrix.__getattr__
scipy.sparse._base:_spbase.__getattr__
pandas.core.generic:NDFrame.__setstate__
pandas.core.generic:NDFrame.__getattr__
pandas.core.generic:NDFrame.__setattr__
statsmodels.base.wrapper:ResultsWrapper.__getattribute__
statsmodels.base.wrapper:ResultsWrapper.__setstate__
torch.nn.modules.batchnorm:_NormBase.__setstate__
torch.ao.nn.quantized.modules.linear:Linear.__setstate__
scipy._lib._util:_RichResult.__getattr__
scipy.optimize._optimize:OptimizeResult.__getattr__
ultralytics.utils:SimpleClass.__getattr__
ultralytics.utils:IterableSimpleNamespace.__getattr__
ultralytics.engine.model:Model.__getattr__
""".split() if line.strip())


class Source:
    def __init__(self, module, tree, is_package):
        self.module, self.is_package = module, is_package
        self.classes = {}
        self.imports = {}
        self.stars = []
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    parts = module.split(".")
                    parts = parts if is_package else parts[:-1]
                    parts = parts[: len(parts) - (node.level - 1)]
                    base = ".".join(parts + ([node.module] if node.module else []))
                for alias in node.names:
                    if alias.name == "*":
                        self.stars.append(base)
                    else:
                        self.imports[alias.asname or alias.name] = (base, alias.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    self.imports[alias.asname or alias.name.split(".")[0]] = (alias.name, None)
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                self.classes[node.name] = node
            elif isinstance(node, (ast.If, ast.Try)):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.ClassDef):
                        self.classes.setdefault(inner.name, inner)


def sources(package, root=None):
    path = root or os.path.dirname(importlib.util.find_spec(package.split(".")[0]).origin)
    top = package.split(".")[0]
    for folder, folders, files in os.walk(path):
        folders[:] = [f for f in folders if f not in ("tests", "test", "testing", "_testing", "__pycache__", "benchmarks")]
        for name in files:
            if not name.endswith(".py") or name.startswith(("test_", "conftest")):
                continue
            full = os.path.join(folder, name)
            relative = os.path.relpath(full, path)[:-3].replace(os.sep, ".")
            module = top if relative == "__init__" else top + "." + relative.removesuffix(".__init__")
            try:
                tree = ast.parse(open(full, encoding="utf-8").read())
            except (SyntaxError, UnicodeDecodeError):
                continue
            yield Source(module, tree, name == "__init__.py")


def base_name(node):
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = base_name(node.value)
        return None if inner is None else inner + "." + node.attr
    if isinstance(node, ast.Subscript):
        return base_name(node.value)
    return None


def main(arguments):
    roots = dict(a.split("=", 1) for a in arguments if "=" in a)
    wanted = [a for a in arguments if "=" not in a] + [name for name in roots]
    known = {}
    for top in sorted({w.split(".")[0] for w in wanted}):
        for source in sources(top, roots.get(top)):
            known[source.module] = source

    def find(source, name, depth=0):
        """(source, class) that a name means there."""
        if source is None or depth > 12:
            return None
        head, _, rest = name.partition(".")
        if not rest and head in source.classes:
            return source, source.classes[head]
        if head in source.imports:
            module, attribute = source.imports[head]
            if not rest and attribute:
                return find(known.get(module), attribute, depth + 1)
            target = (module if attribute is None else module + "." + attribute).split(".")
            parts = (target if attribute else target[:1] if "." in module and head == target[0] else target) + rest.split(".")
            for length in range(len(parts) - 1, 0, -1):
                inner = known.get(".".join(parts[:length]))
                if inner is not None:
                    return find(inner, ".".join(parts[length:]), depth + 1)
            return None
        if not rest:
            for module in source.stars:
                found = find(known.get(module), head, depth + 1)
                if found is not None:
                    return found
        return None

    verdicts = {}

    def why_not(source, node, trail=()):
        """None when the class is fine, else the reason."""
        key = source.module + ":" + node.name
        if key in verdicts:
            return verdicts[key]
        if key in trail:
            return "a ring of bases"
        reason = None
        for item in node.body:
            names = [item.name] if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
            if isinstance(item, ast.Assign):
                names = [t.id for t in item.targets if isinstance(t, ast.Name)]
            for name in names:
                if name in HOOKS and key + "." + name not in REVIEWED:
                    reason = reason or "%s.%s" % (key, name)
        for keyword in node.keywords:
            if keyword.arg == "metaclass" and base_name(keyword.value) not in ("ABCMeta", "abc.ABCMeta", "EnumMeta", "type", "ModuleType"):
                reason = reason or "metaclass of " + key
        for base in node.bases:
            name = base_name(base)
            if name is None:
                reason = reason or "a computed base of " + key
            elif name.split(".")[-1] in PLAIN and find(source, name) is None:
                continue
            else:
                found = find(source, name)
                if found is None:
                    reason = reason or "unknown base %s of %s" % (name, key)
                else:
                    reason = reason or why_not(*found, trail + (key,))
        verdicts[key] = reason
        return reason

    result, left = {}, {}
    for module in sorted(known):
        if not any(module == w or module.startswith(w + ".") for w in wanted):
            continue
        source = known[module]
        names = []
        for name, node in sorted(source.classes.items()):
            reason = why_not(source, node)
            if reason is None:
                names.append(name)
            else:
                left.setdefault(reason, []).append(module + ":" + name)
        if names:
            result[module] = " ".join(names)
    json.dump(result, sys.stdout, indent=0, sort_keys=True)
    sys.stdout.write("\n")
    for reason, names in sorted(left.items(), key=lambda item: -len(item[1])):
        sys.stderr.write("%5d left out: %s: %s\n" % (len(names), reason, " ".join(names[:6])))


main(sys.argv[1:])
