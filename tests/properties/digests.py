"""Prints what each rule set of a folder compiles to, as digests; run in processes of their own by test_determinism."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from three_ways import compiled

for number in range(int(sys.argv[2])):
    compilation = compiled(Path(sys.argv[1], f"{number}.yaml").read_text(encoding="utf-8"), emit=True)
    for artifact in compilation.artifacts:
        print(number, artifact.path, hashlib.sha256(artifact.text.encode()).hexdigest())
    for finding in compilation.diagnostics:
        print(number, finding.code, finding.message)
