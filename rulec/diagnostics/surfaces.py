"""Help in the words of the file it speaks of: what is told in YAML is told in the DSL where the rule is written so."""

from __future__ import annotations

import re

DSL_SUFFIX = ".rules"
_IN_THE_DSL = (
    ("`substitute: true`", "`with substitute`"),
    ("`pass: true`", "`pass`"),
    ('`refuse: "text"`', '`refuse "text"`'),
    ("name a `provider`, a `model`,", "name a provider, a model in quotes,"),
    ("`fallback: none`", "`then nothing`"),
    ("`default: {provider: ollama}`", "`default -> ollama`"),
    ("`default: pass`", "`default -> pass`"),
    ("`routing_strategy: weighted`", "`weighted(…)`"),
    ("`routing_strategy: …`", "`capability name -> round_robin(…)`"),
    (
        "give one of the two a `name:`",
        "give one of the two a name of its own, before a colon: `pattern coder: /…/ -> …`",
    ),
    ("`models:`", "a statement `model`"),
    ("`{latency: 0.4}`", "`{ latency 0.4 }`"),
    ("`litellm:`", "`litellm { … }`"),
    ("`version: 1`", "`version 1`"),
    ("`on_error: context_window`", "`then … on context_window`"),
    ("`on_error: content_policy`", "`then … on content_policy`"),
    ("an exact rule with `model:`", 'an exact rule to another model: `exact "alias" -> "model"`'),
    ("`served_by`", "`served by`"),
)


def in_the_words_of(path: str, help: str) -> str:
    """A help line as somebody needs it who writes the file at this path."""
    if path.endswith(DSL_SUFFIX):
        for yaml, dsl in _IN_THE_DSL:
            help = help.replace(yaml, dsl)
        help = re.sub(r"`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`", r'`env("\1")`', help)
    return help
