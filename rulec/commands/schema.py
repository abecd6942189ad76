"""`rulec schema`: the JSON Schema of rule files, for editors."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", metavar="FILE", help="write it there instead of printing it")
    parser.add_argument(
        "--completion", action="store_true", help="the words of conditions and of the DSL instead, as JSON for editors"
    )


def run(options: argparse.Namespace) -> int:
    text = completion_text() if options.completion else rules_schema()
    if options.output is None:
        sys.stdout.write(text)
    else:
        Path(options.output).write_text(text, encoding="utf-8", newline="\n")
    return 0


def rules_schema() -> str:
    from rulec.syntax.schema import schema_text

    return schema_text()


def completion_text() -> str:
    import json

    from rulec.syntax.completion import completion_data

    return json.dumps(completion_data(), indent=2, ensure_ascii=False) + "\n"
