"""What is wrong with a broken statement, at the narrowest place, with an example in the user's own names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rulec.diagnostics import Diagnostic, Rejected, did_you_mean
from rulec.source import Source, Span
from rulec.syntax.condition_parser import parse_condition
from rulec.syntax.dsl.expectations import ADVICE, EXAMPLES, EXPECTED, Names
from rulec.syntax.dsl.parser import END, Unexpected
from rulec.syntax.dsl.scalars import condition_text
from rulec.syntax.dsl.tables import KEYWORDS
from rulec.syntax.fields import ERROR_KINDS, STRATEGIES, STRATEGY_SYNONYMS

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n\f]+|\#[^\n]*)
      | (?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|/(?:\\.|[^/\\\n])+/)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:[.-][A-Za-z0-9_]+)*)
      | (?P<number>[0-9][A-Za-z0-9_.]*%?)
      | (?P<mark>->|[<>=!]=|.)""",
    re.VERBOSE | re.DOTALL,
)
_AROUND_NAMES = " \t\r\n\f,(){}[]\"'#"
_NAME = re.compile(r"[^\W_](?:[\w.:/@+-]*[\w+])?")
_PLAIN = re.compile(r"[A-Za-z_]\w*(?:[.-]\w+)*|[0-9.:-]+%?|[0-9.]+[A-Za-z]|[0-9.]+[bBmM]-[0-9.]+[bBmM]", re.ASCII)
"""What needs no quotes: words, and what is a number, time, date, size or tier rather than a name."""
_OPENING = {"{": "}", "(": ")", "[": "]"}
_NAMES = {"signal": "gpu", "capability": "code", "chain": "default"}
"""Names for examples, where the statement has none yet."""
_ARROWS = frozenset(("=>", "=", "→", "-", ">", "==", ":=", ">="))


class Mistake:
    """A piece of text that is no statement, and where the parser gave it up.

    `at` is the offset in the piece at which nothing fits any more, `accepted` the terminals that would have.
    """

    def __init__(self, source: Source, start: int, piece: str, error: Unexpected, names: Names) -> None:
        self.source = source
        self.start = start
        self.piece = piece
        self.names = names
        self.token = error.token
        self.accepted = error.accepted()
        self.at = error.token.start - start

    def span(self, start: int, end: int) -> Span:
        start = min(start, max(len(self.piece) - 1, 0))
        return Span(self.source, self.start + start, self.start + max(end, start + 1))

    @property
    def keyword(self) -> str:
        found = re.match(r"[A-Za-z_][\w-]*", self.piece)
        return found.group() if found else ""

    @property
    def found(self) -> str:
        """What stands at the mistake: a text, word or mark; empty at the end."""
        for kind, text, start, end in tokens(self.piece):
            if end > self.at and kind != "space":
                return text if start <= self.at else self.piece[self.at : end]
        return ""

    def last_end(self) -> int:
        """Where the last thing before the mistake ends."""
        last = 0
        for kind, _, start, end in tokens(self.piece):
            if start >= self.at:
                break
            if kind != "space":
                last = end
        return last


def tokens(text: str) -> Iterator[tuple[str, str, int, int]]:
    """A rough reading of a text that may be broken: kind, text, start and end of each piece."""
    for found in _TOKEN.finditer(text):
        yield str(found.lastgroup), found.group(), found.start(), found.end()


def explain(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic:
    """The one diagnostic for a broken statement; the more a check knows, the earlier it is asked."""
    checks = (
        _no_statement,
        _indented,
        _order_of_a_hop,
        _condition,
        _comma_between_pairs,
        _text_without_quotes,
        _unquoted_name,
        _unclosed_text,
        _unclosed_bracket,
        _wrong_arrow,
        _bare_strategy,
        _word_in_place_of_a_target,
        _keyword_as_name,
    )
    for check in checks:
        found = check(mistake, keywords)
        if found is not None:
            return found
    return _unexpected(mistake, keywords)


def _error(message: str, span: Span, help: str | None) -> Diagnostic:
    return Diagnostic("dsl-syntax", "error", message, span, help)


def _no_statement(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic | None:
    keyword = mistake.keyword
    if keyword in keywords or keyword.startswith("x-") or (not keyword and mistake.piece[:1].isspace()):
        return None
    if not keyword:
        mark = mistake.found or mistake.piece[:1]
        return _error(f"`{_short(mark)}` begins no statement", mistake.span(0, 1), _statement_list(keywords))
    span = mistake.span(0, len(keyword))
    if re.match(r"[A-Za-z_-]+:(\s|$)", mistake.piece):
        return _error(
            f"`{_short(keyword)}:` begins no statement",
            span,
            "this looks like YAML: rules in YAML stand in files that end in .yaml",
        )
    near = did_you_mean(keyword, keywords)
    return _error(
        f"`{_short(keyword)}` begins no statement",
        span,
        f"did you mean `{near}`?" if near else _statement_list(keywords),
    )


def _statement_list(keywords: tuple[str, ...]) -> str:
    return "statements begin with " + ", ".join(f"`{one}`" for one in keywords)


def _indented(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic | None:
    """A statement that does not stand at the start of its line: the first of a piece, or one inside another."""
    line_start = mistake.piece.rfind("\n", 0, mistake.at) + 1
    if mistake.piece[line_start : mistake.at].strip() or line_start == mistake.at or mistake.found not in keywords:
        return None
    if {"MAP_CLOSING", "COLON"} & mistake.accepted and END not in mistake.accepted:
        return None
    span = mistake.span(mistake.at, mistake.at + len(mistake.found))
    return _error("a statement begins at the start of its line", span, "remove the spaces before it")


def _condition(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic | None:
    """Where the mistake is within a condition, its own parser says it better."""
    region = _condition_region(mistake)
    if region is None or ("ARROW" in mistake.accepted and "->" not in mistake.piece):
        return None
    start, end = region
    if not mistake.piece[start:end].strip():
        return None
    try:
        parse_condition(condition_text(mistake.source, mistake.start + start, mistake.start + end).located())
    except Rejected as rejected:
        return rejected.diagnostic
    return None


def _parts_of_the_hop(mistake: Mistake) -> list[str]:
    """The words of the hop, up to the mistake, that say when it is taken."""
    words: list[str] = []
    for kind, text, _, _ in tokens(mistake.piece[: mistake.at]):
        if text == "then" or (text == "->" and mistake.keyword == "chain"):
            words = ["then"]
        elif words and kind == "word" and text in ("on", "when", "because"):
            words.append(text)
    return words[1:]


def _order_of_a_hop(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic | None:
    """`then b because "x" on timeout`."""
    earlier = {"on": {"when", "because"}, "when": {"because"}}.get(mistake.found, set())
    after = [one for one in _parts_of_the_hop(mistake) if one in earlier]
    if not after:
        return None
    return _error(
        f"`{mistake.found}` stands before `{after[0]}`",
        mistake.span(mistake.at, mistake.at + len(mistake.found)),
        'a hop says `on`, `when`, `because` in this order: `on timeout when stream because "text"`',
    )


def _comma_between_pairs(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic | None:
    """`{ description "x", until 2026-12-31 }`: the comma made the next key a part of a list."""
    if "{" not in mistake.piece[: mistake.at] or mistake.keyword == "model" or "(" in mistake.piece:
        return None
    told = [one for one in tokens(mistake.piece[: mistake.at] + mistake.found) if one[0] != "space"]
    for comma, key, value in zip(told, told[1:], told[2:], strict=False):
        if comma[1] == "," and key[0] == "word" and key[1] != "then" and value[0] in ("text", "number"):
            return _error("pairs are not separated by commas", mistake.span(comma[2], comma[3]), "remove the `,`")
    return None


def _text_without_quotes(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic | None:
    """`{ description some words }`: an odd number of words leaves a key without a value."""
    if mistake.found != "}" or "REGEX" not in mistake.accepted:
        return None
    found = re.search(r"[{\s](description|reason)\s+([A-Za-z]\w*(?:[ \t]+\w+)+)\s*\Z", mistake.piece[: mistake.at])
    if found is None:
        return None
    return _error(f"the text of `{found[1]}` needs quotes", mistake.span(*found.span(2)), f'write `"{found[2]}"`')


def _size_like(mistake: Mistake) -> bool:
    """`8GB` where a size is expected, and no text could be meant."""
    is_bound = "SIZE" in mistake.accepted and "REGEX" not in mistake.accepted
    return is_bound and re.fullmatch(r"[0-9.]+[A-Za-z]+", mistake.found) is not None


def _condition_region(mistake: Mistake) -> tuple[int, int] | None:
    """The condition in which, or at whose end, the mistake is."""
    start: int | None = None
    seen = 0
    found: tuple[int, int] | None = None
    for kind, text, begin, end in tokens(mistake.piece):
        if kind == "space":
            continue
        ends = text in ("->", "{") or (text in ("then", "because") and start is not None)
        if start is not None and ends:
            found = (start, begin)
            start = None
            if begin >= mistake.at:
                break
        elif start is None and (text == "when" and seen > 2 or text == ":" and seen == 2 and mistake.keyword == "when"):
            start, found = end, None
        seen += 1
    if start is not None:
        found = (start, len(mistake.piece.rstrip()))
    if found is None or not found[0] <= mistake.at:
        return None
    low, high = found
    while low < high and mistake.piece[low].isspace():
        low += 1
    text = mistake.piece[low:high].rstrip().rstrip(",")
    return (low, low + len(text)) if mistake.at <= high else None


def _unclosed_text(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic | None:
    character = mistake.piece[mistake.at : mistake.at + 1]
    if character not in ("'", '"', "/") or mistake.found != character:
        return None
    end = mistake.piece.find("\n", mistake.at)
    end = len(mistake.piece) if end < 0 else end
    if mistake.piece.startswith("//", mistake.at):
        return _error(
            "`//` is no pattern and no comment",
            mistake.span(mistake.at, mistake.at + 2),
            "a comment begins with `#`; a pattern is not empty: `/./` matches every name",
        )
    start = mistake.piece.rfind(" ", 0, mistake.at) + 1
    if character == "/" and re.fullmatch(r"[\w.:-]+", mistake.piece[start : mistake.at]):
        found = mistake.piece[start:].split(None, 1)[0].rstrip(",")
        return _error(f"the text `{found}` needs quotes", mistake.span(start, start + len(found)), f'write `"{found}"`')
    if character == "/":
        return _error(
            "this pattern is never closed", mistake.span(mistake.at, end), "close it with `/`; inside write `\\/`"
        )
    return _error(
        "this text is never closed", mistake.span(mistake.at, end), f"close it with {character} on the same line"
    )


def _unquoted_name(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic | None:
    """`exact llama3.1:8b -> 4090-box`: a name with other characters than a word has."""
    if not mistake.accepted & {"STRING", "WORD", "COLON", "ARROW", "THEN"} or _size_like(mistake):
        return None
    if not mistake.found.isascii() and not mistake.accepted & {"STRING", "WORD"}:
        return None
    start = end = min(mistake.at, len(mistake.piece))
    while start > 0 and mistake.piece[start - 1] not in _AROUND_NAMES:
        start -= 1
    while end < len(mistake.piece) and mistake.piece[end] not in _AROUND_NAMES:
        end += 1
    name = mistake.piece[start:end]
    if not _NAME.fullmatch(name) or _PLAIN.fullmatch(name):
        return None
    return _error(f"the name `{name}` needs quotes", mistake.span(start, end), f'write `"{name}"`')


def _unclosed_bracket(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic | None:
    if mistake.found:
        return None
    waiting: list[tuple[str, int]] = []
    for kind, text, start, _ in tokens(mistake.piece):
        if kind != "mark":
            continue
        if text in _OPENING:
            waiting.append((text, start))
        elif waiting and text == _OPENING[waiting[-1][0]]:
            waiting.pop()
    if not waiting:
        return None
    mark, start = waiting[-1]
    return _error(f"this `{mark}` is never closed", mistake.span(start, start + 1), f"close it with `{_OPENING[mark]}`")


def _wrong_arrow(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic | None:
    end = mistake.at
    while end < len(mistake.piece) and mistake.piece[end] in "=-→>:":
        end += 1
    found = mistake.piece[mistake.at : end]
    if "ARROW" not in mistake.accepted or found not in _ARROWS:
        return None
    return _error(f"expected `->` here, not `{found}`", mistake.span(mistake.at, end), _example(mistake))


def _bare_strategy(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic | None:
    """`-> round_robin "a"`: the candidates of a strategy stand in parentheses."""
    end = mistake.last_end()
    start = _last_start(mistake, end)
    word = mistake.piece[start:end]
    if mistake.keyword == "strategy":
        return None
    if word not in (*STRATEGIES, *STRATEGY_SYNONYMS) or "VIA" in mistake.accepted and "OPENING" not in mistake.accepted:
        return None
    help = f'write `{word}("model", "model")`, `{word}(provider, provider)` or `{word}(any)`'
    return _error(f"the candidates of `{word}` stand in parentheses", mistake.span(start, end), help)


_NO_TARGETS = ("via", "using", "with", "where", "on", "because")


def _word_in_place_of_a_target(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic | None:
    """`-> using chain x`: the first word after the arrow was read as a provider, and nothing fits after it."""
    before = [(text, start) for kind, text, start, _ in tokens(mistake.piece[: mistake.at]) if kind != "space"]
    if len(before) < 2 or before[-2][0] not in ("->", "then"):
        return None
    word, start = before[-1]
    if re.match("[\"']", mistake.found) and did_you_mean(word, ("refuse",)):
        return _error(
            f"`{word}` is no word of the language", mistake.span(start, start + len(word)), "did you mean `refuse`?"
        )
    hop = before[-2][0] == "then" or mistake.keyword == "chain"
    if word not in _NO_TARGETS and not (hop and word in ("pass", "refuse")):
        return None
    what = "the hop" if hop else "a target"
    message = f"expected {what} here, a provider or a model in quotes, not `{word}`"
    return _error(message, mistake.span(start, start + len(word)), _example(mistake))


def _keyword_as_name(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic | None:
    """`-> any ` where a provider is called `any`: the words of the sentence need quotes as names."""
    token = mistake.token
    if "WORD" not in mistake.accepted or not token.kind.isupper():
        return None
    word = token.text
    if token.kind in ("WORD", "FIELD") or not re.fullmatch(r"[a-z_]+", word):
        return None
    if {"MAP_CLOSING", "PASS"} & mistake.accepted and "PROVIDER" not in mistake.accepted:
        return None
    quoted = f'provider "{word}"' if "PROVIDER" in mistake.accepted else f'"{word}"'
    return _error(
        f"`{word}` is a word of the language",
        mistake.span(mistake.at, mistake.at + len(word)),
        f"as a name write `{quoted}`",
    )


def _advice(mistake: Mistake) -> str | None:
    """Help for what is often written, else a correct statement of the same kind."""
    found, accepted = mistake.found, mistake.accepted
    form = _form(mistake)
    if form is not None:
        return form
    other = (*mistake.names.providers, "ollama", "vllm")[1]
    for text, terminal, said in ADVICE:
        if found == text and terminal in accepted:
            return said.format(other=other)
    if accepted == {"THEN"} and found in ERROR_KINDS:
        return f"several kinds are joined with `or`: `on timeout or {found}`"
    if accepted == {"THEN"}:
        return "candidates are joined with `or`; what is tried after a failure begins with `then`"
    words = [word for word, kind in KEYWORDS.items() if kind in accepted]
    near = did_you_mean(found, words) if re.fullmatch(r"[A-Za-z_]{3,}", found) else None
    near = near or next((one for one in words if len(one) == 2 and found == one[::-1]), None)
    return f"did you mean `{near}`?" if near else _example(mistake)


def _form(mistake: Mistake) -> str | None:
    """The right form of what was begun: `refuse` lacks its text, `sticky` its `by`."""
    found, accepted = mistake.found, mistake.accepted
    end = mistake.last_end()
    before = mistake.piece[_last_start(mistake, end) : end]
    is_word = re.fullmatch(r"[A-Za-z_]\w*", found) is not None
    if _size_like(mistake):
        return "sizes look like 8B, 1.5B or 350M"
    if mistake.keyword == "size" and found in ("==", "=") and "COMPARISON" in accepted:
        return "a tier of one size is `8B - 8B`"
    if mistake.keyword == "pattern" and found == "i" and before[:1] == "/" and end == mistake.at:
        return f"what stands after `/` in other languages stands within: `/(?i){before[1:-1]}/`"
    if before == "refuse" and "STRING" in accepted:
        return 'write `refuse "text"`, or with a status `refuse "text" 403`'
    if before == "using" and is_word and not did_you_mean(found, ("chain",)):
        return f"write `using chain {found}`"
    if before == "sticky" and found in ("user", "key", "session"):
        return f"write `sticky by {found}`"
    if before in ("model", "provider") and end > len(before) and "STRING" in accepted:
        return f'write `{before} "name"`'
    if found in ("and", "|", "||") and _parts_of_the_hop(mistake) == ["on"]:
        return "several kinds are joined with `or`: `on timeout or rate_limit`"
    return None


def _unexpected(mistake: Mistake, keywords: tuple[str, ...]) -> Diagnostic:
    expected = _expected(mistake)
    found = mistake.found
    if found:
        message = (
            f"expected {expected} here, not `{_short(found)}`"
            if expected
            else f"`{_short(found)}` is not expected here"
        )
        return _error(message, mistake.span(mistake.at, mistake.at + len(found)), _advice(mistake))
    end = mistake.last_end()
    return _error(
        f"expected {expected or 'more'} after this", mistake.span(_last_start(mistake, end), end), _advice(mistake)
    )


def _last_start(mistake: Mistake, end: int) -> int:
    return max((start for kind, _, start, stop in tokens(mistake.piece) if kind != "space" and stop <= end), default=0)


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def _expected(mistake: Mistake) -> str | None:
    if mistake.accepted == {"COLON"} and mistake.keyword != "when":
        return "`->` and where it goes"
    return next((said for terminals, said in EXPECTED if mistake.accepted.issuperset(terminals)), None)


def _example(mistake: Mistake) -> str | None:
    """A correct statement of the same kind, with names of the user's where there are some."""
    shape = EXAMPLES.get(mistake.keyword)
    if shape is None:
        return None
    providers = (*mistake.names.providers, "ollama", "vllm")
    models = (*mistake.names.models, "llama3.1:8b", "gpt-4o")
    own = [text.strip("\"'") for kind, text, _, _ in tokens(mistake.piece) if kind == "text" and text[0] != "/"]
    model = own[0] if own and mistake.keyword in ("exact", "redundant", "model") else models[0]
    if mistake.keyword == "virtual":  # which never leads to itself
        others = [one for one in (*own[1:], *models) if one not in own[:1]]
        model, models = others[0], tuple(others)
    words = [text for kind, text, _, _ in tokens(mistake.piece) if kind == "word"]
    named = len(words) > 1 and mistake.keyword in ("when", "capability", "chain", "signal")
    name = words[1] if named else _NAMES.get(mistake.keyword, "urgent")
    takes_second = mistake.keyword == "provider" or (
        mistake.keyword == "default" and words[1:2] and words[1] in providers
    )
    provider = words[1] if len(words) > 1 and takes_second else providers[0]
    filled = shape.format(
        own=own[0] if own else "auto",
        provider=provider,
        other=next((one for one in providers if one != provider), "vllm"),
        model=model,
        second=next((one for one in models if one != model), "gpt-4o"),
        name=name,
    )
    return f"such a statement looks like `{filled}`"
