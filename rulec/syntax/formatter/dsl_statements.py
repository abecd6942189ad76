"""Entries as statements of the DSL: on one line where they fit, else hops and pairs on lines of their own."""

from __future__ import annotations

from rulec.records import field, record
from rulec.source import Located
from rulec.syntax.formatter import dsl_words as words
from rulec.syntax.formatter.comments import Comment
from rulec.syntax.formatter.dsl_blocks import Line, inline, pair_line
from rulec.syntax.formatter.dsl_routes import hops, route
from rulec.syntax.formatter.entries import Entry
from rulec.syntax.formatter.layout import INDENT, WIDTH
from rulec.syntax.formatter.placing import Part, extent, place_comments
from rulec.syntax.nodes import Mapping, Node, Scalar
from rulec.syntax.tiers import parse_tier

_CONTINUED = 4
_MOST_PAIRS_IN_A_LINE = 2
_DECLARATIONS = ("provider", "model", "strategy", "signal")


@record(frozen=False, eq=False)
class Statement:
    """What a statement says, before it is laid out."""

    head: str
    hops: list[tuple[str, Part]] = field(default_factory=list)
    pairs: list[Line] = field(default_factory=list)
    others: list[Part] = field(default_factory=list)
    """Parts of the head."""
    is_declaration: bool = False
    has_block: bool = False


def statement_lines(entry: Entry) -> list[str]:
    """The lines of an entry's statement, with the comments that stand within it."""
    said = _statement(entry)
    parts = [*(part for _, part in said.hops), *(line.part for line in said.pairs), *said.others]
    behind = [one for one in entry.own if _is_behind(one, entry)]
    inner = [one for one in entry.own if one not in behind]
    tail = place_comments(inner, parts)
    outside = list(said.others)
    end = "".join("  " + one.text for one in behind[:1])
    if len(said.hops) == 1:
        part = said.hops[0][1]
        if not end and not said.pairs and len(part.behind) == 1:
            end = "  " + part.behind.pop().text
        outside.append(part)
    above = [one.text for part in outside for one in part.taken()]
    if not said.pairs:
        above += [one.text for one in tail]
        tail = []
    above += [one.text for one in behind[1:]]
    return [*above, *_laid_out(said, tail, end)]


def _is_behind(comment: Comment, entry: Entry) -> bool:
    """Whether a comment stands behind the whole of an entry, and not behind its last line only."""
    if comment.own_line or comment.start < entry.end:
        return False
    text = entry.body.source.text
    return text[entry.end - 1] in "}" or "\n" not in text[entry.start : entry.end]


# What is said


def _statement(entry: Entry) -> Statement:
    keyword, body = entry.keyword, entry.body
    if keyword in _DECLARATIONS:
        return _declaration(entry)
    if keyword == "chain":
        return _chain(entry)
    if keyword in _HEADS:
        return _rule(entry)
    return _setting(entry, body)


def _declaration(entry: Entry) -> Statement:
    assert entry.name is not None
    name = words.text(entry.name.text) if entry.keyword == "model" else words.name(entry.name)
    pairs = _pairs(entry.body)
    said = Statement(f"{entry.keyword} {name}", is_declaration=True, has_block=bool(pairs) or entry.keyword != "model")
    said.pairs = [pair_line(key, value, entry.keyword) for key, value in pairs]
    said.others = [Part(*extent(entry.name, entry.name))]
    return said


def _setting(entry: Entry, body: Node) -> Statement:
    name = entry.section.text
    if name.startswith("x-") and not words.is_extension(name):
        raise words.cannot_say(f"the name `{name}`", entry.section, "rename it: letters, digits, `_`, `.` and `-`")
    if isinstance(body, Mapping):
        said = Statement(name, is_declaration=True, has_block=True)
        said.pairs = [pair_line(key, value, name) for key, value in body.pairs]
        said.others = [Part(*extent(entry.section, entry.section))]
        return said
    return Statement(f"{name} {inline(body, in_brackets=True)}", others=[Part(entry.section.start, entry.end)])


def _chain(entry: Entry) -> Statement:
    assert entry.name is not None
    pairs = _pairs(entry.body)
    listed = next((value for key, value in pairs if key.text == "chain"), None)
    found = hops(listed) if listed is not None else []
    if found is None or listed is None:
        raise words.cannot_say("a hop of this chain", entry.name)
    head = f"chain {words.name(entry.name)} ->"
    said = Statement(f"{head} {found[0][0] if found else 'nothing'}")
    said.others = [Part(*extent(entry.name, entry.name))]
    if found:
        said.others.append(found[0][1])
        said.hops = [(f"then {text}", part) for text, part in found[1:]]
    said.pairs = [pair_line(key, value, "chain") for key, value in pairs if key.text != "chain"]
    said.has_block = bool(said.pairs)
    return said


def _rule(entry: Entry) -> Statement:
    body = entry.body
    if not isinstance(body, Mapping):
        return Statement(f"{_head(entry, '', [])} -> pass", others=[Part(entry.start, entry.end)])
    made = route(body, entry.keyword)
    given = made.take_text("name") if entry.keyword in ("exact", "virtual", "pattern", "capability", "size", "default") else None
    label = "" if given is None else f"{words.name(given)}: "
    subject = _subject(entry, body, made.used)
    head = _head(entry, label, subject)
    if entry.keyword == "virtual":
        made.target = _split(body, made.used)
    said = Statement(" ".join([f"{head} -> {made.target}", *made.modifiers]), hops=made.hops)
    in_sentence = {key.text for key, _ in body.pairs} & made.used
    said.pairs = [pair_line(key, value, "rule") for key, value in body.pairs if key.text not in in_sentence]
    said.has_block = bool(said.pairs)
    hop_keys = {"fallback"} if made.hops and "fallback" in made.used else set()
    said.others = [Part(*extent(key, value)) for key, value in body.pairs if key.text in in_sentence - hop_keys]
    if entry.name is not None:
        said.others.append(Part(*extent(entry.name, entry.name)))
    return said


_HEADS = ("when", "exact", "virtual", "redundant", "pattern", "capability", "size", "default")


def _head(entry: Entry, label: str, subject: list[str]) -> str:
    keyword = entry.keyword
    if keyword == "default":
        return f"default {label}".rstrip()
    if keyword == "when":
        assert entry.name is not None
        return f"when {words.name(entry.name)}: {subject[0]}"
    if keyword in ("pattern", "size"):
        return f"{keyword} {label}{', '.join(subject)}"
    assert entry.name is not None
    name = words.name(entry.name) if keyword == "capability" else words.text(entry.name.text)
    return f"{keyword} {label}{name}"


def _subject(entry: Entry, body: Mapping, used: set[str]) -> list[str]:
    """What the rule asks for: a condition, patterns or a size."""
    if entry.keyword == "when":
        name = "condition" if body.key("condition") is not None else "when"
        used.add(name)
        value = body.get(name)
        assert isinstance(value, Scalar)
        return [words.condition(value)]
    if entry.keyword == "pattern":
        used.add("pattern")
        value = body.get("pattern")
        listed = value.items if value is not None and not isinstance(value, (Scalar, Mapping)) else [value]
        return [words.pattern(one) for one in listed if isinstance(one, Scalar)]
    if entry.keyword == "size":
        used.add("size")
        value = body.get("size")
        assert isinstance(value, Scalar)
        return [parse_tier(Located(value.text, value.span))[1]]
    return []


def _split(body: Mapping, used: set[str]) -> str:
    used.add("complexity")
    split = body.get("complexity")
    assert isinstance(split, Mapping)
    simple, hard, threshold, scorer = (split.get(one) for one in ("simple", "complex", "threshold", "scored_by"))
    assert isinstance(simple, Scalar) and isinstance(hard, Scalar)
    said = [words.text(simple.text), "else", words.text(hard.text)]
    if isinstance(threshold, Scalar) and threshold.value is not None:
        said[1:1] = ["below", words.scalar(threshold)]
    if isinstance(scorer, Scalar) and scorer.value is not None:
        said += ["scored by", words.scalar(scorer)]
    return " ".join(said)


def _pairs(body: Node) -> list[tuple[Scalar, Node]]:
    return body.pairs if isinstance(body, Mapping) else []


# How it is laid out


def _laid_out(said: Statement, tail: list[Comment], end: str) -> list[str]:
    hops_alone = any(part.has_comments for _, part in said.hops)
    pairs_alone = bool(tail) or any(one.part.has_comments for one in said.pairs)
    if said.is_declaration and len(said.pairs) > _MOST_PAIRS_IN_A_LINE:
        pairs_alone = True
    sentence = ", ".join([said.head, *(text for text, _ in said.hops)])
    block = "" if not said.has_block else " {" + "".join(f" {one.text} " for one in said.pairs) + "}"
    if not hops_alone and not pairs_alone and _fits(sentence + block):
        return [sentence + block + end]
    if not hops_alone and (not said.hops or said.pairs and _fits(sentence + " {")):
        lines: list[str] = []
        last_line = sentence
    else:
        lines, last_line = _hop_lines(said, bool(said.pairs))
        if not pairs_alone and (not said.pairs or _fits(last_line + block)):
            return [*lines, last_line + block + end]
    if not said.pairs:
        return [*lines, last_line + block + end]
    opened = [*lines, last_line + " {"]
    for one in said.pairs:
        opened += one.lines(INDENT)
    return [*opened, *(" " * INDENT + one.text for one in tail), "}" + end]


def _fits(line: str) -> bool:
    return len(line) <= WIDTH


def _hop_lines(said: Statement, block_follows: bool) -> tuple[list[str], str]:
    """The head and each hop on a line of its own; the last one is returned apart, as a block may follow it."""
    lines = [said.head + ("," if said.hops else "")]
    indent = " " * _CONTINUED
    for number, (text, part) in enumerate(said.hops):
        is_last = number == len(said.hops) - 1
        behind = [] if is_last and block_follows else part.behind
        own = (*part.above, *part.inside, *part.behind[len(behind[:1]) :])
        lines += [indent + one.text for one in own]
        lines.append(indent + text + ("" if is_last else ",") + "".join("  " + one.text for one in behind[:1]))
    return lines[:-1], lines[-1]
