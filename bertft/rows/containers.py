"""What a cell really holds: a list or an object may stand in a string, as JSON, Python or NumPy print it."""

from __future__ import annotations

import ast
import json
import re
import warnings

_NUMBER = r"[+-]?(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+"
_ITEM = rf"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+"|{_NUMBER}|True|False"""
_PRINTED_ITEM = re.compile(_ITEM, re.DOTALL)
_PRINTED_LIST = re.compile(rf"\s*+\[\s*+(?:{_ITEM})(?:[\s,]*+(?:{_ITEM}))*+[\s,]*+\]\s*+", re.DOTALL)
"""As Python prints it, or NumPy, with spaces alone between: ['EU' 'rejects'] or [0. 0. 3.]. To Python that is one string."""
_WITH_COMMAS = re.compile(rf"\s*+\[\s*+(?:{_ITEM})(?:\s*+,\s*+(?:{_ITEM}))*+[\s,]*+\]\s*+", re.DOTALL)
_CALLS = {"array", "set", "frozenset", "list", "tuple", "dict", "OrderedDict", "Counter"}
_OPENS = re.compile(r"\s*+(?:[\[({]|(?:np\.|numpy\.)?(?:array|set|frozenset|OrderedDict|Counter)\()")
_CLOSES = ("]", ")", "}")
LONGEST_PRINT = 1_000_000
"""Characters of a Python print that is taken apart: its syntax tree needs a hundred times as much."""

NO_PRINT = object()


def opened(cell: object) -> object:
    """A list, tuple, set or object, be it in a string, as a list or a dict; anything else as it is."""
    found = cell if not isinstance(cell, str) else _in_string(cell)
    if isinstance(found, set | frozenset):
        return sorted(found, key=repr)
    return list(found) if isinstance(found, tuple) else found


def _in_string(text: str) -> object:
    if not _OPENS.match(text) or not text.rstrip().endswith(_CLOSES):
        return text
    try:
        return _container(json.loads(text), text)
    except (ValueError, RecursionError):
        pass
    at_once = len(text) <= LONGEST_PRINT and _WITH_COMMAS.fullmatch(text)
    if not at_once and _PRINTED_LIST.fullmatch(text):
        items = [_python(item) for item in _PRINTED_ITEM.findall(text)]
        return text if any(item is NO_PRINT for item in items) else items
    found = _python(text) if len(text) <= LONGEST_PRINT else NO_PRINT
    return text if found is NO_PRINT else _container(found, text)


def _container(found: object, text: str) -> object:
    """`(1)` and `(a)` are text."""
    return found if isinstance(found, list | tuple | dict | set | frozenset) else text


def _python(text: str) -> object:
    """What Python would print so; NO_PRINT for anything else, such as a path with backslashes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of `(1or 2)` and the like
            return ast.literal_eval(_Bare().visit(ast.parse(text.strip(), mode="eval")))
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return NO_PRINT


class _Bare(ast.NodeTransformer):
    """array([17], dtype=int32) -> [17], np.str_('a') -> 'a', frozenset({'a'}) -> {'a'}, nan -> None"""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        known = isinstance(node.func, ast.Attribute) or (isinstance(node.func, ast.Name) and node.func.id in _CALLS)
        return self.visit(node.args[0]) if known and node.args else node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Constant(None) if node.id in ("nan", "NaN") else node
