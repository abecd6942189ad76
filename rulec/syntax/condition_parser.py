"""Text of a condition to its tree: `header.x-priority == "high" and not stream`, types checked against the field table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

from rulec.diagnostics import Diagnostic, Rejected, did_you_mean, suggest
from rulec.patterns.compile import compile_pattern
from rulec.source import Located
from rulec.syntax.condition_tokens import INSTEAD, Token, TokenStream, unescape, unquote
from rulec.syntax.conditions import (
    PLAIN_NAME,
    Always,
    Among,
    And,
    Between,
    Compare,
    Condition,
    Field,
    Flag,
    Literal,
    Matches,
    Not,
    OnDays,
    Or,
    ParsedCondition,
    Present,
    Tagged,
    Unavailable,
)
from rulec.syntax.fields import ALL_OPERATORS, ENDPOINTS, FIELDS, OPERATORS, STRIPPED_HEADERS, WEEKDAYS
from rulec.syntax.literals import parse_size

if TYPE_CHECKING:
    pass

MAX_NESTING = 50
MAX_UNAVAILABLE = 8


_KEYWORDS = frozenset(("and", "or", "not", "in", "matches", "contains", "starts_with", "ends_with", "true", "false"))


def parse_condition(text: Located) -> ParsedCondition:
    """The tree of a condition; raises Rejected at the narrowest place of the first mistake."""
    parser = _Parser(text)
    condition = parser.parse()
    written = text.text.strip()
    if "\n" in written:
        written = re.sub(r"\s*\n\s*", " ", written)
    return ParsedCondition(written, condition, text.span, tuple(parser.providers))


class _Parser(TokenStream):
    def __init__(self, located: Located) -> None:
        super().__init__(located)
        self.depth = 0
        self.providers: list[Located] = []

    # Grammar: or < and < not < comparison

    def parse(self) -> Condition:
        if self.ended:
            self.fail("this condition is empty", 0, 1, 'write one such as `header.x-priority == "high"`, or `always`')
        condition = self.disjunction()
        if not self.ended:
            self.reject_rest()
        return condition

    def reject_rest(self) -> NoReturn:
        token = self.current
        if token.text in ALL_OPERATORS:
            self.fail_at(
                token, "comparisons cannot be chained", "write `a < x and x < b` as two comparisons with `and`"
            )
        if token.text in INSTEAD:
            self.fail_at(token, f"`{token.text}` is no operator", f"write `{INSTEAD[token.text]}`")
        if token.text == ")":
            self.fail_at(token, "this `)` closes nothing")
        self.fail_at(token, f"`{token.text}` is not expected here", "join comparisons with `and` or `or`")

    def disjunction(self) -> Condition:
        items = [self.conjunction()]
        while self.accept("or"):
            items.append(self.conjunction())
        return items[0] if len(items) == 1 else Or(tuple(items))

    def conjunction(self) -> Condition:
        items = [self.negation()]
        while self.accept("and"):
            items.append(self.negation())
        return items[0] if len(items) == 1 else And(tuple(items))

    def negation(self) -> Condition:
        negated = False
        while self.accept("not"):
            negated = not negated
        item = self.primary()
        return Not(item) if negated else item

    def primary(self) -> Condition:
        token = self.current
        if self.accept("("):
            self.depth += 1
            if self.depth > MAX_NESTING:
                self.fail_at(token, f"parentheses are nested more than {MAX_NESTING} deep")
            condition = self.disjunction()
            if not self.accept(")"):
                if self.ended:
                    self.fail_at(token, "this `(` is never closed", "close it with `)`")
                self.reject_rest()
            self.depth -= 1
            return condition
        if token.kind == "word":
            return self.comparison()
        if token.kind == "string" and self.tokens[self.at + 1].text in ("in", "not"):
            return self.tag_membership()
        if token.kind == "end":
            last = self.tokens[self.at - 1]
            self.fail_at(last, f"something is missing after `{last.text}`")
        if token.text in INSTEAD:
            self.fail_at(token, f"`{token.text}` is no operator", f"write `{INSTEAD[token.text]}`")
        if token.kind in ("string", "number", "size", "regex", "clock"):
            self.fail_at(token, "a literal cannot stand on the left", 'write the field first: `model == "gpt-4o"`')
        self.fail_at(token, f"`{token.text}` is not expected here", "a condition begins with a field, `not` or `(`")

    def comparison(self) -> Condition:
        token = self.take()
        if token.text == "always":
            return Always()
        if token.text in ("present", "unavailable") and self.current.text == "(":
            return self.present() if token.text == "present" else self.unavailable()
        if token.text.endswith("_unavailable") and token.text not in FIELDS:
            name = token.text.removesuffix("_unavailable")
            return self.provider_unavailable(self.located.slice(token.start, token.start + len(name)))
        if token.text in ("true", "false"):
            self.fail_at(token, "a literal cannot stand on the left", "write the field first: `stream == true`")
        if token.text in INSTEAD:
            self.fail_at(token, f"`{token.text}` is no operator", f"write `{INSTEAD[token.text]}`")
        if token.text in _KEYWORDS:
            self.fail_at(token, f"`{token.text}` is not expected here", "a condition begins with a field, `not` or `(`")
        field = self.field(token)
        return self.field_test(field, token)

    def present(self) -> Condition:
        self.expect("(", "`present`")
        token = self.take()
        if token.kind != "word":
            self.fail_at(token, "`present` asks for a field", "write `present(header.x-priority)`")
        field = self.field(token)
        self.expect(")", "`present(`")
        return Present(field)

    def unavailable(self) -> Condition:
        self.expect("(", "`unavailable`")
        token = self.take()
        if token.kind == "string":
            inner = self.located.slice(token.start + 1, token.end - 1)
            name = unescape(inner, inner.text, token.text[0])
        elif token.kind == "word":
            name = self.provider_word(token)
        else:
            self.fail_at(token, "`unavailable` asks for a provider", "write `unavailable(ollama)`")
        self.expect(")", "`unavailable(`")
        return self.provider_unavailable(name)

    def provider_word(self, first: Token) -> Located:
        """A provider's bare name, which may hold hyphens as no field does."""
        found = PLAIN_NAME.match(self.located.text, first.start)
        end = found.end() if found is not None else first.end
        while self.current.end <= end and not self.ended:
            self.at += 1
        return self.located.slice(first.start, max(first.end, end))

    def provider_unavailable(self, name: Located) -> Condition:
        self.providers.append(name)
        if len({one.text for one in self.providers}) > MAX_UNAVAILABLE:
            raise Rejected(
                Diagnostic(
                    "condition-too-large",
                    "error",
                    f"one condition asks `unavailable` of more than {MAX_UNAVAILABLE} providers",
                    name.span,
                )
            )
        return Unavailable(name.text)

    def tag_membership(self) -> Condition:
        literal = self.take()
        negated = self.accept("not")
        self.expect("in", "the tag")
        field = self.take()
        if field.text != "tag":
            self.fail_at(
                field, "only `tag` can stand on the right of `in`", 'write the field first: `model in ["a", "b"]`'
            )
        tagged = Tagged(unquote(literal.text))
        return Not(tagged) if negated else tagged

    # Fields

    def field(self, token: Token) -> Field:
        name, dot, argument = token.text.partition(".")
        if name not in FIELDS:
            self.reject_field(token, name)
        takes_argument = name in ("header", "metadata")
        if takes_argument and not argument:
            example = "header.x-priority" if name == "header" else "metadata.project"
            self.fail_at(token, f"`{name}` needs a name", f"write `{example}`")
        if dot and not takes_argument:
            self.fail_at(token, f"`{name}` has no parts", f"write `{name}`")
        if name == "header":
            argument = argument.lower()
            if argument in STRIPPED_HEADERS:
                self.fail_at(
                    token,
                    f"the proxy strips the header `{argument}` before any rule sees it",
                    "ask for `key`, `team` or `user`, which come from the authenticated key",
                    code="stripped-header",
                )
        return Field(name, argument or None)

    def reject_field(self, token: Token, name: str) -> NoReturn:
        whole = re.match(r"[A-Za-z0-9_-]+", self.located.text[token.start :])
        if whole is not None and "-" in whole.group():
            header = whole.group()
            self.fail(
                f"`{header}` is no field",
                token.start,
                token.start + len(header),
                f"headers are written `header.{header.lower()}`",
                code="unknown-field",
            )
        if name in ("present", "unavailable"):
            inner = self.current.text if self.current.kind == "word" else {"present": "header.x"}.get(name, "ollama")
            self.fail_at(token, f"`{name}` takes parentheses", f"write `{name}({inner})`")
        known = [*FIELDS, "present", "unavailable", "always"]
        near = "model_size" if name == "size" else did_you_mean(name, known)
        help = f"did you mean `{near}`?" if near else "texts stand in quotes; fields are " + ", ".join(FIELDS)
        self.fail_at(token, f"`{name}` is no field", help, code="unknown-field")

    def field_test(self, field: Field, token: Token) -> Condition:
        following = self.current
        if following.kind == "end" or following.text in ("and", "or", ")"):
            if field.type == "bool":
                return Flag(field)
            self.fail_at(
                token,
                f"`{field}` is not true or false by itself",
                f"compare it, or write `present({field})`",
                code="condition-type",
            )
        operator = self.operator(field)
        if field.type == "time":
            return self.between(operator)
        if field.type == "weekday":
            return self.on_days(operator)
        if operator in ("in", "not in"):
            among = self.among(field)
            return Not(among) if operator == "not in" else among
        if operator == "matches":
            return self.matches(field)
        if field.type == "tags":
            return Tagged(self.text_literal('tag contains "batch"'))
        if operator in ("contains", "starts_with", "ends_with"):
            return Compare(field, operator, self.text_literal(f'{field} {operator} "text"'))
        literal = self.literal(field, operator)
        return Not(Compare(field, "==", literal)) if operator == "!=" else Compare(field, operator, literal)

    def operator(self, field: Field) -> str:
        token = self.take()
        name = token.text
        if name == "not" and self.current.text == "in":
            self.take()
            name = "not in"
        allowed = OPERATORS[field.type]
        if name in allowed:
            return name
        if name in INSTEAD:
            self.fail_at(token, f"`{name}` is no operator", f"write `{INSTEAD[name]}`")
        if name in ALL_OPERATORS:
            text_order = field.type in ("string", "enum") and name in ("<", "<=", ">", ">=")
            reason = f"`{name}` cannot be asked of `{field}`" + (": texts have no order" if text_order else "")
            self.fail_at(
                token, reason, f"`{field}` takes " + ", ".join(f"`{one}`" for one in allowed), code="condition-type"
            )
        near = did_you_mean(name, allowed)
        self.fail_at(
            token,
            f"expected an operator after `{field}`, not `{name}`",
            f"did you mean `{near}`?" if near else "operators: " + ", ".join(f"`{one}`" for one in allowed),
        )

    # Literals

    def literal(self, field: Field, operator: str) -> Literal:
        token = self.take()
        if token.kind == "end":
            last = self.tokens[self.at - 2]
            self.fail_at(last, f"`{last.text}` has nothing to compare with", f"write a value after `{last.text}`")
        is_endpoint = field.type == "enum" and token.text in ENDPOINTS  # `messages` is a field, too
        if token.kind == "word" and token.text.partition(".")[0] in FIELDS and not is_endpoint:
            help = f'compare it with a literal; a text stands in quotes: `"{token.text}"`'
            self.fail_at(
                token, f"`{field}` cannot be compared with the field `{token.text}`", help, code="condition-type"
            )
        if token.kind == "regex":
            self.fail_at(
                token,
                "a pattern is not compared with `==`",
                f"write `{field} matches {token.text}`",
                code="condition-type",
            )
        value = self.literal_value(field, token)
        if operator in ("<", "<=", ">", ">=") and isinstance(value, (str, bool)):
            self.fail_at(
                token,
                "only numbers and sizes have an order",
                f"write a number: `{field} {operator} 10`",
                code="condition-type",
            )
        return value

    def literal_value(self, field: Field, token: Token) -> Literal:
        kind = field.type
        if kind == "size":
            return self.size_literal(token)
        if kind == "bool":
            if token.text in ("true", "false"):
                return token.text == "true"
            self.fail_at(
                token,
                f"`{field}` is true or false",
                f"write `{field} == true`, or just `{field}`",
                code="condition-type",
            )
        if kind == "number" or (kind in ("header", "metadata") and token.kind == "number"):
            if token.kind != "number":
                self.fail_at(
                    token,
                    f"`{field}` is compared with a number, and `{token.text}` is none",
                    f"write {'it without quotes' if token.kind == 'string' else 'a number'}, such as `10` or `0.5`",
                    code="condition-type",
                )
            return self.number(token)
        if kind == "metadata" and token.text in ("true", "false"):
            return token.text == "true"
        if token.kind == "string":
            text = unquote(token.text)
            if kind == "enum" and text not in ENDPOINTS:
                self.fail_at(
                    token, f"`{text}` is no endpoint", suggest(text, ENDPOINTS, "endpoint"), code="unknown-word"
                )
            return text
        if token.kind == "word" and kind in ("string", "enum", "header", "metadata"):
            if kind == "enum" and token.text in ENDPOINTS:
                return token.text
            if kind == "enum":
                help = suggest(token.text, ENDPOINTS, "endpoint")
                self.fail_at(token, f"`{token.text}` is no endpoint", help, code="unknown-word")
            self.fail_at(token, f"`{token.text}` needs quotes", f'write `"{token.text}"`')
        expected = {"string": "a text", "enum": "an endpoint", "header": "a text or a number"}.get(kind, "a value")
        self.fail_at(
            token, f"`{field}` is compared with {expected}", f'write `{field} == "text"`', code="condition-type"
        )

    def number(self, token: Token) -> int | float:
        if len(token.text) > 300:
            self.fail_at(token, "this number is too long")
        plain = token.text.lstrip("-").isdigit()
        value = int(token.text) if plain else float(token.text)
        if value in (float("inf"), float("-inf")):
            self.fail_at(token, "this number is too large")
        return value

    def size_literal(self, token: Token) -> int:
        text = unquote(token.text) if token.kind == "string" else token.text
        size = parse_size(text) if token.kind in ("string", "size") else None
        if size is None:
            self.fail_at(token, f"`{text}` is no size", "sizes look like 8B, 1.5B or 350M", code="wrong-size")
        return size

    def text_literal(self, example: str) -> str:
        token = self.take()
        if token.kind != "string":
            self.fail_at(token, "a text in quotes is expected here", f"write `{example}`")
        return unquote(token.text)

    def matches(self, field: Field) -> Condition:
        token = self.take()
        if token.kind == "string":
            inner = self.located.slice(token.start + 1, token.end - 1)
            return Matches(field, compile_pattern(unescape(inner, inner.text, token.text[0])))
        if token.kind == "regex":
            inner = self.located.slice(token.start + 1, token.end - 1)
            return Matches(field, compile_pattern(unescape(inner, inner.text, "/")))
        self.fail_at(
            token, "`matches` takes a pattern", f'write `{field} matches "^llama"` or `{field} matches /^llama/`'
        )

    def among(self, field: Field) -> Among:
        opening = self.current
        if not self.accept("["):
            self.fail_at(opening, "`in` takes a list", f'write `{field} in ["a", "b"]`')
        literals: list[Literal] = []
        while not self.accept("]"):
            token = self.take()
            if token.kind == "end":
                self.fail_at(opening, "this `[` is never closed", "close it with `]`")
            if token.kind == "regex":
                self.fail_at(
                    token,
                    "a list holds no patterns",
                    f"write `{field} matches {token.text}`, joined with `or`",
                    code="condition-type",
                )
            value = self.literal_value(field, token)
            if literals and _literal_type(value) != _literal_type(literals[0]):
                self.fail_at(
                    token,
                    "a list holds literals of one type",
                    'split it: `… in [1, 2] or … == "a"`',
                    code="condition-type",
                )
            literals.append(value)
            if self.current.text != "]" and not self.accept(","):
                self.fail_at(self.current, "expected `,` or `]` in the list")
        if not literals:
            self.fail(
                "an empty list holds nothing", opening.start, self.tokens[self.at - 1].end, "name at least one value"
            )
        return Among(field, tuple(literals))

    # Time

    def between(self, operator: str) -> Condition:
        start = self.clock()
        if not self.accept("-"):
            self.fail_at(
                self.current,
                "a time window is two times with `-` between",
                'write `time in 22:00-06:00 "Europe/Berlin"`',
            )
        token = self.current
        end = self.clock() % 1440
        start %= 1440
        if start == end:
            self.fail_at(
                token,
                f"the window begins and ends at {token.text}",
                "00:00 and 24:00 are the same midnight; for the whole day, leave the condition out",
                code="wrong-time",
            )
        window = Between(start, end, self.zone())
        return Not(window) if operator == "not in" else window

    def clock(self) -> int:
        token = self.take()
        hours, _, minutes = token.text.partition(":")
        if token.kind != "clock" or int(hours) * 60 + int(minutes) > 1440 or int(minutes) > 59:
            self.fail_at(
                token,
                f"`{token.text}` is no time of day",
                'times look like 22:00: `time in 22:00-06:00 "Europe/Berlin"`',
                code="wrong-time",
            )
        return int(hours) * 60 + int(minutes)

    def on_days(self, operator: str) -> Condition:
        if not self.accept("["):
            self.fail_at(
                self.current, "`weekday` takes a list of days", 'write `weekday in [mon, fri] "Europe/Berlin"`'
            )
        days: list[str] = []
        while not self.accept("]"):
            token = self.take()
            name = unquote(token.text) if token.kind == "string" else token.text
            if name not in WEEKDAYS:
                self.fail_at(token, f"`{name}` is no weekday", suggest(name, WEEKDAYS, "weekday"), code="unknown-word")
            days.append(name)
            if self.current.text != "]" and not self.accept(","):
                self.fail_at(self.current, "expected `,` or `]` in the list")
        if not days:
            self.fail_at(self.tokens[self.at - 1], "an empty list holds nothing", "name at least one day")
        condition = OnDays(tuple(dict.fromkeys(days)), self.zone())
        return Not(condition) if operator == "not in" else condition

    def zone(self) -> str:
        token = self.take()
        if token.kind != "string":
            last = self.tokens[self.at - 2] if token.kind == "end" else token
            self.fail_at(
                last,
                "the time zone is missing",
                'write it after the times: `"Europe/Berlin"` or `"UTC"`',
                code="wrong-time",
            )
        name = unquote(token.text)
        from zoneinfo import ZoneInfo, available_timezones

        try:
            ZoneInfo(name)
        except Exception:  # zoneinfo raises half a dozen kinds for a name that is no zone
            near = did_you_mean(name, sorted(available_timezones()))
            self.fail_at(
                token,
                f"`{name}` is no time zone",
                f'did you mean `"{near}"`?' if near else 'zones look like "Europe/Berlin", "America/New_York" or "UTC"',
                code="wrong-time",
            )
        return name


def _literal_type(value: Literal) -> type:
    return float if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value)
