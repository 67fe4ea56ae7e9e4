"""Refuses every way by which a float could enter the oracle: names the file and line.

No float or complex literal, no `/` (a quotient is Fraction(a, b) or `//`), no `**` (1 << n or pow2(n)),
no float, round or pow, and no module but those listed, and of time the clock that counts nanoseconds.
"""

import ast

MODULES = {"base64", "fractions", "hashlib", "itertools", "json", "re", "sys", "pathlib", "ast", "unicodedata"}
PARTS = {"time": {"monotonic_ns"}}
PLAIN = (int, str, bytes, type(None), type(...))  # bool is an int
NAMES = {"float", "complex", "round", "pow", "eval", "exec", "__import__"}


def offences(path, own):
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        bad = None
        if isinstance(node, ast.Constant) and not isinstance(node.value, PLAIN):
            bad = "a float literal"
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
            bad = "/"
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Pow):
            bad = "**"
        elif isinstance(node, ast.Name) and node.id in NAMES:
            bad = node.id
        elif isinstance(node, ast.Import):
            bad = next((name.name for name in node.names if name.name not in MODULES | own), None)
        elif isinstance(node, ast.ImportFrom):
            known = node.module in MODULES | own or {name.name for name in node.names} <= PARTS.get(node.module, set())
            bad = None if known else node.module
        if bad is not None:
            found.append(f"{path.name}:{node.lineno}: {bad}")
    return found


def check(folder, exempt):
    paths = [path for path in sorted(folder.glob("*.py")) if path.name not in exempt]
    own = {path.stem for path in paths}
    return [offence for path in paths for offence in offences(path, own)]
