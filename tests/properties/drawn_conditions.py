"""Conditions over every field and operator of the language."""

from __future__ import annotations

from drawing import Hand
from words import (
    CAPABILITIES,
    CLOCKS,
    HEADERS,
    METADATA,
    MODELS,
    NUMBERS,
    OTHER_NAMES,
    PATTERNS,
    PEOPLE,
    SIZES,
    TAGS,
    TEXTS,
    ZONES,
)

from rulec.syntax.fields import ENDPOINTS, FIELDS, OPERATORS, WEEKDAYS

_NAMES = tuple(name for name in (*MODELS, *OTHER_NAMES) if "\n" not in name)
_TEXTS_OF = {"model": _NAMES, "capability": CAPABILITIES, "user": PEOPLE, "team": PEOPLE, "key": PEOPLE}


def condition(hand: Hand, providers: list[str], depth: int = 0) -> str:
    """A condition; `providers` may be asked about."""
    kind = hand.number(0, 9) if depth < 3 else 0
    if kind < 5:
        return atom(hand, providers)
    if kind == 5:
        return f"not {operand(hand, providers, depth)}"
    word = " and " if kind < 8 else " or "
    return word.join(operand(hand, providers, depth) for _ in range(hand.number(2, 3)))


def operand(hand: Hand, providers: list[str], depth: int) -> str:
    inner = condition(hand, providers, depth + 1)
    return f"({inner})" if " and " in inner or " or " in inner or inner.startswith("not ") else inner


def atom(hand: Hand, providers: list[str]) -> str:
    kind = hand.number(0, 19)
    if kind == 19:
        return "always"
    if kind >= 17:
        return unavailable(hand, providers)
    if kind == 15:
        return f"model matches {pattern(hand)}"
    name = hand.one(tuple(FIELDS))
    field = {"header": lambda: f"header.{header(hand)}", "metadata": lambda: f"metadata.{hand.one(METADATA)}"}
    shown = field[name]() if name in field else name
    if kind == 16:
        return f"present({shown})"
    return comparison(hand, name, shown)


def header(hand: Hand) -> str:
    name = hand.one(HEADERS)
    return name.title() if hand.chance(20) else name


def unavailable(hand: Hand, providers: list[str]) -> str:
    name = hand.one(providers)
    if "-" in name:
        return f'unavailable("{name}")'
    return f"{name}_unavailable" if hand.chance(40) else f"unavailable({name})"


def comparison(hand: Hand, name: str, shown: str) -> str:
    kind = FIELDS[name].type
    if kind == "bool" and hand.chance(50):
        return shown
    operator = hand.one(OPERATORS[kind])
    if kind == "time":
        return f'time {operator} {window(hand)} "{hand.one(ZONES)}"'
    if kind == "weekday":
        return f'weekday {operator} [{", ".join(hand.some(WEEKDAYS, 1, 3))}] "{hand.one(ZONES)}"'
    if kind == "tags":
        tag = quoted(hand, hand.one(TAGS))
        return f"{tag} in tag" if hand.chance(30) else f"tag contains {tag}"
    if operator == "matches":
        return f"{shown} matches {pattern(hand)}"
    if operator in ("in", "not in"):
        return f"{shown} {operator} [{', '.join(literals(hand, name))}]"
    if operator in ("contains", "starts_with", "ends_with"):
        return f"{shown} {operator} {quoted(hand, part(hand, name))}"
    return f"{shown} {operator} {literal(hand, name, operator)}"


def window(hand: Hand) -> str:
    start, end = hand.some(CLOCKS, 2, 2)
    return "00:00-12:00" if {start, end} == {"00:00", "24:00"} else f"{start}-{end}"


def pattern(hand: Hand) -> str:
    text = hand.one(PATTERNS)
    return "/" + text.replace("/", "\\/") + "/" if hand.chance(50) else f'"{text}"'


def literals(hand: Hand, name: str) -> list[str]:
    kind = FIELDS[name].type
    if kind in ("header", "metadata"):
        typed = hand.one(("text", "number", "bool") if kind == "metadata" else ("text", "number"))
        return [of_type(hand, name, typed) for _ in range(hand.number(1, 3))]
    return [literal(hand, name, "==") for _ in range(hand.number(1, 3))]


def literal(hand: Hand, name: str, operator: str) -> str:
    kind = FIELDS[name].type
    if kind == "size":
        size = hand.one(SIZES)
        return f'"{size}"' if hand.chance(30) else size
    if kind == "bool":
        return hand.one(("true", "false"))
    if kind == "enum":
        return f'"{hand.one(ENDPOINTS)}"'
    if kind == "number" or operator in ("<", "<=", ">", ">="):
        return str(hand.one(NUMBERS))
    if kind in ("header", "metadata"):
        return of_type(hand, name, hand.one(("text", "text", "number", "bool") if kind == "metadata" else ("text", "number")))
    return of_type(hand, name, "text")


def of_type(hand: Hand, name: str, typed: str) -> str:
    if typed == "number":
        return str(hand.one(NUMBERS))
    if typed == "bool":
        return hand.one(("true", "false"))
    return quoted(hand, hand.one(_TEXTS_OF.get(name, TEXTS)))


def part(hand: Hand, name: str) -> str:
    text = hand.one(_TEXTS_OF.get(name, TEXTS))
    start = hand.number(0, len(text) // 2)
    return text[start : start + hand.number(0, 6)]


def quoted(hand: Hand, text: str) -> str:
    quote = hand.one(('"', "'"))
    return quote + text.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote
