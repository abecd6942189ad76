"""`rulec schema`: the JSON Schema of rule files, for editors."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", metavar="FILE", help="write it there instead of printing it")


def run(options: argparse.Namespace) -> int:
    from rulec.syntax.schema import schema_text

    text = schema_text()
    if options.output is None:
        sys.stdout.write(text)
    else:
        Path(options.output).write_text(text, encoding="utf-8", newline="\n")
    return 0
