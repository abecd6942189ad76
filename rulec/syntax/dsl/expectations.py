"""What is said of broken statements: what was expected, what was probably meant, and examples of each statement."""

from __future__ import annotations

import re

from rulec.records import record
from rulec.syntax.dsl.parser import END

EXPECTED = (
    (("PASS", "REFUSE"), 'a target (a provider, a model in quotes, `pass` or `refuse "text"`)'),
    (("NOT", "FIELD"), "a condition"),
    (("MATCHES", "TEXT_OPERATOR"), "an operator, such as `==`, `in` or `matches`"),
    (
        ("THEN", "USING", "VIA"),
        "`via`, `then`, `using`, a block `{ … }`, or the next statement at the start of a line",
    ),
    (("THEN", "USING"), "`then`, `using`, a block `{ … }`, or the next statement at the start of a line"),
    (("THEN", "MAP_OPENING"), "`then`, a block `{ … }`, or the next statement at the start of a line"),
    (("THEN",), "`then`"),
    (("ON", "WHEN"), "`on`, `when`, `then`, or the next statement at the start of a line"),
    (("NOTHING", "PROVIDER"), "the hop: a provider, a model in quotes, or `nothing`"),
    (("PROVIDER", "STRING"), "a provider, or a model in quotes"),
    (("PROVIDER", "WORD"), "a provider"),
    (("REGEX", "SIZE", "WORD"), "a value"),
    (("REGEX", "STRING"), "a pattern, such as `/^llama/`"),
    (("COMPARISON", "SIZE"), "a size tier, such as `< 8B` or `8B - 13B`"),
    (("MAP_CLOSING", "WORD"), "a key, or `}`"),
    (("SUBSTITUTE",), "`with substitute`"),
    (("WARM",), "`prefer warm`"),
    (("BY",), "`by`"),
    (("BELOW", "ELSE"), "`below` and the threshold, or `else` and the model for complex requests"),
    (("BELOW",), "`below` and the threshold"),
    (("ELSE",), "`else` and the model for complex requests"),
    (("CHAIN",), "`chain` and its name"),
    (("COLON", "ARROW"), "`->` and where it goes"),
    (("ARROW",), "`->` and where it goes"),
    (("COLON",), "`:` and the condition"),
    (("MAP_OPENING", END), "a block `{ … }`, or the next statement at the start of a line"),
    (("MAP_OPENING",), "a block `{ … }`"),
    (("COMMA", "CLOSING"), "`,` or `)`"),
    (("CLOSING",), "`)`"),
    (("NUMBER", "SIZE"), "a size"),
    (("COMMA", "LIST_CLOSING"), "`,` or `]`"),
    (("LIST_CLOSING",), "`]`"),
    (("STRING", "WORD"), "a name"),
    (("STRING",), "a text in quotes"),
    (("NUMBER",), "a number"),
    (("WORD",), "a word"),
)
"""What is said where these terminals of the grammar are possible; the first line whose terminals all are."""

EXAMPLES = {
    "version": "version 1",
    "request": "request {{ capability_header X-Capability }}",
    "provider": 'provider {provider} {{ litellm "{provider}/{{model}}" }}',
    "model": 'model "{model}" {{ served by {provider} }}',
    "when": 'when {name}: header.x-priority == "high" -> {provider}',
    "exact": 'exact "{model}" -> {provider}, then {other}',
    "virtual": 'virtual "{own}" -> "{model}" below 50 else "{second}"',
    "redundant": 'redundant "{model}" -> weighted({provider} 70%, {other} 30%)',
    "pattern": "pattern /^llama/ -> {provider}, then {other}",
    "capability": 'capability {name} -> round_robin("{model}", "{second}") via {provider}',
    "size": "size 8B - 13B -> {provider}, then {other}",
    "default": "default -> {provider}, then {other}",
    "chain": "chain {name} -> {provider}, then {other} on timeout or rate_limit",
    "strategy": "strategy usage_based {{ weight_factors {{ latency 0.5  cost 0.5 }} }}",
    "signal": 'signal {name} {{ kind utilization  url "https://metrics.example/gpu" }}',
    "defaults": "defaults {{ temperature 0.7 }}",
    "complexity": "complexity {{ weights {{ length 10 }} }}",
    "litellm": "litellm {{ router_settings {{ timeout 30 }} }}",
}

_ONE_FALLBACK = "a rule has one fallback: hops, or `then nothing`, or `using chain` and its name"
ADVICE = (
    ("using", "MAP_OPENING", _ONE_FALLBACK),
    ("then", "MAP_OPENING", _ONE_FALLBACK),
    (",", "MAP_OPENING", _ONE_FALLBACK),
    (":", "REGEX", "keys and values stand side by side, without `:`"),
    ("$", "ENV", 'a reference is `env("NAME")`, or `env("NAME", "default")`'),
    ("(", "MAP_CLOSING", 'a reference is `env("NAME")`, or `env("NAME", "default")`'),
    ("^", "REGEX", "a pattern stands between slashes: `/^gpt-/`"),
    ("=", "REGEX", "keys and values stand side by side, without `=`"),
    ("on", "THEN", "`on` says what a hop takes: `then {other} on timeout`"),
    ("when", "THEN", "`when` stands before a hop's condition: `then {other} when stream`"),
    ("if", "THEN", "write `when`: `then {other} when stream`"),
    ("and", "THEN", "candidates are joined with `or`; what is tried after a failure begins with `then`"),
    ("|", "THEN", "candidates are joined with `or`; what is tried after a failure begins with `then`"),
    ("||", "THEN", "candidates are joined with `or`; what is tried after a failure begins with `then`"),
    ("fallback", "THEN", "what is tried after a failure begins with `then`: `then {other}`"),
)
"""What to say where this stands in place of this terminal."""


@record(eq=False)
class Names:
    """What the text declares, for examples that its author recognises."""

    providers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    chains: tuple[str, ...] = ()


def names_in(text: str) -> Names:
    """The names that a text seems to declare; it may be broken."""

    def named(keyword: str) -> tuple[str, ...]:
        found = re.findall(rf"""^{keyword}[ \t]+("[^"\n]+"|'[^'\n]+'|[A-Za-z_][\w.-]*(?=\s))""", text, re.MULTILINE)
        return tuple(one.strip("\"'") for one in found)

    return Names(named("provider"), named("model") + named("exact"), named("chain"))
