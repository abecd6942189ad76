"""`rulec lint`: what is wrong with rules that are valid."""

from __future__ import annotations

import argparse

from rulec.commands.output import (
    add_cache_option,
    add_format_option,
    add_rules_argument,
    print_diagnostics,
    rules_folder,
)


def configure(parser: argparse.ArgumentParser) -> None:
    add_rules_argument(parser)
    add_cache_option(parser)
    add_format_option(parser, help="how findings are printed")


def run(options: argparse.Namespace) -> int:
    from rulec.commands.loading import load_tree
    from rulec.lints.lint import lints
    from rulec.lints.run import lint

    folder = rules_folder(options)
    tree = load_tree(folder, options.format, not options.no_cache)
    if tree is None:
        return 2
    found = lint(tree.policy)
    print_diagnostics(found, options.format, folder, [one.page for one in lints()])
    return 1 if any(one.severity != "info" for one in found) else 0
