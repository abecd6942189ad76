"""Bugs for functions: each is a function's code with one operator, number, truth or order changed."""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType, ModuleType

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


def functions(module: ModuleType) -> Iterator[FunctionType]:
    """The functions and methods that a module defines."""
    for one in vars(module).values():
        if isinstance(one, FunctionType) and one.__module__ == module.__name__:
            yield one
        elif isinstance(one, type) and one.__module__ == module.__name__:
            for method in vars(one).values():
                if isinstance(method, FunctionType) and method.__code__.co_filename == module.__file__:
                    yield method


def mutants(function: FunctionType) -> Iterator[tuple[str, CodeType]]:
    """Each changed code of a function, with the place and the kind of the change."""
    text = textwrap.dedent(inspect.getsource(function))
    tree = ast.parse(text)
    for number, node in enumerate(ast.walk(tree)):
        for kind, change in _changes(node):
            changed = copy.deepcopy(tree)
            change(next(one for at, one in enumerate(ast.walk(changed)) if at == number))
            module = compile(ast.fix_missing_locations(changed), function.__code__.co_filename, "exec", dont_inherit=True)
            code = next(one for one in module.co_consts if isinstance(one, CodeType))
            if code.co_freevars == function.__code__.co_freevars:
                yield f"{function.__qualname__}:{getattr(node, 'lineno', 0)} {kind}", code


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
        yield "comparison", lambda one: one.ops.__setitem__(0, _COMPARISONS[type(one.ops[0])]())  # type: ignore[attr-defined]
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield "and/or", lambda one: setattr(one, "op", other())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not", lambda one: setattr(one, "operand", ast.UnaryOp(ast.Not(), one.operand))  # type: ignore[attr-defined]
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        yield "operator", lambda one: setattr(one, "op", _OPERATORS[type(one.op)]())  # type: ignore[attr-defined]
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield "truth", lambda one: setattr(one, "value", not one.value)  # type: ignore[attr-defined]
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield "number", lambda one: setattr(one, "value", one.value + 1)  # type: ignore[attr-defined]
    elif isinstance(node, (ast.GeneratorExp, ast.ListComp, ast.DictComp, ast.SetComp)) and node.generators[0].ifs:
        yield "filter", lambda one: setattr(one.generators[0], "ifs", [])  # type: ignore[attr-defined]


@contextmanager
def planted(function: FunctionType, code: CodeType) -> Iterator[None]:
    before = function.__code__
    function.__code__ = code
    try:
        yield
    finally:
        function.__code__ = before
