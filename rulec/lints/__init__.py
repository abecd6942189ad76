"""Advice on rules that are valid: what no request reaches, what contradicts, what breaks while requests fly.

One module of a sub-room is one lint: its file name is the name that is printed, its docstring the page (`lint`), `LEVEL` how
grave it is, and `check(context)` yields what it finds. `context` answers the questions that lints share, each once.
"""
