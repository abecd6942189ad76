"""LLM routing decisions, compiled by rulec 0.1.0 from the rule set 5e970bbaf561. Do not edit: change the rules, compile again.

Named by `litellm_settings.callbacks` of the litellm_config.yaml beside this file. `decide` needs the standard library only.
The text of this file may be used, copied and changed by anybody for any purpose, without fee (0BSD); it comes without warranty.
"""

from __future__ import annotations

from typing import Any

VERSION = "0.1.0"
FINGERPRINT = "5e970bbaf561"


def decide(body: Any, headers: Any, **caller: Any) -> Any:
    """The decision for a request: the first rule that matches and applies, phase by phase (see Engine.decide).

    `body` is the parsed JSON request, `headers` a mapping with lower-case names, `caller` any of key, team, user, tags,
    endpoint, now and unavailable. Whatever comes, this returns a Decision and does not raise.
    """
    return ENGINE.decide(body, headers, caller)


# The rules in the order that counts, phase by phase, each with the number of its route (see RuleRows): what it does, as
# (target, chain, strategy, sticky, prefer_warm). Then the tables that find them; `rule_patterns` go along with the pattern rules.
TABLES: dict[str, Any] = {
    'capability_header': 'x-capability',
    'complexity': {},
    'refusal': 'no routing rule matches this request (rule set 5e970bbaf561)',
    'providers': {
        'ollama': ('ollama/{model}', (0,), 'llama3.1:8b', None),
        'vllm': ('hosted_vllm/{model}', (1, 2), 'llama2-13b-vllm', 4096),
        'llama_cpp_python': ('openai/{model}', (3,), 'llama-cpp-default', 8192),
        'llama_cpp_native': ('openai/{model}', (3,), 'llama-cpp-default', 8192),
    },
    'models': {
        'llama3.1:8b': (
            (('ollama', 'llama3.1:8b'), ('llama_cpp_python', 'llama-3.1-8b-instruct'), ('vllm', 'meta-llama/Llama-3.1-8B-Instruct')),
            None,
            None,
        ),
        'qwen2.5-coder:7b': ((('ollama', 'qwen2.5-coder:7b'),), None, None),
        'deepseek-coder-v2': ((('ollama', 'deepseek-coder-v2'),), 16000000000, None),
        'llama2-13b-vllm': ((('vllm', 'meta-llama/Llama-2-13b-chat-hf'),), 13000000000, 4096),
        'llama-cpp-default': ((('llama_cpp_python', 'llama-cpp-default'), ('llama_cpp_native', 'llama-cpp-default')), None, 8192),
        'llama-7b': ((('ollama', 'llama2:7b'),), None, None),
        'codellama-13b': ((('ollama', 'codellama:13b'), ('llama_cpp_python', 'codellama-13b-instruct')), None, None),
        'llama3.1-70b': ((('vllm', 'meta-llama/Llama-3.1-70B-Instruct'), ('ollama', 'llama3.1:70b')), None, 32768),
        'bge-m3': ((('ollama', 'bge-m3'), ('vllm', 'BAAI/bge-m3')), 567000000, None),
    },
    'rules': {
        'when': (('high_priority_requests', 0), ('batch_requests', 0), ('streaming_requests', 1)),
        'exact': {'llama3.1:8b': 2, 'qwen2.5-coder:7b': 1, 'llama2-13b-vllm': 0, 'llama-cpp-default': 3},
        'pattern': (
            ('pattern:^meta-llama/.*', 4),
            ('pattern:^mistralai/.*', 4),
            ('pattern:.*:\\d+[bB]$', 5),
            ('pattern:.*\\.gguf$', 6),
        ),
        'capability': (
            ('capability:code_generation', 7),
            ('capability:high_throughput', 8),
            ('capability:low_latency', 9),
            ('capability:general_chat', 10),
            ('capability:large_context', 11),
        ),
        'size': (('size:< 8B', 1), ('size:8B - 13B', 12), ('size:> 13B', 4)),
        'default': (('default', 13),),
    },
    'routes': (
        (('providers', (('vllm', None),), False), 0, None, None, False),
        (('providers', (('ollama', None),), False), 0, None, None, False),
        (('providers', (('ollama', 0.7), ('llama_cpp_python', 0.3)), False), 1, 'weighted', None, False),
        (('providers', (('llama_cpp_python', None),), False), 0, None, None, False),
        (('providers', (('vllm', None),), False), 2, None, None, False),
        (('providers', (('ollama', None),), False), 3, None, None, False),
        (('providers', (('llama_cpp_python', None),), False), 4, None, None, False),
        (
            ('models', ('qwen2.5-coder:7b', 'deepseek-coder-v2'), (('ollama', None),), None, None, True),
            5,
            'round_robin',
            None,
            False,
        ),
        (
            ('models', ('llama2-13b-vllm', 'llama3.1-70b'), (('vllm', None),), 13000000000, None, True),
            0,
            'least_loaded',
            None,
            False,
        ),
        (
            ('models', ('llama-cpp-default',), (('llama_cpp_native', None),), None, None, True),
            6,
            'fastest_response',
            None,
            False,
        ),
        (
            ('models', ('llama3.1:8b', 'llama2-13b-vllm'), None, None, None, True),
            0,
            'usage_based',
            None,
            False,
        ),
        (
            ('models', ('llama-cpp-default', 'llama3.1-70b'), (('llama_cpp_python', None), ('vllm', None)), None, 8192, True),
            0,
            'most_capacity',
            None,
            False,
        ),
        (('providers', (('ollama', None),), False), 6, None, None, False),
        (('providers', (('ollama', None),), True), 0, None, None, False),
    ),
    'chains': (
        (
            'default',
            (('vllm', None, None, 'model_size >= "13B"', ('compare', 'model_size', None, '>=', 13000000000), ()), ('ollama', None, None, 'always', ('always',), ()), ('llama_cpp_python', None, None, 'always', ('always',), ())),
            0,
            0,
        ),
        (None, (), 0, 0),
        (None, (('ollama', None, None, None, None, ()),), 0, 0),
        (
            'high_availability',
            (('ollama', None, None, None, None, ()), ('llama_cpp_python', None, None, None, None, ()), ('llama_cpp_native', None, None, None, None, ())),
            3,
            500,
        ),
        (None, (('llama_cpp_native', None, None, None, None, ()),), 0, 0),
        (
            'code_generation',
            (('ollama', 'qwen2.5-coder:7b', None, None, None, ()), ('llama_cpp_python', None, None, 'ollama_unavailable', ('unavailable', 'ollama'), ('ollama',))),
            0,
            0,
        ),
        (None, (('llama_cpp_python', None, None, None, None, ()),), 0, 0),
    ),
    'when': (
        ((0, None), (1, None), (2, None)),
        (('header', 'x-priority', {'high': (0,)}),),
        (
            (None, (1, 2), (('numbers', 'batch_size', None, (), (1,), (1,), ((1,), (), (0,))), ('values', 'stream', None, (0,), (0,), {('bool', True): (1,)}))),
        ),
    ),
    'names': {'deepseek-coder-v2': None, 'llama-7b': None, 'codellama-13b': None, 'llama3.1-70b': None, 'bge-m3': None},
    'rule_patterns': ((1,), (2,), (0,), (3,)),
    'pattern_index': ({}, {'meta-llama/': (7,), 'mistralai/': (8,)}, {'.gguf': (10,)}, {':': ((':', '', (9,)),)}, ()),
    'capabilities': {'code_generation': 11, 'high_throughput': 12, 'low_latency': 13, 'general_chat': 14, 'large_context': 15},
    'sizes': ((16, 17, 18), (8000000000, 13000000000), ((0,), (0, 1), (), (), (1, 2))),
    'default': 19,
    'patterns': (
        (
            'automaton',
            '',
            ((('match',), ('assert', 'text_end', 0), ('chars', 32, 1), ('split', (4, 2)), ('chars', 4, 3), ('chars', 8, 4), ('split', (7, 5)), ('chars', 61, 6)), 6, '0:0 a:1 b:0 30:2 3a:3 3b:0 41:4 42:5 43:4 5b:0 5f:4 60:0 61:4 62:5 63:4 7b:0', 2, 52),
        ),
        ('prefix', 'meta-llama/'),
        ('prefix', 'mistralai/'),
        ('suffix', '.gguf'),
    ),
    'zones': (),
    'deployments': {},
    'costs': {},
    'strategies': {
        'least_loaded': {},
        'usage_based': {'weight_factors': {'latency': 0.4, 'success_rate': 0.4, 'cost': 0.2}},
        'fastest_response': {'measure': 'time_to_first_token'},
    },
    'warm': {
        'first_request': True,
        'timeout_ms': 100,
        'providers': {
            'ollama': ('ollama', (('OLLAMA_API_BASE', 'http://127.0.0.1:11434'),)),
            'vllm': ('models', (('VLLM_API_BASE', 'http://127.0.0.1:8001/v1'),)),
            'llama_cpp_python': ('models', (('LLAMA_CPP_PYTHON_API_BASE', 'http://127.0.0.1:8000/v1'),)),
        },
    },
    'health': {
        'rate_limited_fallback': {'enabled': True, 'fallback_duration_seconds': 60},
        'error_based_routing': {'enabled': True, 'error_threshold': 3, 'cooldown_seconds': 300},
    },
}

# Settings of providers that the environment may change: (variable, default) in place of each reference.
ENVIRONMENT: dict[str, Any] = {
    'ollama': {'api_base': (('OLLAMA_API_BASE', 'http://127.0.0.1:11434'),)},
    'vllm': {'api_base': (('VLLM_API_BASE', 'http://127.0.0.1:8001/v1'),)},
    'llama_cpp_python': {
        'api_base': (('LLAMA_CPP_PYTHON_API_BASE', 'http://127.0.0.1:8000/v1'),),
        'api_key': (('LLAMA_CPP_KEY', 'none'),),
    },
    'llama_cpp_native': {
        'api_base': (('LLAMA_CPP_NATIVE_API_BASE', 'http://127.0.0.1:8080/v1'),),
        'api_key': (('LLAMA_CPP_KEY', 'none'),),
    },
}

# Request parameters where the client gave none.
DEFAULTS: dict[str, Any] = {}


# -------------------- sizes --------------------
# Model sizes: whole numbers of parameters, from a literal or read off a model's name.


import re

LONGEST_NAME = 256

_UNITS = {"b": 9, "m": 6}
_UNIT = re.compile(r"[0-9][bBmM](?![A-Za-z0-9])")
"""What every size in a name holds; most names without one are told by this alone, which is much faster."""
_IN_NAME = re.compile(r"(?<![A-Za-z0-9.])(?:([0-9]+)[xX])?([0-9]+)(?:\.([0-9]+))?([bBmM])(?![A-Za-z0-9])")


def is_regular_name(name: str) -> bool:
    """Whether patterns and sizes look at this model name at all: 1 to 256 printable ASCII characters."""
    return 0 < len(name) <= LONGEST_NAME and name.isascii() and name.isprintable()


def size_from_name(name: str) -> int | None:
    """The parameters that a model name tells of: the leftmost number with a `b` or `m`; `8x7b` is 56 billion."""
    if not is_regular_name(name):
        return None
    found = _IN_NAME.search(name) if _UNIT.search(name) is not None else None
    if found is None:
        return None
    count, whole, fraction, unit = found.groups()
    return (int(count) if count else 1) * parameters(whole, fraction or "", unit)


def parameters(whole: str, fraction: str, unit: str) -> int:
    """Digits before and after the point and a unit (b or m) as a whole number of parameters."""
    exponent = _UNITS[unit.lower()]
    scaled: int = int(whole + fraction) * 10**exponent
    return scaled // int(10 ** len(fraction))


# -------------------- matching --------------------
# Matchers for patterns: string tests, and an automaton that reads each character once.


from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any


def build_matcher(spec: Sequence[Any]) -> Callable[[str], bool]:
    """The test for one compiled pattern: a function from a text to a bool; linear in the text for every pattern."""
    kind = spec[0]
    if kind == "any":
        return lambda text: True
    if kind == "set":
        return frozenset(spec[1]).__contains__
    literal = spec[1]
    if kind == "prefix":
        return lambda text: text.startswith(literal)
    if kind == "suffix":
        return lambda text: text.endswith(literal)
    if kind == "contains":
        return lambda text: literal in text
    if kind == "glob":
        return glob_matcher(*spec[1:])
    if kind == "between":
        return between_matcher(*spec[1:])
    if kind == "or":
        return any_of([build_matcher(one) for one in spec[1:]])
    automaton = Automaton(*spec[2])
    return partial(automaton.search_behind, literal) if literal else automaton.search


def between_matcher(start: bool, head: str, middle: Sequence[Any], tail: str, end: bool) -> Callable[[str], bool]:
    """The test for two literals with an automaton between them; `start` and `end` anchor the literals.

    Where the head is not anchored, the automaton must read some character of it nowhere: so what it reads from one place
    ends before it has read over the next, and time stays linear.
    """
    automaton = shared_automaton(middle)

    def matches(text: str) -> bool:
        if tail not in text:
            return False
        place = text.find(head)
        while place >= 0:
            if automaton.reaches(text, place + len(head), tail, end):
                return True
            place = text.find(head, place + 1)
        return False

    def matches_at_start(text: str) -> bool:
        return text.startswith(head) and automaton.reaches(text, len(head), tail, end)

    return matches_at_start if start else matches


def any_of(tests: Sequence[Callable[[str], bool]]) -> Callable[[str], bool]:
    return lambda text: any(test(text) for test in tests)


def glob_matcher(start: bool, parts: Sequence[str], end: bool) -> Callable[[str], bool]:
    """The test whether literal parts stand in a text in order; `start` and `end` anchor the first and the last one.

    What lies between two parts never holds a newline, so each line is looked at alone.
    """
    first, *middle, last = parts

    def matches(text: str) -> bool:
        if "\n" in text:
            return any(map(matches, lines_between(text)))
        if not start:
            position = text.find(first)
            if position < 0:
                return False
            position += len(first)
        elif text.startswith(first):
            position = len(first)
        else:
            return False
        for part in middle:
            position = text.find(part, position)
            if position < 0:
                return False
            position += len(part)
        if end:
            return len(text) - len(last) >= position and text.endswith(last)
        return text.find(last, position) >= 0

    def lines_between(text: str) -> Sequence[str]:
        lines = text.split("\n")
        if start and end:
            return ()
        return lines[:1] if start else lines[-1:] if end else lines

    return matches


_AT_START, _AFTER_NEWLINE, _AFTER_WORD, _AFTER_OTHER = range(4)
_AT_END = 0


class Automaton:
    """A nondeterministic automaton whose deterministic states are made when they are first reached.

    `states` are ("chars", classes as bits, next), ("split", nexts), ("assert", kind, next) or ("match",); `classes` has
    the first code point of each range of characters, in hexadecimal, and its class, such as `0:0 30:1 3a:0`; `newline` and
    `word` are the classes of those, as bits. A step that is not yet known costs at most one walk over `states`, so time is
    linear. What all automata of the process remember is bounded together: past `MOST_STEPS` everything is forgotten.
    """

    MOST_STEPS = 100_000  # of at most some 500 bytes: what thousands of patterns need at work, and all that hostile texts get
    made = 0
    remembering: set[Automaton] = set()

    def __init__(
        self, states: Sequence[Sequence[Any]], start: int, classes: str, newline: int, word: int, between: bool = False
    ) -> None:
        self.states = states
        self.start = 1 << start
        self.restart = 0 if between else self.start
        self.between = between
        ranges = [one.partition(":") for one in classes.split()]
        self.starts = [int(first, 16) for first, _, _ in ranges]
        self.classes = [int(number) for _, _, number in ranges]
        looks_behind = any(one[0] == "assert" and one[1] not in ("text_start", "text_end") for one in states)
        self.kinds = [
            _AFTER_OTHER
            if not looks_behind
            else _AFTER_NEWLINE
            if newline >> number & 1
            else _AFTER_WORD
            if word >> number & 1
            else _AFTER_OTHER
            for number in range(max(self.classes) + 1)
        ]
        self.cache: dict[tuple[int, int], _State] = {}

    def search(self, text: str) -> bool:
        """Whether the pattern matches somewhere in a text."""
        state = self.state(self.start, _AT_START)
        for character in text:
            state = state[character]
            if state.verdict is not None:
                return state.verdict
        return self.accepts(state)

    def search_behind(self, head: str, text: str) -> bool:
        """The same for a pattern that begins with a literal: where no match has begun, the next one begins with that."""
        size = len(text)
        place = text.find(head)
        while place >= 0:
            state = self.state(self.start, _AT_START)
            while place < size:
                state = state[text[place]]
                place += 1
                if state.verdict is not None:
                    return state.verdict
                if not state.members:
                    break
            else:
                return self.accepts(state)
            place = text.find(head, place)
        return False

    def reaches(self, text: str, place: int, tail: str, end: bool) -> bool:
        """Whether what begins at a place is matched, and a literal follows, and behind that the text ends if `end`."""
        state = self.state(self.start, _AT_START)
        if end:
            stop = len(text) - len(tail)
            if stop < place or not text.endswith(tail):
                return False
            while place < stop:
                state = state[text[place]]
                place += 1
                if state is _FAILED:
                    return False
            return self.accepts(state)
        while not (self.accepts(state) and text.startswith(tail, place)):
            if place == len(text):
                return False
            state = state[text[place]]
            place += 1
            if state is _FAILED:
                return False
        return True

    def accepts(self, state: _State) -> bool:
        """Whether a match ends in this state, at the end of the text or where the caller looks on."""
        if state.accepts is None:
            state.accepts = self.closure(state, _AT_END)[1]
        return state.accepts

    def state(self, members: int, before: int) -> _State:
        """The deterministic state with these members, as bits, after a character of this kind."""
        key = (members, before)
        found = self.cache.get(key)
        if found is None:
            found = self.cache[key] = _State(members, before, self)
            Automaton.remembering.add(self)
        return found

    def step(self, state: _State, character: str) -> _State:
        """The state after a character, from now on remembered."""
        Automaton.made += 1
        if Automaton.made > Automaton.MOST_STEPS:
            Automaton.forget()
        number = self.classes[bisect_right(self.starts, ord(character)) - 1]
        kind = self.kinds[number]
        reading, matched = self.closure(state, kind)
        if matched and not self.between:
            following = _MATCHED
        else:
            members = 0
            for one in reading:
                if self.states[one][1] >> number & 1:
                    members |= 1 << self.states[one][2]
            following = self.state(members, kind) if members or self.restart else _FAILED
        state[character] = following
        return following

    @classmethod
    def forget(cls) -> None:
        """Empties what every automaton remembers."""
        for one in list(cls.remembering):
            for state in list(one.cache.values()):
                state.clear()  # they point at each other
            one.cache.clear()
        cls.remembering.clear()
        cls.made = 0

    def closure(self, state: _State, following: int) -> tuple[list[int], bool]:
        """The states that read a character next, given what stands before and after, and whether the pattern has matched."""
        reading = []
        matched = False
        members = state.members | self.restart
        waiting = [number for number in range(members.bit_length()) if members >> number & 1]
        seen = set(waiting)
        while waiting:
            number = waiting.pop()
            one = self.states[number]
            kind = one[0]
            if kind == "match":
                matched = True
                continue
            if kind == "chars":
                reading.append(number)
                continue
            if kind == "assert":
                nexts = (one[2],) if _holds(one[1], state.before, following) else ()
            else:
                nexts = one[1]
            for target in nexts:
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return reading, matched


class _State(dict[str, "_State"]):
    """The members of a state as bits, the kind of character before it, and the states that follow known characters.

    `verdict` is what a search comes to here, whatever follows.
    """

    __slots__ = ("accepts", "automaton", "before", "members", "verdict")

    def __init__(self, members: int, before: int, automaton: Automaton | None, verdict: bool | None = None) -> None:
        self.members = members
        self.before = before
        self.automaton = automaton
        self.accepts: bool | None = None
        self.verdict = verdict

    def __missing__(self, character: str) -> _State:
        assert self.automaton is not None  # nothing follows a verdict
        return self.automaton.step(self, character)


_MATCHED = _State(0, _AT_START, None, True)
_FAILED = _State(0, _AT_START, None, False)


@lru_cache(maxsize=4096)
def shared_automaton(row: Sequence[Any]) -> Automaton:
    """The automaton that stands between two literals; patterns that differ in the literals alone share it."""
    states, start, classes, newline, word = row
    return Automaton(states, start, classes, newline, word, between=True)


def _holds(kind: str, before: int, following: int) -> bool:
    if kind == "text_start":
        return before == _AT_START
    if kind == "text_end":
        return following == _AT_END
    if kind == "line_start":
        return before in (_AT_START, _AFTER_NEWLINE)
    if kind == "line_end":
        return following in (_AT_END, _AFTER_NEWLINE)
    return ((before == _AFTER_WORD) != (following == _AFTER_WORD)) == (kind == "word_boundary")


# -------------------- records --------------------
# What a decision is made of: immutable records that read as attributes and as keys.


from collections.abc import Callable
from typing import Any

PLAIN_ERROR_KINDS = frozenset(("rate_limit", "timeout", "connection", "server_error", "quota", "auth", "not_found"))
"""What a hop without `on_error` takes: not context_window, content_policy and bad_request."""


class Record:
    """Fields by attribute or by key; equal where all fields are."""

    __slots__: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        if name in self.shown:
            return getattr(self, name)
        raise KeyError(name)

    def keys(self) -> tuple[str, ...]:
        return self.shown

    def get(self, name: str, default: Any = None) -> Any:
        return getattr(self, name) if name in self.shown else default

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and all(getattr(self, one) == getattr(other, one) for one in self.shown)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, one) for one in self.shown))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{one}={getattr(self, one)!r}' for one in self.shown)})"


class Candidate(Record):
    """One deployment that may serve: `model` is the upstream name, `group` the client-visible one.

    Of a decision's candidates those of a lower priority go first, and those of none last.
    """

    __slots__ = ("provider", "model", "litellm_model", "group", "weight", "priority")
    shown = __slots__

    def __init__(
        self,
        provider: str,
        model: str,
        litellm_model: str,
        group: str,
        weight: float | None = None,
        priority: int | None = None,
    ) -> None:
        self.provider = provider
        self.model = model
        self.litellm_model = litellm_model
        self.group = group
        self.weight = weight
        self.priority = priority


class Hop(Record):
    """One step of a fallback chain that is possible for the request; `when` is the part that is decided later."""

    __slots__ = ("provider", "model", "litellm_model", "group", "on_error", "when", "chain", "kinds", "test")
    shown = ("provider", "model", "litellm_model", "group", "on_error", "when", "chain")

    def __init__(
        self,
        place: Candidate | Hop,
        on_error: tuple[str, ...] | None,
        when: str | None,
        chain: str | None,
        test: Callable[[Any, frozenset[str]], bool] | None = None,
    ) -> None:
        self.provider: str = place.provider
        self.model: str = place.model
        self.litellm_model: str = place.litellm_model
        self.group: str = place.group
        self.on_error = on_error
        self.when = when
        self.chain = chain
        self.kinds = PLAIN_ERROR_KINDS if on_error is None else frozenset(on_error)
        self.test = test

    def takes(self, kind: str) -> bool:
        """Whether the hop is for errors of this kind."""
        return kind in self.kinds

    def allowed(self, request: Any, failed_providers: set[str] | frozenset[str] = frozenset()) -> bool:
        """Whether the hop's condition holds for the request now that these providers have failed."""
        return self.test is None or self.test(request, request.unavailable | failed_providers)


class Decision(Record):
    """What the rules say about one request.

    `leaf` knows the hops; `request` is None where all requests that come to this leaf have the same ones.
    """

    __slots__ = (
        "action",
        "rule",
        "phase",
        "candidates",
        "strategy",
        "sticky",
        "status",
        "text",
        "retry_attempts",
        "retry_delay_ms",
        "prefer_warm",
        "_fallbacks",
        "leaf",
        "request",
    )
    shown = (*__slots__[:6], "fallbacks", *__slots__[6:-3])

    def __init__(
        self,
        action: str,
        rule: str | None,
        phase: str | None,
        candidates: tuple[Candidate, ...] = (),
        strategy: str | None = None,
        sticky: str | None = None,
        fallbacks: tuple[Hop, ...] | None = (),
        status: int | None = None,
        text: str | None = None,
        retry_attempts: int = 0,
        retry_delay_ms: int = 0,
        prefer_warm: bool = False,
        leaf: Any = None,
        request: Any = None,
    ) -> None:
        self.action = action
        self.rule = rule
        self.phase = phase
        self.candidates = candidates
        self.strategy = strategy
        self.sticky = sticky
        self._fallbacks = fallbacks  # None: what `leaf` says while no candidate is picked
        self.status = status
        self.text = text
        self.retry_attempts = retry_attempts
        self.retry_delay_ms = retry_delay_ms
        self.prefer_warm = prefer_warm
        self.leaf = leaf
        self.request = request

    @property
    def fallbacks(self) -> tuple[Hop, ...]:
        """The hops that are possible while it is open which candidate is picked; few ask for them."""
        if self._fallbacks is None:
            self._fallbacks = () if self.leaf is None else self.leaf.hops(self.request, None)
        return self._fallbacks

    def hops(self, candidate: Candidate) -> tuple[Hop, ...]:
        """The hops that are possible once this candidate was picked, which itself is not among them."""
        if self.leaf is None or len(self.candidates) == 1:
            return self.fallbacks
        found: tuple[Hop, ...] = self.leaf.hops(self.request, candidate)
        return found


# -------------------- complexity --------------------
# How complex a request is, from 0 to 100: a few features of the last text of the user, counted in bounded time.
#
# Judged is what the user wrote last, never an answer of the model, a system prompt, the result of a tool or a block
# `<system-reminder>…</system-reminder>`, which coding agents write into what the user says. Of a long text
# only its beginning and its end are read, of a long conversation only its end. Each feature is counted, reaches its full
# weight at a number of its own (`full_at`) and grows evenly up to there; `simple_words` takes its points away.
#
#     length         characters of the text
#     simple_words   different words of the text that stand in the list of simple words
#     complex_words  different words of the text that stand in the list of complex words
#     code_blocks    blocks of code between fences
#     sentences      sentences after the first
#     history        messages before the one that is judged: the number of messages less one


import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


MOST_SCORE = 100
USUAL_THRESHOLD = 50
READ_CHARACTERS = 1_000
"""How many characters are read at either end of a long text."""
REMINDER, REMINDER_END = "<system-reminder>", "</system-reminder>"
MOST_REMINDED = 20_000
"""How many characters are searched for reminders; each one found counts as many more as `REMINDER_COST`."""
REMINDER_COST = 1_000
MOST_STEPS = 200
"""How many messages and parts are looked at to find the text."""

WEIGHTS = {"length": 25, "simple_words": 20, "complex_words": 60, "code_blocks": 20, "sentences": 15, "history": 10}
FULL_AT = {"length": 2_000, "simple_words": 2, "complex_words": 2, "code_blocks": 2, "sentences": 10, "history": 20}
SIMPLE_WORDS = (
    "bye cat cd date echo hello hey hi list ls ok okay ping please pwd show test thanks thx time translate what when "
    "where who yes no"
)
COMPLEX_WORDS = (
    "algorithm algorithms analyse analysis analyze architect architecture asynchronous benchmark compare compiler "
    "concurrency concurrent consistency cryptographic deadlock debug derive design diagnose differential distributed "
    "evaluate formal framework implement implementation implementing infrastructure integrate investigate "
    "kubernetes latency matrix microservice microservices migrate migration optimise optimization optimize parallel "
    "performance pipeline proof protocol prove refactor refactoring reason redesign regression scalability scalable "
    "schema security simulate simulation statistical strategy synchronization system systems theorem tradeoff "
    "tradeoffs transaction transactions verify vulnerability"
)

_WORD = re.compile(r"\w\w+")
_ENDS = (". ", "! ", "? ", ".\n", "!\n", "?\n", "。", "！", "？")
NOT_THE_USER = ("system", "developer", "assistant", "tool")
JUDGED_PARTS = {"messages": "text", "input": "input_text"}
"""The parts of messages that LiteLLM's router reads."""
_TEXT_PARTS = frozenset(("text", "input_text"))


class Part(Record):
    """One feature of a request: how much of it was found, and the points it gives."""

    __slots__ = ("feature", "found", "points")
    shown = __slots__

    def __init__(self, feature: str, found: int, points: float) -> None:
        self.feature = feature
        self.found = found
        self.points = points


class Scoring:
    """Scores requests by the section `complexity` of a rule set; what that leaves out is as it is by default."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        weights = {**WEIGHTS, **settings.get("weights", {})}
        weights["simple_words"] = -weights["simple_words"]
        full_at = {**FULL_AT, **settings.get("full_at", {})}
        self.features = [(name, weights[name], full_at[name]) for name in WEIGHTS]
        self.simple_words = _words(settings, "simple_words", SIMPLE_WORDS)
        self.complex_words = _words(settings, "complex_words", COMPLEX_WORDS)

    def score(self, body: Any) -> float:
        """The score of a request body, with one decimal; whatever comes, this does not raise."""
        return total(self.parts(body))

    def parts(self, body: Any) -> list[Part]:
        """What each feature adds to the score."""
        messages = _messages(body)
        counts = self.counts(last_user_texts(body, messages), max(0, len(messages) - 1))
        return [
            Part(name, count, round(weight * min(count, full) / full, 1) + 0.0)
            for (name, weight, full), count in zip(self.features, counts)  # noqa: B905 - both are ours
        ]

    def counts(self, texts: Sequence[str], history: int) -> tuple[int, ...]:
        length = sum(map(len, texts))
        text = "\n".join(texts) if length <= 2 * READ_CHARACTERS else _head_and_tail(texts)
        words = set(_WORD.findall(text.lower()))
        blocks = (text.count("```") + 1) // 2
        stripped = text.strip()
        sentences = sum(map(stripped.count, _ENDS))
        return length, len(self.simple_words & words), len(self.complex_words & words), blocks, sentences, history


def total(parts: Sequence[Part]) -> float:
    """The sum of the parts, from 0 to 100."""
    return min(float(MOST_SCORE), max(0.0, round(sum([part.points for part in parts]), 1)))


def is_word(text: str) -> bool:
    """Whether a text is a word that can be found in a text."""
    return _WORD.fullmatch(text) is not None


def _words(settings: Mapping[str, Any], name: str, usual: str) -> frozenset[str]:
    words = settings[name] if name in settings else usual.split()
    return frozenset([one.lower() for one in (*words, *settings.get(f"add_{name}", ()))])


def _messages(body: Any) -> Sequence[Any]:
    """The conversation of a request: `messages`, or an `input` that is a list of items."""
    for name in ("messages", "input"):
        found = body.get(name) if isinstance(body, dict) else None
        if isinstance(found, list) and found and isinstance(found[-1], dict):
            return found
    return ()


def last_user_texts(body: Any, messages: Sequence[Any]) -> list[str]:
    """The parts of the last text of the user: of a message, else of `prompt` or `input`."""
    steps, room = MOST_STEPS, MOST_REMINDED
    for message in reversed(messages[-MOST_STEPS:]):
        if steps <= 0:
            return []
        steps -= 1
        if not isinstance(message, dict) or message.get("role") != "user":
            continue
        content = message.get("content")
        if isinstance(content, str):
            texts = [content]
        elif isinstance(content, list):
            texts = list(_text_parts(_both_ends(content, steps)))
            steps -= len(content)
        else:
            continue
        said, room = _without_reminders(texts, room)
        if said:
            return said
    if messages or not isinstance(body, dict):
        return []
    for name in ("prompt", "input"):
        found = body.get(name)
        if isinstance(found, str):
            return [found]
        if isinstance(found, list) and found:
            return list(_text_parts(_both_ends(found, steps)))
    return []


def _without_reminders(texts: Sequence[str], room: int) -> tuple[list[str], int]:
    """What the user said in these texts, of which `room` characters are searched, and the room that is left."""
    said: list[str] = []
    for text in texts:
        at = 0
        begin = text.find(REMINDER, 0, room) if room > 0 else -1
        while begin >= 0:
            end = text.find(REMINDER_END, begin, room)
            if end < 0:
                break
            said.append(text[at:begin])
            at = end + len(REMINDER_END)
            room -= REMINDER_COST
            begin = text.find(REMINDER, at, max(0, room))
        room -= len(text)
        said.append(text[at:] if at else text)
    if len(said) > len(texts):
        said = [one for one in said if len(one) > READ_CHARACTERS or one.strip()]
    return said, room


def longest_judged_text(body: Any) -> float:
    """The characters of the longest text that LiteLLM's router may judge; infinite where too much would have to be read.

    It judges the newest text of the user that is not made of reminders alone. Each of these ends with `>`.
    """
    longest, steps = 0, MOST_STEPS
    for name in ("messages", "input", "prompt"):
        found = body.get(name) if isinstance(body, dict) else None
        for one in reversed(found) if isinstance(found, list) else (found,):
            steps -= 1
            if steps < 0:
                return math.inf
            role, content = None, one
            if isinstance(one, dict):
                role, content = one.get("role"), one.get("content", one.get("text"))
                if role in NOT_THE_USER:
                    continue
            parts = content if isinstance(content, list) else (content,)
            steps -= len(parts)
            texts = [part.get("text") if isinstance(part, dict) else part for part in parts[:MOST_STEPS]]
            longest = max(longest, sum([len(text) for text in texts if isinstance(text, str)]))
            if role == "user" and steps >= 0 and _is_judged(content, JUDGED_PARTS.get(name)):
                break
    return longest if steps >= 0 else math.inf


def _is_judged(content: Any, kind: str | None) -> bool:
    """Whether there surely is more than reminders in a message."""
    texts = [content]
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == kind]
    for text in reversed(texts):
        end = text[-READ_CHARACTERS:].rstrip() if isinstance(text, str) else ""
        if end or isinstance(text, str) and len(text) > READ_CHARACTERS:
            return end[-1:] not in ("", ">")
    return False


def _both_ends(parts: Sequence[Any], most: int) -> Sequence[Any]:
    half = max(1, most // 2)
    return parts if len(parts) <= 2 * half else [*parts[:half], *parts[-half:]]


def _text_parts(parts: Sequence[Any]) -> Iterator[str]:
    """The texts among the parts of a message: no images, files or results of tools."""
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, dict):
            kind, text = part.get("type"), part.get("text")
            if isinstance(text, str) and isinstance(kind, str) and kind in _TEXT_PARTS:
                yield text


def _head_and_tail(texts: Sequence[str]) -> str:
    """The first and the last characters of a long text; its middle is neither read nor copied."""
    head: list[str] = []
    room = READ_CHARACTERS
    for text in texts:
        head.append(text[:room])
        room -= len(text)
        if room <= 0:
            break
    tail: list[str] = []
    room = READ_CHARACTERS
    for text in reversed(texts):
        tail.append(text[-room:])
        room -= len(text)
        if room <= 0:
            break
    return "\n".join([*head, *reversed(tail)])


USUAL_SCORING = Scoring({})


# -------------------- request --------------------
# What a request looks like to a rule: each field is read from the body, the headers or the caller when first asked for.
#
# Nothing here raises, whatever a client sends: a value of the wrong type is an absent one.


import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any


_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?\Z")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_IMAGE_PARTS = frozenset(("image_url", "input_image", "image"))
_MOST_DIGITS = 300
NONE: frozenset[str] = frozenset()
NOTHING_KNOWN: Mapping[str, Any] = {}


class Request:
    """One request: the parsed JSON body, headers with lower-case names, and what is known of the caller.

    `caller` holds any of key, team, user, tags, endpoint, now and unavailable.
    """

    __slots__ = ("body", "caller", "capability_header", "headers", "model", "score", "scoring")

    def __init__(
        self,
        body: Any,
        headers: Any,
        caller: Mapping[str, Any] = NOTHING_KNOWN,
        capability_header: str = "x-capability",
        scoring: Scoring = USUAL_SCORING,
    ) -> None:
        self.body: dict[Any, Any] = body if isinstance(body, dict) else {}
        model = self.body.get("model")
        self.model: str | None = text_or_none(model) or None
        self.headers: Mapping[Any, Any] = headers if type(headers) is dict or isinstance(headers, Mapping) else {}
        self.caller = caller
        self.capability_header = capability_header
        self.scoring = scoring
        self.score: tuple[Part, ...] | None = None

    @property
    def key(self) -> str | None:
        return text_or_none(self.caller.get("key"))

    @property
    def team(self) -> str | None:
        return text_or_none(self.caller.get("team"))

    @property
    def user(self) -> str | None:
        return text_or_none(self.caller.get("user"))

    @property
    def endpoint(self) -> str | None:
        return text_or_none(self.caller.get("endpoint"))

    @property
    def unavailable(self) -> frozenset[str]:
        """The providers that are known to be down."""
        found = self.caller.get("unavailable")
        return frozenset(one for one in _items(found) if isinstance(one, str)) if found else NONE

    @property
    def metadata(self) -> dict[Any, Any]:
        found = self.body.get("metadata")
        return found if isinstance(found, dict) else {}

    def header(self, name: str) -> str | None:
        return text_or_none(self.headers.get(name))

    def header_number(self, name: str) -> float | int | None:
        """A header's value where it is a plain decimal number."""
        value = self.header(name)
        if value is None or _DECIMAL.match(value) is None:
            return None
        return float(value) if "." in value or len(value) > _MOST_DIGITS else int(value)

    @property
    def capability(self) -> str | None:
        return self.header(self.capability_header) or text_or_none(self.metadata.get("capability")) or None

    @property
    def stream(self) -> bool:
        return self.body.get("stream") is True

    @property
    def tools(self) -> bool:
        found = self.body.get("tools")
        return isinstance(found, list) and len(found) > 0

    @property
    def images(self) -> bool:
        return any(isinstance(part, dict) and _is_image(part) for part in self._parts())

    @property
    def batch_size(self) -> int:
        found = self.body.get("prompt")
        if found is None:
            found = self.body.get("input")
        if not isinstance(found, list):
            return 1
        return max(1, sum(1 for item in found if isinstance(item, str) or _is_token_list(item)))

    @property
    def max_tokens(self) -> float | int | None:
        for name in ("max_tokens", "max_completion_tokens", "max_output_tokens"):
            value = number_or_none(self.body.get(name))
            if value is not None:
                return value
        return None

    @property
    def temperature(self) -> float | int | None:
        return number_or_none(self.body.get("temperature"))

    @property
    def n(self) -> float | int | None:
        return number_or_none(self.body.get("n"))

    @property
    def messages(self) -> int:
        found = self.body.get("messages")
        return len(found) if isinstance(found, list) else 0

    @property
    def prompt_chars(self) -> int:
        return sum(len(text) for text in self._texts())

    @property
    def estimated_tokens(self) -> int:
        length = sum(len(text) if text.isascii() else len(text.encode("utf-8", "replace")) for text in self._texts())
        return -(-length // 3)

    @property
    def complexity(self) -> float:
        """The score from 0 to 100; made when first asked for, its parts stay in `score`."""
        if self.score is None:
            self.score = tuple(self.scoring.parts(self.body))
        return total(self.score)

    @property
    def tags(self) -> frozenset[str]:
        sources = (self.caller.get("tags"), self.metadata.get("tags"), self.body.get("tags"))
        found = {one for source in sources for one in _items(source) if isinstance(one, str)}
        found.update(part.strip() for part in (self.header("x-litellm-tags") or "").split(","))
        found.discard("")
        return frozenset(found)

    def metadata_value(self, name: str) -> Any:
        """A scalar of the body's metadata: text, a number or a bool; None for all else."""
        value = self.metadata.get(name)
        return text_or_none(value) if isinstance(value, str) else value if isinstance(value, bool) else number_or_none(value)

    def moment(self) -> datetime:
        """The time that the request is judged by, in UTC."""
        value = self.caller.get("now")
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value.replace("Z", "+00:00"))
            except ValueError:
                value = None
        if not isinstance(value, datetime):
            return datetime.now(timezone.utc)
        try:
            return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)
        except Exception:  # beyond the first or last year, or a time zone that does not know its offset
            return value.replace(tzinfo=timezone.utc)

    def local_time(self, offsets: Sequence[tuple[int, int]]) -> tuple[int, str]:
        """The minute of the day and the weekday where a zone's offsets are these: [(since, seconds), …] by time."""
        moment = self.moment()
        at = bisect_right(offsets, (int((moment - _EPOCH).total_seconds()), 1 << 30)) - 1
        try:
            local = moment + timedelta(seconds=offsets[max(at, 0)][1])
        except OverflowError:
            local = moment
        return local.hour * 60 + local.minute, _DAYS[local.weekday()]

    def _parts(self) -> Iterator[Any]:
        """Everything that can hold text or an image: message contents and their parts, and the body's text fields."""
        for name in ("messages", "input"):
            for item in _items(self.body.get(name)):
                if isinstance(item, dict):
                    content = item.get("content")
                    yield from (content,) if isinstance(content, str) else _items(content)
        for name in ("system", "instructions", "prompt", "input"):
            value = self.body.get(name)
            yield from (value,) if isinstance(value, str) else _items(value)

    def _texts(self) -> Iterator[str]:
        for part in self._parts():
            if isinstance(part, str):
                yield part
            elif isinstance(part, dict) and isinstance(part.get("text"), str):
                yield part["text"]


def _items(value: Any) -> Iterable[Any]:
    return value if isinstance(value, (list, tuple, set, frozenset)) else ()


def _is_image(part: dict[Any, Any]) -> bool:
    kind = part.get("type")
    return isinstance(kind, str) and kind in _IMAGE_PARTS


def _is_token_list(item: Any) -> bool:
    return isinstance(item, list) and bool(item) and all(type(one) is int for one in item)


def text_or_none(value: Any) -> str | None:
    """A text, and of a class made of texts the plain text; None for all else."""
    return value if type(value) is str else str.__str__(value) if isinstance(value, str) else None


def number_or_none(value: Any) -> float | int | None:
    """A number that can be compared: an int or float, not a bool and not NaN."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        return None
    return value


FIELD_READERS: dict[str, Callable[[Request], Any]] = {
    "model": lambda request: request.model,
    "capability": lambda request: request.capability,
    "stream": lambda request: request.stream,
    "tools": lambda request: request.tools,
    "images": lambda request: request.images,
    "batch_size": lambda request: request.batch_size,
    "max_tokens": lambda request: request.max_tokens,
    "temperature": lambda request: request.temperature,
    "n": lambda request: request.n,
    "prompt_chars": lambda request: request.prompt_chars,
    "estimated_tokens": lambda request: request.estimated_tokens,
    "messages": lambda request: request.messages,
    "complexity": lambda request: request.complexity,
    "endpoint": lambda request: request.endpoint,
    "user": lambda request: request.user,
    "team": lambda request: request.team,
    "key": lambda request: request.key,
    "tag": lambda request: request.tags,
}
"""How each plain field is read; `header.NAME`, `metadata.NAME`, `model_size` and the times take an argument or the catalogue."""


# -------------------- tuned --------------------
# What the rules say of single deployments: weight, priority, retries and the like.


from collections.abc import Mapping
from typing import Any

NOTHING_SAID: Mapping[str, Any] = {}


class Tuned:
    """Who knows it; `deployments` is by (client-visible name, provider), and the name `*` is any other."""

    deployments: Mapping[tuple[str, str], Mapping[str, Any]]

    def deployment(self, place: Any) -> Mapping[str, Any]:
        """What the rules say of a candidate or hop, where they say anything."""
        found = self.deployments.get((place.group, place.provider))
        return self.deployments.get(("*", place.provider), NOTHING_SAID) if found is None else found


# -------------------- catalogue --------------------
# What exists: providers and models as plain data, and who serves what by which name.


import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any


MOST_REMEMBERED = 32_768
NOBODY: frozenset[str] = frozenset()


class Catalogue(Tuned):
    """Providers are (template, accepted patterns, default model, context), models (served by, size, context).

    A model that is None is LiteLLM's own business: nobody serves it.

    `patterns` are the matchers of the rule set as data; rules, providers and conditions name them by number.
    """

    def __init__(
        self,
        providers: Mapping[str, Sequence[Any]],
        models: Mapping[str, Sequence[Any] | None],
        patterns: Sequence[Sequence[Any]],
        deployments: Mapping[tuple[str, str], Mapping[str, Any]],
    ) -> None:
        self.providers = providers
        self.models = models
        self.patterns = patterns
        self.deployments = deployments
        self.matchers: list[Callable[[str], bool] | None] = [None] * len(patterns)
        self.fixed = {name: None if "{model}" in one[0] else one[0].rpartition("/")[2] for name, one in providers.items()}
        self.accepting: dict[str, frozenset[str]] = {}
        self.open = frozenset(name for name, one in providers.items() if any(patterns[at][0] == "any" for at in one[1]))
        self.choosing = [(name, one[1]) for name, one in providers.items() if one[1] and name not in self.open]

    def matches(self, pattern: int, text: str) -> bool:
        """Whether a pattern matches."""
        return self.matcher(pattern)(text)

    def matcher(self, pattern: int) -> Callable[[str], bool]:
        """The test of a pattern, built when it is first needed."""
        found = self.matchers[pattern]
        if found is None:
            found = self.matchers[pattern] = build_matcher(self.patterns[pattern])
        return found

    def accepts(self, model: str) -> frozenset[str]:
        """The providers whose patterns take this name, remembered for the names asked last where patterns choose."""
        if not is_regular_name(model) or self.models.get(model, ()) is None:
            return NOBODY
        if not self.choosing:
            return self.open
        found = self.accepting.get(model)
        if found is None:
            if len(self.accepting) >= MOST_REMEMBERED:
                self.accepting.clear()
            found = self.accepting[model] = self.open.union(
                name for name, patterns in self.choosing if any(self.matches(one, model) for one in patterns)
            )
        return found

    def size(self, model: str | None) -> int | None:
        """The parameters of a requested model: the catalogue's, else read from its name."""
        if model is None:
            return None
        entry = self.models.get(model)
        if entry is None or entry[1] is None:
            return size_from_name(model)
        size: int = entry[1]
        return size if is_regular_name(model) else None

    def serving(self, model: str) -> list[str]:
        """The providers that serve a model, in the catalogue's order, else in the order they are declared."""
        entry = self.models.get(model)
        if entry is not None and entry[0] is not None:
            return [name for name, _ in entry[0]]
        accepting = self.accepts(model)
        return [name for name in self.providers if name in accepting]

    def candidates(self, providers: Iterable[tuple[str, float | None]], model: str) -> list[Candidate]:
        """The places where these providers, each with its weight, serve a model; of those that can."""
        entry = self.models.get(model)
        served = dict(entry[0]) if entry is not None and entry[0] is not None else {}
        accepting = self.accepts(model)
        return [
            self.place(provider, self.fixed[provider] or served.get(provider, model), model, weight)
            for provider, weight in providers
            if provider in served or provider in accepting
        ]

    def candidate(self, provider: str, model: str) -> Candidate | None:
        """The place where a provider serves a model, None where it cannot."""
        return next(iter(self.candidates([(provider, None)], model)), None)

    def place(self, provider: str, upstream: str, model: str, weight: float | None = None) -> Candidate:
        litellm_model = self.providers[provider][0].replace("{model}", upstream)
        return Candidate(provider, upstream, litellm_model, model, weight)

    def arranged(
        self, candidates: tuple[Candidate, ...], strategy: str | None
    ) -> tuple[tuple[Candidate, ...], str | None]:
        """The candidates of a rule by priority, and the strategy among equal ones.

        Where the rule gives no weights and no other strategy, those of the deployments count.
        """
        if len(candidates) < 2:
            return candidates, None
        told = [self.deployment(one) for one in candidates] if self.deployments else []
        own_weights = any(one.weight is not None for one in candidates)
        weigh = strategy in (None, "weighted") and not own_weights and any("weight" in one for one in told)
        if weigh or any("priority" in one for one in told):
            candidates = tuple(
                Candidate(
                    one.provider,
                    one.model,
                    one.litellm_model,
                    one.group,
                    said.get("weight", 1.0) if weigh else one.weight,
                    said.get("priority"),
                )
                for one, said in zip(candidates, told, strict=True)
            )
            candidates = tuple(sorted(candidates, key=_by_priority))
        return candidates, "weighted" if weigh else strategy or "random"

    def stand_in(self, provider: str, weight: float | None = None) -> Candidate | None:
        """A provider's default model, which stands in where the rules say so."""
        default = self.providers[provider][2]
        if default is None:
            return None
        served = self.candidates([(provider, weight)], default)
        return served[0] if served else self.place(provider, self.fixed[provider] or default, default, weight)

    def fits(self, place: Candidate, min_size: int | None, min_context: int | None) -> bool:
        """Whether a candidate is large enough; an unknown size or context is not."""
        entry = self.models.get(place.group)
        if min_size is not None:
            size = entry[1] if entry is not None else None
            if size is None:
                size = size_from_name(place.group)
            if size is None:
                size = size_from_name(place.model)
            if size is None or size < min_size:
                return False
        if min_context is not None:
            context = entry[2] if entry is not None else None
            if context is None:
                context = self.providers[place.provider][3]
            if context is None or context < min_context:
                return False
        return True


def _by_priority(candidate: Candidate) -> float:
    return math.inf if candidate.priority is None else candidate.priority


# -------------------- conditions --------------------
# Conditions as data to tests: a comparison with an absent field is false, `not` turns it round.


from collections.abc import Callable, Sequence
from typing import Any


Test = Callable[[Request, "frozenset[str]"], bool]
"""A condition: the request and the providers that are unavailable to a bool."""
Zones = Sequence["Sequence[tuple[int, int]]"]
"""For each time zone in use its offsets: [(seconds since 1970, offset in seconds), …] by time."""


def build_test(row: Sequence[Any], catalogue: Catalogue, zones: Zones) -> Test:
    """The test for one condition as data; the first item of a row names its kind."""
    kind = row[0]
    if kind == "always":
        return lambda request, down: True
    if kind == "not":
        inner = build_test(row[1], catalogue, zones)
        return lambda request, down: not inner(request, down)
    if kind in ("and", "or"):
        return _combined([build_test(one, catalogue, zones) for one in row[1]], kind == "or")
    if kind == "unavailable":
        return lambda request, down: row[1] in down
    if kind == "between":
        return _between(row[1], row[2], zones[row[3]])
    if kind == "days":
        return lambda request, down: request.local_time(zones[row[2]])[1] in row[1]
    if kind == "tag":
        return lambda request, down: row[1] in request.tags
    return _field_test(row, catalogue)


def _combined(tests: Sequence[Test], verdict: bool) -> Test:
    """Gives this verdict where any of the tests does, else the other one."""

    def test(request: Request, down: frozenset[str]) -> bool:
        for one in tests:
            if one(request, down) is verdict:
                return verdict
        return not verdict

    return test


def _between(start: int, end: int, offsets: Any) -> Test:
    def test(request: Request, down: frozenset[str]) -> bool:
        minute = request.local_time(offsets)[0]
        return start <= minute < end if start < end else minute >= start or minute < end

    return test


def _field_test(row: Sequence[Any], catalogue: Catalogue) -> Test:
    kind, name, argument = row[:3]
    if kind == "present":
        read = field_reader(name, argument, catalogue)
        return lambda request, down: read(request) not in (None, frozenset())
    if kind == "flag":
        read = field_reader(name, argument, catalogue)
        return lambda request, down: read(request) is True
    if kind == "matches":
        read = field_reader(name, argument, catalogue)
        return _matches(read, name == "model", row[3], catalogue)
    if kind == "among":
        return _combined([_comparison(name, argument, "==", one, catalogue) for one in row[3]], True)
    return _comparison(name, argument, row[3], row[4], catalogue)


def _matches(read: Callable[[Request], Any], names_only: bool, pattern: int, catalogue: Catalogue) -> Test:
    def test(request: Request, down: frozenset[str]) -> bool:
        text = read(request)
        if not isinstance(text, str) or (names_only and not is_regular_name(text)):
            return False
        return catalogue.matches(pattern, text)

    return test


def _comparison(name: str, argument: str | None, operator: str, literal: Any, catalogue: Catalogue) -> Test:
    as_number = name == "header" and not isinstance(literal, str)
    read = field_reader("header_number" if as_number else name, argument, catalogue)
    compare = COMPARISONS[operator]
    wanted = (str,) if isinstance(literal, str) else (bool,) if isinstance(literal, bool) else (int, float)

    def test(request: Request, down: frozenset[str]) -> bool:
        value = read(request)
        return type(value) in wanted and compare(value, literal)

    return test


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda value, literal: bool(value == literal),
    "<": lambda value, literal: bool(value < literal),
    "<=": lambda value, literal: bool(value <= literal),
    ">": lambda value, literal: bool(value > literal),
    ">=": lambda value, literal: bool(value >= literal),
    "contains": lambda value, literal: literal in value,
    "starts_with": lambda value, literal: bool(value.startswith(literal)),
    "ends_with": lambda value, literal: bool(value.endswith(literal)),
}


def field_reader(name: str, argument: str | None, catalogue: Catalogue) -> Callable[[Request], Any]:
    """How a field is read from a request, bound to its argument."""
    key = argument or ""
    if name == "header":
        return lambda request: request.header(key)
    if name == "header_number":
        return lambda request: request.header_number(key)
    if name == "metadata":
        return lambda request: request.metadata_value(key)
    if name == "model_size":
        return lambda request: catalogue.size(request.model)
    return FIELD_READERS.get(name, _always)


def _always(request: Request) -> bool:
    return True


# -------------------- index --------------------
# Indexes that find the few rules that can match, so that a decision does not walk through all of them.
#
# Sets of clauses and patterns are ints used as bit sets: the lowest bit that stays is the first in order.


from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import merge
from typing import Any, Literal


MOST_VALUES = 4096
LONGEST_INDEXED = 512
CALLER_FIELDS = frozenset(("endpoint", "key", "team", "user"))


class ConditionIndex:
    """Finds the `when` rules that match a request.

    A condition is a union of clauses, each of which is reached in one way: by a value that it asks for, or in a group.
    `clauses` are (rule, rest) in order, and what is reached is tested for its `rest`, if it has one. `keys` are (field,
    argument, table), where the table lists the clauses by value; `groups` are (guard, members, columns). So a request costs
    what it says itself: headers and metadata that nobody asks for, and rules whose values it does not name, cost nothing.
    """

    def __init__(
        self,
        clauses: Sequence[Sequence[Any]],
        keys: Sequence[Sequence[Any]],
        groups: Sequence[Sequence[Any]],
        catalogue: Catalogue,
        zones: Zones,
    ) -> None:
        self.rules = [rule for rule, _ in clauses]
        self.rows = [rest for _, rest in clauses]
        self.rests: dict[int, Test] = {}
        self.catalogue = catalogue
        self.zones = zones
        self.headers: dict[str, Entrance] = {}
        self.metadata: dict[str, Entrance] = {}
        self.fields: list[tuple[Callable[[Request], Any], dict[str, Sequence[int]]]] = []
        self.tags: dict[str, Sequence[int]] = {}
        self.unguarded: list[Group] = []
        named = {"header": self.headers, "metadata": self.metadata}
        for name, argument, table in keys:
            if name in named:
                named[name].setdefault(argument, Entrance()).table = table
            elif name == "tag":
                self.tags = table
            else:
                self.fields.append((field_reader(name, argument, catalogue), table))
        for guard, members, columns in groups:
            group = Group(members, columns, catalogue)
            if guard is None:
                self.unguarded.append(group)
            else:
                named[guard[0]].setdefault(guard[1], Entrance()).group = group
        self.header_names = frozenset(self.headers)
        self.known_of_caller = [(name, table) for name, _, table in keys if name in CALLER_FIELDS]
        plain = {*named, *CALLER_FIELDS}
        self.asks_more = bool(self.unguarded) or any(name not in plain for name, _, _ in keys)
        self.headers_only = not (self.asks_more or self.metadata or self.known_of_caller)

    def is_passed_by(self, body: dict[Any, Any], headers: dict[Any, Any], caller: Mapping[str, Any]) -> bool:
        """Whether a request surely reaches no clause, as most do; raises what values raise that no table can hold."""
        if not self.header_names.isdisjoint(headers):
            for name in self.header_names.intersection(headers):
                entrance = self.headers[name]
                if entrance.group is not None or headers[name] in entrance.table:
                    return False
        if self.headers_only:
            return True
        if self.asks_more or (self.metadata and "metadata" in body):
            return False
        return not any(caller.get(name) in table for name, table in self.known_of_caller)

    def matching(self, request: Request) -> Iterable[int]:
        """The rules whose condition holds, in order, each once."""
        found = self.reached(request)
        return self.confirmed(found[0] if len(found) == 1 else merge(*found), request) if found else ()

    def reached(self, request: Request) -> list[Iterable[int]]:
        """The clauses that a request may satisfy, each list in order."""
        found: list[Iterable[int]] = []
        headers = request.headers
        if not self.header_names.isdisjoint(headers):
            for name in self.header_names.intersection(headers):
                self.headers[name].reached(headers[name], request, found)
        if self.metadata:
            metadata = request.metadata
            for name in self.metadata.keys() & metadata.keys():
                self.metadata[name].reached(metadata[name], request, found)
        for read, table in self.fields:
            numbers = table.get(read(request))
            if numbers is not None:
                found.append(numbers)
        if self.tags:
            for tag in self.tags.keys() & request.tags:
                found.append(self.tags[tag])
        for group in self.unguarded:
            group.reached(request, found)
        return found

    def confirmed(self, clauses: Iterable[int], request: Request) -> Iterator[int]:
        """Of clauses in order the rules of those whose rest holds, each once."""
        last = -1
        for number in clauses:
            rule = self.rules[number]
            if rule != last and (self.rows[number] is None or self.rest(number)(request, request.unavailable)):
                last = rule
                yield rule

    def rest(self, number: int) -> Test:
        """The test for what no index decides of a clause, built when it is first needed."""
        found = self.rests.get(number)
        if found is None:
            found = self.rests[number] = build_test(self.rows[number], self.catalogue, self.zones)
        return found


class Entrance:
    """What a header or metadata key leads to: clauses by its value, and a group of those that need it."""

    __slots__ = ("group", "table")

    def __init__(self) -> None:
        self.table: dict[str | None, Sequence[int]] = {}
        self.group: Group | None = None

    def reached(self, value: Any, request: Request, found: list[Iterable[int]]) -> None:
        """Adds the clauses that a request with this value may satisfy."""
        text = text_or_none(value)
        if text in self.table:
            found.append(self.table[text])
        if self.group is not None:
            self.group.reached(request, found)


class Group:
    """Clauses that are judged together: for each field a column knows which of them a value satisfies, or may satisfy."""

    def __init__(self, members: Sequence[int], columns: Sequence[Sequence[Any]], catalogue: Catalogue) -> None:
        self.members = members
        self.everything = (1 << len(members)) - 1
        self.rows = columns
        self.catalogue = catalogue

    @cached_property
    def columns(self) -> list[ValueColumn | NumberColumn | TextColumn]:
        """Made for the first request that must ask them."""
        return [_make_column(row, self.catalogue) for row in self.rows]

    def reached(self, request: Request, found: list[Iterable[int]]) -> None:
        """Adds the members that a request may satisfy."""
        remaining = self.everything
        for column in self.columns:
            remaining &= column.satisfied(request)
            if not remaining:
                return
        found.append(map(self.members.__getitem__, numbers_of(remaining)))


class ValueColumn:
    """What the clauses ask of a field by equality: `table` lists for each named value the clauses it changes."""

    def __init__(self, read: Any, otherwise: int, absent: int, table: dict[Any, Sequence[int]]) -> None:
        self.read = read
        self.otherwise = otherwise
        self.absent = absent
        self.table = table
        self.known: dict[Any, int] = {}

    def satisfied(self, request: Request) -> int:
        value = self.read(request)
        if value is None:
            return self.absent
        if value is True or value is False:
            value = ("bool", value)
        elif type(value) is not str:
            return self.otherwise
        found = self.known.get(value)
        if found is not None:
            return found
        changed = self.table.get(value)
        if changed is None:
            return self.otherwise
        found = self.known[value] = self.otherwise ^ bits(changed)
        return found


class NumberColumn:
    """What the clauses ask of a number: between and on its `cuts` the same clauses are satisfied.

    `table` lists for each of the 2n+1 places (below the first cut, on it, above it, …) the clauses that change there.
    """

    def __init__(self, read: Any, absent: int, cuts: Sequence[Any], table: Sequence[Sequence[int]]) -> None:
        self.read = read
        self.absent = absent
        self.cuts = cuts
        self.table = table
        self.known: dict[int, int] = {}

    def satisfied(self, request: Request) -> int:
        value = self.read(request)
        if value is None or type(value) is bool or not isinstance(value, (int, float)):
            return self.absent
        return self.at(value)

    def at(self, value: float | int) -> int:
        at = bisect_left(self.cuts, value)
        place = 2 * at + (1 if at < len(self.cuts) and self.cuts[at] == value else 0)
        found = self.known.get(place)
        if found is None:
            found = 0
            for changed in self.table[: place + 1]:
                found ^= bits(changed)
            self.known[place] = found
        return found


class TextColumn:
    """What the clauses search for in a text; the clauses found are possible, and their rest tests them exactly."""

    def __init__(self, read: Any, asked: int, others: int, index: LiteralIndex) -> None:
        self.read = read
        self.asked = asked
        self.others = others
        self.index = index
        self.known: dict[str, int] = {}

    def satisfied(self, request: Request) -> int:
        value = self.read(request)
        if type(value) is not str:
            return self.others
        if len(value) > LONGEST_INDEXED:
            return self.others | self.asked
        found = self.known.get(value)
        if found is None:
            if len(self.known) >= MOST_VALUES:
                self.known.clear()
            found = self.known[value] = self.others | bits(self.index.possible(value))
        return found


def _make_column(row: Sequence[Any], catalogue: Catalogue) -> ValueColumn | NumberColumn | TextColumn:
    kind, name, argument, otherwise, absent, *table = row
    if kind == "values":
        return ValueColumn(field_reader(name, argument, catalogue), bits(otherwise), bits(absent), table[0])
    if kind == "texts":
        return TextColumn(field_reader(name, argument, catalogue), bits(otherwise), bits(absent), LiteralIndex(*table))
    if name == "header":
        name = "header_number"
    return NumberColumn(field_reader(name, argument, catalogue), bits(absent), table[0], table[1])


def bits(numbers: Sequence[int]) -> int:
    """The numbers as a bit set."""
    if not numbers:
        return 0
    octets = bytearray(max(numbers) // 8 + 1)
    for number in numbers:
        octets[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(octets, "little")


def numbers_of(found: int) -> Iterator[int]:
    """The numbers in a bit set, the lowest first."""
    while found:
        lowest = found & -found
        found ^= lowest
        yield lowest.bit_length() - 1


Literals = tuple[str, str, "Sequence[int]"]
"""Two literals, of which the second may be empty, and whose they are."""


class LiteralIndex:
    """Finds the rules (or clauses) whose patterns can match a text, by literals that every match must hold.

    `names`, `prefixes` and `suffixes` list rules by literal; `grams` list them by a few characters of a literal that may
    stand anywhere, as (literal, second literal, rules); `others` have no such literal. What is found is only possible: the
    matcher decides.
    """

    def __init__(
        self,
        names: dict[str, Sequence[int]],
        prefixes: dict[str, Sequence[int]],
        suffixes: dict[str, Sequence[int]],
        grams: dict[str, Sequence[Literals]],
        others: Sequence[int],
    ) -> None:
        self.names = names
        self.prefixes = prefixes
        self.suffixes = suffixes
        self.others = others
        self.grams = grams

    @cached_property
    def first(self) -> int:
        """The length of the shortest prefix; like all that follows it is made for the first text, not at the start."""
        return min(map(len, self.prefixes), default=0)

    @cached_property
    def last(self) -> int:
        return min(map(len, self.suffixes), default=0)

    @cached_property
    def beginnings(self) -> dict[str, list[int]]:
        """The lengths of prefixes by what they begin with."""
        return _lengths_by((one[: self.first], len(one)) for one in self.prefixes)

    @cached_property
    def ends(self) -> dict[str, list[int]]:
        return _lengths_by((one[len(one) - self.last :], len(one)) for one in self.suffixes)

    @cached_property
    def words(self) -> dict[int, dict[int, list[Literals]]]:
        """By size the words that grams begin with, each with the literals that hold it."""
        found: dict[int, dict[int, list[Literals]]] = {}
        for gram, literals in self.grams.items():
            octets = octets_of(gram)
            size = next((size for size in WORDS if len(octets) >= size), None)
            if size is not None:
                found.setdefault(size, {}).setdefault(words_of(octets[:size], size)[0], []).extend(literals)
        return found

    @cached_property
    def known_words(self) -> list[tuple[int, dict[int, list[Literals]], frozenset[int]]]:
        return [(size, words, frozenset(words)) for size, words in self.words.items()]

    @cached_property
    def short(self) -> list[Literals]:
        """The literals that are shorter than any word."""
        few = min(WORDS)
        return [one for gram, literals in self.grams.items() if len(octets_of(gram)) < few for one in literals]

    def possible(self, text: str) -> Sequence[int]:
        """The rules that can match, in order."""
        found = [self.others] if self.others else []
        if text in self.names:
            found.append(self.names[text])
        for length in self.beginnings.get(text[: self.first], ()):
            rules = self.prefixes.get(text[:length])
            if rules is not None:
                found.append(rules)
        size = len(text)
        for length in self.ends.get(text[size - self.last :], ()) if size >= self.last else ():
            rules = self.suffixes.get(text[size - length :]) if length <= size else None
            if rules is not None:
                found.append(rules)
        if self.known_words:
            octets = octets_of(text)
            for length, literals_of, known in self.known_words:
                for word in known.intersection(words_of(octets, length)):
                    for literal, second, rules in literals_of[word]:
                        if literal in text and second in text:
                            found.append(rules)
        if self.short:
            found += [rules for literal, second, rules in self.short if literal in text and second in text]
        if len(found) < 2:
            return found[0] if found else ()
        return sorted(set().union(*found))


def _lengths_by(found: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    """The lengths of literals by what all of them begin or end with."""
    lengths: dict[str, set[int]] = {}
    for key, length in found:
        lengths.setdefault(key, set()).add(length)
    return {key: sorted(one) for key, one in lengths.items()}


WORDS: dict[int, Literal["Q", "I"]] = {8: "Q", 4: "I"}
"""How many bytes are looked up as one number, and what numbers of so many are called."""


def octets_of(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def words_of(octets: bytes, size: int) -> memoryview:
    """Every run of so many bytes as a number, first those that begin at the first byte or whole runs behind it."""
    count = len(octets)
    shifted = [octets[at : count - (count - at) % size] for at in range(min(size, count))]
    return memoryview(b"".join(shifted)).cast(WORDS[size])


# -------------------- rules --------------------
# The rules as tables hold them, phase by phase, and the rows that decisions are made of.


from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

EXACT = "exact"


class RuleRows(dict[int, tuple[Any, ...]]):
    """By its number in the order that counts each rule: (name, phase, target, chain, strategy, sticky, prefer_warm).

    `phases` list the rules as (name, route), the exact ones by the model that they are for, which most are called after.
    `routes` are the rest of a row, and many rules share one. A row is made when it is first asked for.
    """

    def __init__(self, phases: Mapping[str, Any], routes: Sequence[Sequence[Any]]) -> None:
        super().__init__()
        self.phases = phases
        self.routes = routes
        *firsts, self.count = accumulate(map(len, phases.values()), initial=0)
        self.firsts = dict(zip(phases, firsts))  # noqa: B905 - as many
        self.exact: Mapping[str, int | tuple[str, int]] = phases.get(EXACT, {})

    def __missing__(self, number: int) -> tuple[Any, ...]:
        for phase, first in self.firsts.items():
            if number < first + len(self.phases[phase]):
                rules = self.models if phase == EXACT else self.phases[phase]
                row = self[number] = self.row(phase, rules[number - first])
                return row
        raise KeyError(number)

    def row(self, phase: str, rule: Any) -> tuple[Any, ...]:
        """The row of a rule as its phase lists it."""
        if phase == EXACT:
            told = self.exact[rule]
            rule = (f"{EXACT}:{rule}", told) if isinstance(told, int) else told
        name, route = rule
        return (name, phase, *self.routes[route])

    def by_number(self, phase: str, told: Iterable[Any]) -> dict[int, Any]:
        """What is told of each rule of a phase, in order, by the number of the rule."""
        return dict(enumerate(told, self.firsts.get(phase, 0)))

    def numbered(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """All rules with their numbers; none is remembered."""
        return enumerate(self.row(phase, rule) for phase, rules in self.phases.items() for rule in rules)

    @cached_property
    def models(self) -> Sequence[str]:
        """The models of the exact rules, in order."""
        return tuple(self.exact)

    @cached_property
    def exact_numbers(self) -> Mapping[str, int]:
        """The numbers of the exact rules, by model."""
        return {model: number for number, model in self.by_number(EXACT, self.models).items()}


# -------------------- engine --------------------
# The decision: tables made by the compiler, walked in the order of the phases.


from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any


MOST_STRANGERS = 32_768
MOST_LEAVES = 65_536
MOST_NATIVE_CHARACTERS = 4_000
"""Of the longest text of the user; LiteLLM's router takes milliseconds up to there, minutes for a megabyte."""


class Engine:
    """Decides requests by tables: rules in effective order, one index for each phase (see `ir.tables`)."""

    def __init__(self, tables: dict[str, Any]) -> None:
        self.capability_header: str = tables["capability_header"]
        self.catalogue = Catalogue(tables["providers"], tables["models"], tables["patterns"], tables["deployments"])
        self.zones = tables["zones"]
        self.scoring = Scoring(tables["complexity"])
        self.rules = RuleRows(tables["rules"], tables["routes"])
        self.exact = self.rules.exact
        self.chains = [build_chain(row, self.catalogue, self.zones) for row in tables["chains"]]
        clauses, keys, groups = tables["when"]
        self.when = ConditionIndex(clauses, keys, groups, self.catalogue, self.zones) if clauses else None
        self.folded: dict[str, int | None] = tables["names"]
        self.rule_patterns = self.rules.by_number("pattern", tables["rule_patterns"])
        self.takes: dict[int, Callable[[str], bool]] = {}
        self.pattern_index = LiteralIndex(*tables["pattern_index"]) if tables["pattern_index"] else None
        self.capabilities: dict[str, int] = tables["capabilities"]
        self.size_rules, cuts, changes = tables["sizes"]
        self.sizes = NumberColumn(None, 0, cuts, changes)
        self.default: int | None = tables["default"]
        self.nothing = Decision("refuse", None, None, status=400, text=tables["refusal"])
        self.strangers: deque[str] = deque()
        self.most_strangers = MOST_STRANGERS
        self.decided: dict[str | None, Decision] = {}
        self.decided_strangers: dict[str | None, Decision] = {}  # apart, so that a flood of them makes the other table no wider
        self.undecided: dict[str | None, tuple[Outcome | None, Outcome | None]] = {}
        self.leaves: dict[tuple[int, str | None], Outcome | None] = {}

    def decide(self, body: Any, headers: Any, caller: Mapping[str, Any]) -> Decision:
        """The first rule that matches and applies: when, exact, pattern, capability, size, default.

        Most requests name a model that came before and meet no condition: they are answered before any field is read.
        """
        if type(body) is dict and type(headers) is dict:
            try:
                name = body.get("model")
                found = self.decided.get(name) or self.decided_strangers.get(name)
                if found is not None and (self.when is None or self.when.is_passed_by(body, headers, caller)):
                    return found
            except Exception:  # a value that cannot be looked up, whatever it raises: not one that rules know
                pass
        return self.judge(Request(body, headers, caller, self.capability_header, self.scoring))

    def judge(self, request: Request) -> Decision:
        """The decision for a request, phase by phase."""
        model = request.model
        if self.when is not None:
            for rule in self.when.matching(request):
                leaf = self.leaf(rule, model)
                if leaf is not None:
                    return leaf.decision(request)
        decision = self.decided.get(model) or self.decided_strangers.get(model)
        return self.by_name(model, request) if decision is None else decision

    def by_name(self, model: str | None, request: Request) -> Decision:
        """What is left to decide where no condition did; remembered where the name alone decides."""
        names = self.undecided.get(model)
        early, late = names or self.outcomes(model)
        settled = early is not None or not self.capabilities
        leaf = early or (None if settled else self.by_capability(request)) or late
        decision = self.nothing if leaf is None else leaf.decision(request)
        if settled and (leaf is None or not leaf.asks):
            self.remember(model, decision)
        elif names is None:
            for one in (early, late):
                if one is not None:
                    one.keep()
            self.remember(model, (early, late))
        return decision

    def outcomes(self, model: str | None) -> tuple[Outcome | None, Outcome | None]:
        """What the name alone says: by the exact and pattern rules, and by the size rules and the default."""
        early = late = None
        if model is not None:
            early = self.early(model)
            if early is not None and not early.asks:
                return early, None
            late = self.first(self.matching_sizes(model), model)[1]
        if late is None and self.default is not None:
            late = self.make(self.default, model)
        return early, late

    def early(self, model: str) -> Outcome | None:
        """What the exact and pattern rules say; of each other name in the catalogue the compiler knew it."""
        found = self.exactly(model)
        if found is not None:
            return found
        if model not in self.folded:
            return self.first(self.matching_patterns(model), model)[1]
        rule = self.folded[model]
        return None if rule is None else self.make(rule, model)

    def exactly(self, model: str) -> Outcome | None:
        """What the exact rule for a model says, if there is one that applies."""
        if model not in self.exact:
            return None
        return make_leaf(self.rules.row(EXACT, model), model, self.catalogue, self.chains)

    def remember(self, model: str | None, found: Decision | tuple[Outcome | None, Outcome | None]) -> None:
        """Keeps what was found for a name: always for those of the rules and the catalogue, of others for the last ones.

        Long names are forgotten at once.
        """
        decided = self.decided
        if model is not None and model not in self.exact and model not in self.folded:
            if len(model) > LONGEST_NAME:
                return
            if len(self.strangers) >= self.most_strangers:
                first = self.strangers.popleft()
                self.decided_strangers.pop(first, None)
                self.undecided.pop(first, None)
            self.strangers.append(model)
            decided = self.decided_strangers
        if isinstance(found, Decision):
            decided[model] = found
        else:
            self.undecided[model] = found

    def by_capability(self, request: Request) -> Outcome | None:
        capability = request.capability
        rule = None if capability is None else self.capabilities.get(capability)
        return None if rule is None else self.leaf(rule, request.model)

    def matching_patterns(self, model: str) -> Iterator[int]:
        """The pattern rules that take a name, in order."""
        if self.pattern_index is not None and is_regular_name(model):
            takes = self.takes
            for rule in self.pattern_index.possible(model):
                if (takes.get(rule) or self.taking(rule))(model):
                    yield rule

    def taking(self, rule: int) -> Callable[[str], bool]:
        """The test whether a pattern rule takes a name, made when it is first needed."""
        tests = [self.catalogue.matcher(pattern) for pattern in self.rule_patterns[rule]]
        found = self.takes[rule] = tests[0] if len(tests) == 1 else any_of(tests)
        return found

    def matching_sizes(self, model: str) -> Iterator[int]:
        size = self.catalogue.size(model) if self.size_rules else None
        if size is not None:
            for number in numbers_of(self.sizes.at(size)):
                yield self.size_rules[number]

    def first(self, rules: Iterable[int], model: str | None) -> tuple[int | None, Outcome | None]:
        """The first of these rules that applies to a model, and what it does."""
        for rule in rules:
            found = self.make(rule, model)
            if found is not None:
                return rule, found
        return None, None

    def make(self, rule: int, model: str | None) -> Outcome | None:
        """What a rule does with a model; None where it does not apply."""
        return make_leaf(self.rules[rule], model, self.catalogue, self.chains)

    def leaf(self, rule: int, model: str | None) -> Outcome | None:
        """The same as `make`, remembered."""
        key = (rule, model)
        if key in self.leaves:
            return self.leaves[key]
        leaf = self.make(rule, model)
        if leaf is not None:
            leaf.keep()
        if model is None or len(model) <= LONGEST_NAME:
            if len(self.leaves) >= MOST_LEAVES:
                self.leaves.clear()
            self.leaves[key] = leaf
        return leaf


class BuiltChain:
    """A fallback chain: for each hop (provider, model, on_error, text of its condition, its test, providers asked in it).

    `conditions` are, of the hops that have one, the test and the providers asked in it.
    """

    __slots__ = ("conditions", "hops", "name", "retry_attempts", "retry_delay_ms")

    def __init__(
        self, name: str | None, hops: Sequence[tuple[Any, ...]], retry_attempts: int = 0, retry_delay_ms: int = 0
    ) -> None:
        self.name = name
        self.hops = hops
        self.retry_attempts = retry_attempts
        self.retry_delay_ms = retry_delay_ms
        self.conditions: Sequence[tuple[Test, Sequence[str]]] = [hop[4:] for hop in hops if hop[4] is not None]


def build_chain(row: Sequence[Any], catalogue: Catalogue, zones: Zones) -> BuiltChain:
    """The chain of a row of `ir.rows`, its conditions made to tests."""
    name, hops, attempts, delay = row
    built = [
        (provider, model, on_error, text, None if when is None else build_test(when, catalogue, zones), asked)
        for provider, model, on_error, text, when, asked in hops
    ]
    return BuiltChain(name, built, attempts, delay)


class Leaf:
    """A rule and a model together: the candidates are known, only conditions of hops may wait for the request.

    `courses` is for those who follow its decisions, to remember what is the same for many requests.
    """

    __slots__ = ("rule", "model", "places", "strategy", "catalogue", "chain", "rows", "courses", "asks", "ready")

    def __init__(
        self, rule: Sequence[Any], model: str | None, places: tuple[Candidate, ...], catalogue: Catalogue, chain: BuiltChain
    ) -> None:
        self.rule = rule
        self.model = model
        self.places, self.strategy = catalogue.arranged(places, rule[4])
        self.catalogue = catalogue
        self.chain = chain
        self.rows: dict[str, list[tuple[Test | None, str | None, list[Hop]]]] = {}
        self.courses: dict[tuple[Any, ...], Any] = {}
        self.asks = bool(chain.conditions)
        self.ready: Decision | None = None

    def keep(self) -> None:
        """Makes the decision once, where no hop asks about the request: who is remembered is asked again."""
        if not self.asks:
            self.ready = self.make(None)

    def decision(self, request: Request) -> Decision:
        """The decision for a request; where no hop asks about the request it is always an equal one."""
        return self.ready or self.make(request if self.asks else None)

    def make(self, request: Request | None) -> Decision:
        name, phase, target, _, _, sticky, prefer_warm = self.rule
        if target[0] in ("pass", "refuse"):
            refused = target[0] == "refuse"
            text, status = (target[1], target[2]) if refused else (None, None)
            return Decision(target[0], name, phase, status=status, text=text)
        if target[0] == "native":
            return Decision("pass", name, phase, self.places)
        several = len(self.places) > 1
        return Decision(
            "route",
            name,
            phase,
            self.places,
            self.strategy,
            sticky if several else None,
            None,
            retry_attempts=self.chain.retry_attempts,
            retry_delay_ms=self.chain.retry_delay_ms,
            prefer_warm=several and prefer_warm,
            leaf=self,
            request=request,
        )

    def verdicts(self, request: Request | None, picked: Candidate | None) -> tuple[bool | None, ...]:
        """Of each condition of a hop whether it holds; None where that is up to providers that may fail yet.

        Nothing else of a request matters to the hops.
        """
        if request is None:
            return ()
        down = request.unavailable if picked is None else request.unavailable | {picked.provider}
        return tuple([hop_verdict(test, asked, request, down) for test, asked in self.chain.conditions])

    def hops(self, request: Request | None, picked: Candidate | None) -> tuple[Hop, ...]:
        """The hops that are possible once this candidate was picked; with None, as long as it may be any of several."""
        if len(self.places) == 1:
            picked = self.places[0]
        found: list[Hop] = []
        sure: list[Hop] = []
        verdicts = iter(self.verdicts(request, picked))
        for test, text, hops in self.hop_rows((picked or self.places[0]).group):
            verdict = True if test is None else next(verdicts)
            if verdict is False:
                continue
            for hop in hops:
                if picked is not None and same_place(picked, hop):
                    continue
                if any(same_place(one, hop) and one.kinds >= hop.kinds for one in sure):
                    continue
                if verdict is True:
                    sure.append(hop)
                    found.append(hop)
                else:
                    found.append(Hop(hop, hop.on_error, text, hop.chain, test))
        return tuple(found)

    def hop_rows(self, routed: str) -> list[tuple[Test | None, str | None, list[Hop]]]:
        """For each line of the chain its condition, and its hops as they are where that holds; made once for a model."""
        rows = self.rows.get(routed)
        if rows is None:
            rows = self.rows[routed] = [
                (test, text, [Hop(one, on_error, None, self.chain.name) for one in self.hop_places(provider, model, routed)])
                for provider, model, on_error, text, test, _ in self.chain.hops
            ]
        return rows

    def hop_places(self, provider: str | None, model: str | None, routed: str) -> list[Candidate]:
        catalogue = self.catalogue
        if model is not None:
            providers = [provider] if provider is not None else catalogue.serving(model)
            return catalogue.candidates([(one, None) for one in providers], model)
        assert provider is not None
        name = self.model if self.rule[2][0] == "providers" else routed
        place = catalogue.candidate(provider, name) if name is not None else None
        place = catalogue.stand_in(provider) if place is None else place
        return [] if place is None else [place]


class Split:
    """A virtual model: one of two leaves, by the request's complexity."""

    __slots__ = ("simple", "complex", "threshold")
    asks = True

    def __init__(self, simple: Leaf, complex: Leaf, threshold: float) -> None:
        self.simple = simple
        self.complex = complex
        self.threshold = threshold

    def keep(self) -> None:
        """Makes the decisions of both sides."""
        self.simple.keep()
        self.complex.keep()

    def decision(self, request: Request) -> Decision:
        """The decision for a request: `complex` from the threshold on."""
        return (self.simple if request.complexity < self.threshold else self.complex).decision(request)


class Native:
    """A virtual model that LiteLLM's complexity router splits.

    That router's patterns take time that grows with the square of the text: of a long one it is not asked.
    """

    __slots__ = ("left", "complex")
    asks = True

    def __init__(self, left: Leaf, complex: Leaf) -> None:
        self.left = left
        self.complex = complex

    def keep(self) -> None:
        """Makes the decisions of both sides."""
        self.left.keep()
        self.complex.keep()

    def decision(self, request: Request) -> Decision:
        """The decision for a request: LiteLLM's own, or `complex` for a long text."""
        return (self.complex if is_long(request) else self.left).decision(request)


def is_long(request: Request) -> bool:
    return longest_judged_text(request.body) > MOST_NATIVE_CHARACTERS


Outcome = Leaf | Split | Native


def same_place(one: Candidate | Hop, other: Candidate | Hop) -> bool:
    return one.provider == other.provider and one.model == other.model


def hop_verdict(test: Test, asked: Sequence[str], request: Request, down: frozenset[str]) -> bool | None:
    """Whether a hop's condition is true or false whatever more providers turn out unavailable; None where that decides."""
    first = test(request, down)
    waiting = [one for one in asked if one not in down] if asked else ()
    for chosen in range(1, 1 << len(waiting)):
        more = frozenset(one for number, one in enumerate(waiting) if chosen >> number & 1)
        if test(request, down | more) != first:
            return None
    return first


def make_leaf(
    rule: Sequence[Any], model: str | None, catalogue: Catalogue, chains: Sequence[BuiltChain]
) -> Outcome | None:
    """The leaf of a rule for a requested model; None where nobody can serve it, so that the rule does not apply."""
    target = rule[2]
    chain = chains[rule[3]]
    if target[0] == "virtual":
        _, simple, complex, threshold = target
        below, above = (_unique(_model_places((one,), None, None, None, catalogue)) for one in (simple, complex))
        if not below or not above:
            return None  # never in rules that compile
        leaves = [Leaf(rule, model, found, catalogue, chain) for found in (below, above)]
        return Split(leaves[0], leaves[1], threshold)
    if target[0] in ("pass", "refuse"):
        return Leaf(rule, model, (), catalogue, chain)
    if target[0] == "native":
        both, above = (_unique(_model_places(one, None, None, None, catalogue)) for one in (target[1:], target[2:]))
        routed = (*rule[:2], ("models",), *rule[3:])
        return Native(Leaf(rule, model, both, catalogue, chain), Leaf(routed, model, above, catalogue, chain))
    places = _places(target, model, catalogue)
    if target[0] == "models" and target[5]:
        places = [one for one in places if one.group == model] or places
    candidates = _unique(places)
    return Leaf(rule, model, candidates, catalogue, chain) if candidates else None


def _unique(places: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Of candidates with one provider and upstream name the first."""
    if len(places) < 2:
        return tuple(places)
    unique: dict[tuple[str, str], Candidate] = {}
    for place in places:
        unique.setdefault((place.provider, place.model), place)
    return tuple(unique.values())


def _places(target: Sequence[Any], model: str | None, catalogue: Catalogue) -> list[Candidate]:
    if target[0] == "providers":
        return _provider_places(target, model, catalogue)
    _, models, providers, min_size, min_context, _ = target
    return _model_places(models, providers, min_size, min_context, catalogue)


def _provider_places(target: Sequence[Any], model: str | None, catalogue: Catalogue) -> list[Candidate]:
    _, providers, substitute = target
    if model is not None:
        served = catalogue.candidates(providers, model)
        if served or not substitute:
            return served
    stand_ins = [catalogue.stand_in(name, weight) for name, weight in providers]
    return [one for one in stand_ins if one is not None]


def _model_places(
    models: Sequence[str], providers: Any, min_size: int | None, min_context: int | None, catalogue: Catalogue
) -> list[Candidate]:
    places: list[Candidate] = []
    for model in models:
        asked = providers if providers is not None else [(one, None) for one in catalogue.serving(model)]
        places += [one for one in catalogue.candidates(asked, model) if catalogue.fits(one, min_size, min_context)]
    return places


ENGINE = Engine(TABLES)


# -------------------- environment --------------------
# Texts with references to the environment, which is read once, when the module starts or its rules are replaced.


import os
from typing import Any


def text_from_environment(parts: Any) -> str:
    """A setting as text: texts as they are, of each `(variable, default)` the variable where it is set."""
    texts = [part if isinstance(part, str) else os.environ.get(part[0]) or part[1] or "" for part in parts]
    return "".join(texts)


def missing_variables(parts: Any) -> list[str]:
    """The variables of a setting that are not set and have no default."""
    pairs = [part for part in parts if not isinstance(part, str)]
    return [name for name, default in pairs if default is None and not os.environ.get(name)]


# -------------------- strategies/drawn --------------------
# Orders by chance: all candidates alike, or by their weights, and the same ones for the same caller where that is asked.


import hashlib
import math
from collections.abc import Callable, Container
from typing import Any



def drawn_fairly(draw: Callable[[], list[int]], halved: Container[int], rng: Any) -> list[int]:
    """A draw in which these come first as if their weight were half: every second time that one does, it is drawn anew."""
    order = draw()
    while order[0] in halved and rng.random() < 0.5:
        order = draw()
    return order


def random_order(count: int, rng: Any) -> list[int]:
    order = list(range(count))
    rng.shuffle(order)
    return order


def weighted_order(candidates: tuple[Candidate, ...], share: float | None, rng: Any) -> list[int]:
    """The first by weight, the rest by weight among themselves; 0 only after all others.

    `share` (0 to below 1) picks the first one the same way every time.
    """
    largest = max((one.weight for one in candidates if one.weight is not None), default=0.0) or 1.0
    weights = [1.0 if one.weight is None else float(one.weight) / largest for one in candidates]  # no sum overflows
    drawn = [number for number, weight in enumerate(weights) if weight > 0]
    first = [] if share is None or not drawn else [picked_at(share, drawn, weights)]
    # Who arrives first of many that come by chance, each as often as it weighs: the same as drawing one after the other.
    arrival = [rng.expovariate(weight) if weight > 0 else math.inf for weight in weights]
    drawn = [number for number in drawn if number not in first]
    drawn.sort(key=arrival.__getitem__)
    return first + drawn + [number for number, weight in enumerate(weights) if weight <= 0]


def picked_at(share: float, numbers: list[int], weights: list[float]) -> int:
    """The number at this share of all weights, laid one after the other."""
    at = share * sum(weights[one] for one in numbers)
    for number in numbers:
        at -= weights[number]
        if at < 0:
            return number
    return numbers[-1]


def stable_share(text: str) -> float:
    """A text as a number from 0 to below 1, the same in every process (the first 53 bits of its BLAKE2b hash)."""
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)


# -------------------- strategies/ranking --------------------
# What strategies that rank have in common: the registry of them, and when a deployment is due for a trial.


import math
from typing import Any

TRIAL_SECONDS = 15.0
MOST_RANKINGS = 2_000

STRATEGIES: dict[str, Any] = {}
"""Strategies by name: made from their settings, they give each candidate a rank; the lowest goes first."""
WATCHERS: dict[str, Any] = {}
"""What looks at the world in the background so that requests need not, by name: made from the tables of the rules."""


def is_due(deployment: Any, now: float) -> bool:
    """Whether a deployment without fresh figures may get one request, so that there are some."""
    return deployment is None or deployment.tried_at is None or now - deployment.tried_at > TRIAL_SECONDS


def percentile_of(samples: list[float], percentile: float) -> float:
    """The smallest sample that is at least as large as this percentage of all."""
    ordered = sorted(samples)
    return ordered[min(len(ordered), max(1, math.ceil(len(ordered) * percentile / 100))) - 1]


class Rankings:
    """The last ranking of each set of candidates, which counts until its time is over."""

    __slots__ = ("kept",)

    def __init__(self) -> None:
        self.kept: dict[Any, list[Any]] = {}

    def of(self, decision: Any) -> list[Any]:
        """[what says when it ends, the ranking], empty where none is known; to be changed in place."""
        candidates = decision.candidates
        key = (decision.rule, candidates[0].group, len(candidates))
        found = self.kept.get(key)
        if found is None:
            if len(self.kept) >= MOST_RANKINGS:
                self.kept.clear()
            found = self.kept[key] = []
        return found


# -------------------- fetch --------------------
# One HTTP GET at a time of a small document, in a thread of its own, within a deadline.
#
# A thread of its own, since nothing can end a hung look-up of a host name: it holds up neither the loop nor those who
# share its executor, and the process does not wait for it. While it hangs, its source is not asked again.


import asyncio
import contextlib
import http.client
import ipaddress
import json
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

MOST_BYTES = 1_000_000
CHUNK_BYTES = 65_536
TOO_LATE = "no answer in time"


class FetchError(Exception):
    """Why there is no answer: the kind of trouble, never an address, a key or a piece of the answer."""


class NoAnswer(FetchError):
    """Nobody answered, or not in time: asking for something else there is of no use now."""


class Source:
    """Who is asked again and again, at most once at a time, each time for at most `seconds`."""

    def __init__(self, seconds: float, key: str = "") -> None:
        self.seconds = seconds
        self.headers = {"Accept": "application/json", "User-Agent": "rulec"}
        if key:
            self.headers["Authorization"] = f"Bearer {key}"
        self.thread: threading.Thread | None = None
        self.busy = False

    async def ask(self, url: str, read: Callable[[int, Callable[[], bytes]], Any]) -> Any:
        """What `read` makes of the status and the body (a function, so that it may be left unread); it runs in the thread.

        Raises FetchError, whatever went wrong.
        """
        if self.busy:
            raise NoAnswer("the last request still hangs")
        get = Get(url, self.headers, self.seconds, read)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def finish() -> None:
            if not done.done():
                done.set_result(None)

        def work() -> None:
            get.run()
            self.busy = False  # before anybody is told, who may ask again at once
            with contextlib.suppress(RuntimeError):  # the loop may be closed by now
                loop.call_soon_threadsafe(finish)

        self.busy = True
        self.thread = threading.Thread(target=work, name="rulec-fetch", daemon=True)
        try:
            self.thread.start()
        except RuntimeError as error:
            self.busy = False
            raise NoAnswer("no thread") from error
        try:  # not `wait_for`, which forgets a cancellation that comes with the answer
            answered, _ = await asyncio.wait((done,), timeout=self.seconds)
        finally:
            get.cut_off()
        if not answered:
            raise NoAnswer(TOO_LATE)
        if get.error is not None:
            raise get.error
        return get.result


class Get:
    """One request, as a thread does it: it ends with a `result` or an `error`."""

    def __init__(
        self, url: str, headers: dict[str, str], seconds: float, read: Callable[[int, Callable[[], bytes]], Any]
    ) -> None:
        self.url = url
        self.headers = headers
        self.seconds = seconds
        self.read = read
        self.connection: http.client.HTTPConnection | None = None
        self.result: Any = None
        self.error: FetchError | None = None

    def run(self) -> None:
        deadline = time.monotonic() + self.seconds
        try:
            request = urllib.request.Request(self.url, headers=self.headers)
            with self.open(request) as answer:
                self.result = self.read(answer.status, lambda: body_of(answer, deadline))
        except FetchError as error:
            self.error = error
        except Exception as error:  # whatever a server, an address or an environment can come up with
            reason = getattr(error, "reason", None)
            cause = reason if isinstance(reason, Exception) else error
            self.error = NoAnswer(TOO_LATE if isinstance(cause, TimeoutError) else type(cause).__name__)

    def open(self, request: urllib.request.Request) -> Any:
        """The answer, whatever its status: nothing is followed, and only HTTP is spoken."""
        proxies = urllib.request.ProxyHandler({} if is_loopback(self.url) else None)
        opener = urllib.request.OpenerDirector()
        for handler in (proxies, RememberedHTTP(self), RememberedHTTPS(self), urllib.request.UnknownHandler()):
            opener.add_handler(handler)
        return opener.open(request, timeout=self.seconds)

    def cut_off(self) -> None:
        """End the connection if there is one, so that the thread ends."""
        connected = self.connection.sock if self.connection is not None else None
        if connected is not None:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)


class RememberedHTTP(urllib.request.HTTPHandler):
    """Keeps the connection where it can be cut off."""

    def __init__(self, get: Get) -> None:
        super().__init__()
        self.get = get

    def http_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(remembering(self.get, http.client.HTTPConnection), request)


class RememberedHTTPS(urllib.request.HTTPSHandler):
    """The same for HTTPS."""

    def __init__(self, get: Get) -> None:
        super().__init__()
        self.get = get

    def https_open(self, request: urllib.request.Request) -> Any:
        return self.do_open(remembering(self.get, http.client.HTTPSConnection), request)


def remembering(get: Get, make: Any) -> Any:
    """A maker of connections that remembers the one it made."""

    def made(host: str, **options: Any) -> Any:
        get.connection = make(host, **options)
        return get.connection

    return made


def body_of(answer: Any, deadline: float) -> bytes:
    """The whole body, read in pieces: no more than allowed, no longer than allowed."""
    pieces: list[bytes] = []
    size = 0
    while piece := answer.read1(CHUNK_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES:
            raise FetchError(f"more than {MOST_BYTES} bytes")
        if time.monotonic() > deadline:
            raise NoAnswer(TOO_LATE)
    return b"".join(pieces)


def json_of(status: int, body: Callable[[], bytes]) -> Any:
    """The JSON document of an answer."""
    if status != 200:
        raise FetchError(f"HTTP {status}")
    try:
        return json.loads(body().decode("utf-8"))
    except (ValueError, RecursionError):
        raise FetchError("no JSON") from None


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine itself, where no proxy is of use."""
    host = urllib.parse.urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# -------------------- warm --------------------
# Who is warm: who answered a request lately, or says in a check in the background that it could answer at once.
#
# A provider without an address of its own is a service in the cloud, and always warm. Ollama tells which models it has
# loaded; of others it counts that they answer at all, whatever they say: the check shows no key.


import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Any


WARM_SECONDS = 300.0
CHECK_SECONDS = 15.0
EVERY_MODEL = "*"


class Check:
    """The check of one provider, and the models that it found warm; until the first one there are none."""

    def __init__(self, way: str, address: str, seconds: float) -> None:
        self.way = way
        self.url = address.rstrip("/") + ("/api/ps" if way == "ollama" else "/models")
        self.source = Source(seconds)
        self.warm: frozenset[str] = frozenset()

    def says(self, model: str) -> bool:
        return model in self.warm or EVERY_MODEL in self.warm

    async def look(self) -> None:
        try:
            self.warm = await self.source.ask(self.url, loaded_models if self.way == "ollama" else living)
        except Exception:  # no answer in time, or whatever else kept it from us: not warm
            self.warm = frozenset()


class Warmth:
    """What the rules ask of warm candidates, and the checks of the providers that it concerns."""

    def __init__(self, tables: dict[str, Any]) -> None:
        settings = tables.get("warm", {})
        seconds = settings.get("timeout_ms", 100) / 1000
        self.first: bool = settings.get("first_request", False)
        self.checks = {
            provider: Check(way, text_from_environment(address), seconds)
            for provider, (way, address) in settings.get("providers", {}).items()
        }

    # -- for requests --

    def first_ones(self, decision: Any, order: list[int], state: Any) -> list[int]:
        """The order with warm candidates first, if the rule wants that, or this is a first request; weight 0 stays last."""
        candidates = decision.candidates
        if not (decision.prefer_warm or self.first and not any(lately(one, state) for one in candidates)):
            return order
        cold = [not (lately(one, state) or self.says(one)) for one in candidates]
        return sorted(order, key=lambda number: (candidates[number].weight == 0, cold[number]))

    def says(self, candidate: Any) -> bool:
        check = self.checks.get(candidate.provider)
        return check is None or check.says(candidate.model)

    # -- in the background --

    def tasks(self, state: Any) -> Iterable[Awaitable[None]]:
        """What is to run in the background."""
        return [self.run(state)] if self.checks else []

    async def run(self, state: Any) -> None:
        while True:
            serving = {place[0] for place in state.deployments if state.serves(*place, WARM_SECONDS)}
            due = []
            for provider, check in self.checks.items():
                if check.way != "ollama" and provider in serving:
                    check.warm = frozenset((EVERY_MODEL,))  # its requests say more than a check
                else:
                    due.append(check.look())
            await asyncio.gather(*due)
            await asyncio.sleep(CHECK_SECONDS * random.uniform(0.9, 1.1))

    def take_over(self, old: Any) -> None:
        for provider, check in self.checks.items():
            before = old.checks.get(provider)
            if before is not None and before.url == check.url:
                check.warm = before.warm


WATCHERS["warm"] = Warmth


def lately(candidate: Any, state: Any) -> bool:
    """Whether requests say that a candidate is warm."""
    served: bool = state.serves(candidate.provider, candidate.model, WARM_SECONDS)
    return served


def living(status: int, body: Callable[[], bytes]) -> frozenset[str]:
    """Any answer but a fault of the server itself is a sign of life."""
    return frozenset((EVERY_MODEL,)) if status < 500 else frozenset()


def loaded_models(status: int, body: Callable[[], bytes]) -> frozenset[str]:
    """The models that Ollama holds in memory, those of the tag `latest` also without it."""
    document = json_of(status, body)
    entries = document.get("models") if isinstance(document, dict) else None
    names = [one.get("name") for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    known = [name for name in names if isinstance(name, str)]
    return frozenset((*known, *(name.removesuffix(":latest") for name in known)))


# -------------------- strategies/least_loaded --------------------
# `least_loaded`: the candidate with the fewest requests under way.


from typing import Any



class LeastLoaded:
    def __init__(self, settings: dict[str, Any]) -> None:
        pass

    def ranks(self, decision: Any, state: Any, facts: Any) -> list[int]:
        return [state.in_flight(one.provider, one.model) for one in decision.candidates]


STRATEGIES["least_loaded"] = LeastLoaded


# -------------------- strategies/usage_based --------------------
# `usage_based`: the candidate with the best score from latency, success rate and cost.
#
# score = latency factor * (lowest latency / latency) * success rate + success factor * success rate + cost factor *
# (lowest price / price). The ratios make latency and price comparable; a fast failure is no merit.


from typing import Any


FACTORS = {"latency": 0.4, "success_rate": 0.4, "cost": 0.2}
REFRESH_EVERY = 10


class UsageBased:
    """Scores are made anew after `refresh_every_requests` requests of the same candidates."""

    def __init__(self, settings: dict[str, Any]) -> None:
        factors = settings.get("weight_factors") or FACTORS
        self.latency, self.success, self.cost = (float(factors.get(name, 0.0)) for name in FACTORS)
        self.every = int(settings.get("refresh_every_requests", REFRESH_EVERY))
        self.rankings = Rankings()

    def ranks(self, decision: Any, state: Any, facts: Any) -> list[float]:
        kept = self.rankings.of(decision)
        if not kept or kept[0] <= 0:
            kept[:] = [self.every, [-one for one in self.scores(decision.candidates, state, facts)]]
        kept[0] -= 1
        ranks: list[float] = kept[1]
        return ranks

    def scores(self, candidates: Any, state: Any, facts: Any) -> list[float]:
        now = state.clock()
        found = [state.get(one.provider, one.model) for one in candidates]
        latencies = [None if one is None else one.latency.mean(now) for one in found]
        successes = [1.0 if one is None else one.successes.trusting_mean(now) for one in found]
        prices = [facts.price(one) for one in candidates]
        dearest = max((price for price in prices if price is not None), default=None)
        quick = ratios(latencies)  # the unknown is taken for the quickest, so that it is tried
        cheap = ratios([dearest if price is None else price for price in prices])
        return [
            round(self.latency * speed * rate + self.success * rate + self.cost * saving, 9)
            for speed, rate, saving in zip(quick, successes, cheap, strict=True)
        ]


def ratios(values: list[float | None]) -> list[float]:
    """The lowest value divided by each one, from 0 to 1; 1 where nothing is known."""
    lowest = min((value for value in values if value is not None), default=0.0)
    return [1.0 if value is None or value <= lowest else lowest / value for value in values]


STRATEGIES["usage_based"] = UsageBased


# -------------------- strategies/fastest_response --------------------
# `fastest_response`: the candidate whose recent answers, or their first tokens, came fastest at a high percentile.


import math
from typing import Any


PERCENTILE = 95.0
REEVALUATE_SECONDS = 60.0
WINDOW_SECONDS = 300.0


class FastestResponse:
    """Ranks are made anew after `reevaluate_seconds`, and at once for a deployment that is due for a trial."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.measure = settings.get("measure", "time_to_first_token")
        self.percentile = float(settings.get("percentile", PERCENTILE))
        self.period = float(settings.get("reevaluate_seconds", REEVALUATE_SECONDS))
        self.window = float(settings.get("window_seconds", WINDOW_SECONDS))
        self.rankings = Rankings()

    def ranks(self, decision: Any, state: Any, facts: Any) -> list[float]:
        now = state.clock()
        kept = self.rankings.of(decision)
        candidates = decision.candidates
        if not kept or now >= kept[0] or self.learned(kept[1], candidates, state, now):
            kept[:] = [now + self.period, self.figures(candidates, state, now)]
        figures: list[float | None] = kept[1]
        return [
            figure if figure is not None else self.unknown(state.get(one.provider, one.model), now)
            for figure, one in zip(figures, candidates, strict=True)
        ]

    def unknown(self, deployment: Any, now: float) -> float:
        """Without a figure: first when it is due for a trial, else last."""
        return -1.0 if is_due(deployment, now) else math.inf

    def learned(self, figures: list[float | None], candidates: Any, state: Any, now: float) -> bool:
        """Whether a candidate without a figure has one now: it should not wait for the period."""
        return any(
            figure is None and self.figure(state.get(one.provider, one.model), now) is not None
            for figure, one in zip(figures, candidates, strict=True)
        )

    def figures(self, candidates: Any, state: Any, now: float) -> list[float | None]:
        return [self.figure(state.get(one.provider, one.model), now) for one in candidates]

    def figure(self, deployment: Any, now: float) -> float | None:
        if deployment is None:
            return None
        recent = deployment.first_tokens if self.measure == "time_to_first_token" else deployment.latencies
        samples = [value for at, value in recent if now - at <= self.window]
        return percentile_of(samples, self.percentile) if samples else None


STRATEGIES["fastest_response"] = FastestResponse


# -------------------- strategies/most_capacity --------------------
# `most_capacity`: the candidate with the largest context; among equals, the one with the fewest requests under way.


from typing import Any



class MostCapacity:
    def __init__(self, settings: dict[str, Any]) -> None:
        pass

    def ranks(self, decision: Any, state: Any, facts: Any) -> list[tuple[int, int]]:
        return [(-(facts.context(one) or 0), state.in_flight(one.provider, one.model)) for one in decision.candidates]


STRATEGIES["most_capacity"] = MostCapacity


# -------------------- strategies/balancer --------------------
# Which candidate goes first: the order in which the candidates of a decision are tried.


import random
import sys
from itertools import groupby
from typing import Any


MOST_COUNTERS = 10_000
INPUT_SHARE = 0.75  # of the tokens that are paid for; prompts are longer than answers
MOST_PRICES = 10_000


class Facts(Tuned):
    """What strategies know of candidates without having seen them serve: context and price."""

    def __init__(self, tables: dict[str, Any], watchers: dict[str, Any] | None = None) -> None:
        self.watchers = watchers or {}
        self.providers = tables.get("providers", {})
        self.models = tables.get("models", {})
        self.costs = tables.get("costs", {})
        self.deployments = tables.get("deployments", {})
        self.keeps_answers = any(one.get("cache_ttl") for one in self.deployments.values())
        self.prices: dict[tuple[str, str], float | None] = {}

    def context(self, candidate: Any) -> int | None:
        """The context of the model, else of the provider."""
        entry = self.models.get(candidate.group)
        context: int | None = entry[2] if entry is not None else None
        return self.providers[candidate.provider][3] if context is None else context

    def figure(self, signal: str, candidate: Any) -> float | None:
        """What a signal says of a candidate, by the id that it has there, else by the provider's name."""
        signals = self.watchers.get("signals")
        if signals is None:
            return None
        figure: float | None = signals.figure(signal, self.deployment(candidate).get("signal_id", candidate.provider))
        return figure

    def price(self, candidate: Any) -> float | None:
        """Per million tokens, three of four of them input: the catalogue's, else that of LiteLLM's price map."""
        key = (candidate.group, candidate.litellm_model)
        if key not in self.prices:
            if len(self.prices) >= MOST_PRICES:
                self.prices.clear()
            cost = self.costs.get(candidate.group) or cost_by_litellm(candidate.litellm_model)
            self.prices[key] = None if cost is None else INPUT_SHARE * cost[0] + (1 - INPUT_SHARE) * cost[1]
        return self.prices[key]


def cost_by_litellm(model: str) -> tuple[float, float] | None:
    """Input and output per million tokens by the price map that LiteLLM holds in memory."""
    known = getattr(sys.modules.get("litellm"), "model_cost", None) or {}
    entry = known.get(model) or known.get(model.partition("/")[2]) or {}
    paid, made = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    if not isinstance(paid, (int, float)) or not isinstance(made, (int, float)):
        return None
    return paid * 1_000_000, made * 1_000_000


class Tier:
    """The candidates of a decision that have one priority; for strategies a decision of its own."""

    __slots__ = ("candidates", "prefer_warm", "rule", "sticky", "strategy")

    def __init__(self, decision: Any, priority: int | None, candidates: tuple[Any, ...]) -> None:
        self.rule = f"{decision.rule} (priority {priority})"
        self.strategy = decision.strategy
        self.sticky = decision.sticky
        self.prefer_warm = decision.prefer_warm
        self.candidates = candidates


class Balancer:
    """The strategies of one rule set with their settings, and whose turn it is."""

    def __init__(self, tables: dict[str, Any]) -> None:
        self.watchers = {name: make(tables) for name, make in WATCHERS.items()}
        self.facts = Facts(tables, self.watchers)
        self.warmth = self.watchers.get("warm")
        self.turns: dict[str, int] = {}
        settings = tables.get("strategies", {})
        self.ranking = {name: make(settings.get(name, {})) for name, make in STRATEGIES.items()}

    def order(
        self, decision: Any, identity: str | None, rng: Any = random, state: Any = None, health: Any = None
    ) -> list[int]:
        """The candidates' numbers in the order to try them.

        `identity` is who a sticky decision sticks to, `health` who is in trouble, where anybody is.
        """
        candidates = decision.candidates
        if len(candidates) == 1:
            return [0]
        if not candidates or candidates[0].priority == candidates[-1].priority:
            return self.among_equals(decision, identity, rng, state, health)
        order: list[int] = []
        for priority, equals in groupby(candidates, key=lambda one: one.priority):
            tier = Tier(decision, priority, tuple(equals))
            begin = len(order)
            order += [begin + number for number in self.among_equals(tier, identity, rng, state, health)]
        return order

    def among_equals(self, decision: Any, identity: str | None, rng: Any, state: Any, health: Any) -> list[int]:
        """The order among candidates of one priority, by the strategy; warm ones first, where that is asked."""
        if len(decision.candidates) < 2:
            return list(range(len(decision.candidates)))
        order = self.by_strategy(decision, identity, rng, state, health)
        return order if self.warmth is None or state is None else self.warmth.first_ones(decision, order, state)

    def by_strategy(self, decision: Any, identity: str | None, rng: Any, state: Any, health: Any) -> list[int]:
        """The order by the strategy alone; a degraded candidate has half of its share."""
        candidates = decision.candidates
        count = len(candidates)
        halved = set() if health is None else health.degraded(candidates)
        if decision.strategy == "weighted":
            if decision.sticky is not None and identity is not None:
                return weighted_order(candidates, stable_share(f"{decision.rule}\n{identity}"), rng)
            return drawn_fairly(lambda: weighted_order(candidates, None, rng), halved, rng)
        ranking = self.ranking.get(decision.strategy) if state is not None else None
        if ranking is None and decision.strategy != "round_robin":
            return drawn_fairly(lambda: random_order(count, rng), halved, rng)
        ready = list(range(count))
        if health is not None:
            out = health.passed_over(candidates)
            ready = [number for number in ready if number not in out] or ready
        order = self.in_turn(decision.rule or "", ready)
        if ranking is not None:
            order.sort(key=ranking.ranks(decision, state, self.facts).__getitem__)  # equal ones stay in turn
        if order[0] in halved and health.gives_way(candidates[order[0]]):
            order.append(order.pop(0))
        return order if len(order) == count else order + sorted(set(range(count)).difference(order))

    def in_turn(self, name: str, numbers: list[int]) -> list[int]:
        """The next of these in turn, then those after it; each rule and worker keeps a turn of its own."""
        if len(self.turns) >= MOST_COUNTERS:
            self.turns.clear()
        turn = self.turns.get(name, 0)
        self.turns[name] = turn + 1
        first = turn % len(numbers)
        return numbers[first:] + numbers[:first]

    def take_over(self, old: Any) -> None:
        """Go on where the old rules were in turn, with what was seen in the background."""
        self.turns.update(old.turns)
        for name, watcher in self.watchers.items():
            if name in old.watchers:
                watcher.take_over(old.watchers[name])

    def tasks(self, state: Any) -> list[Any]:
        """What is to run in the background, as awaitables."""
        return [task for watcher in self.watchers.values() for task in watcher.tasks(state)]


BALANCER = Balancer(TABLES)


# -------------------- log --------------------
# Our lines in the proxy's log, one for each decision and each failover.
#
# No request waits for the log, which may be a pipe that nobody reads: a thread of its own writes the lines, in their order.


import atexit
import contextlib
import logging
import time
from queue import Empty, SimpleQueue
from threading import Thread

MOST_LINES = 10_000
PAUSE_SECONDS = 0.02  # between two looks for lines, so that a busy proxy wakes the thread for many at once

log = logging.getLogger("rulec")


def show_log() -> None:
    """Show our lines even where nobody configured logging."""
    if not log.handlers:
        shown = logging.StreamHandler()
        shown.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(shown)
        log.propagate = False
    if log.level == logging.NOTSET:
        log.setLevel(logging.INFO)


class LineWriter:
    """Takes lines and writes them later; past `MOST_LINES` that wait, lines are lost."""

    def __init__(self) -> None:
        self.waiting: SimpleQueue[tuple[float, str, tuple[object, ...]]] = SimpleQueue()
        self.thread: Thread | None = None

    def wanted(self) -> bool:
        """Whether anybody reads our lines: who has to make one asks before."""
        return log.isEnabledFor(logging.INFO) and self.waiting.qsize() < MOST_LINES

    def line(self, text: str, *values: object) -> None:
        if self.wanted():
            self.write(text, *values)

    def write(self, text: str, *values: object) -> None:
        """Write a line that is wanted."""
        self.waiting.put((time.time(), text, values))
        if self.thread is None:
            self.thread = Thread(target=self.write_forever, name="rulec-log", daemon=True)
            self.thread.start()
            atexit.register(self.write_waiting)

    def write_forever(self) -> None:
        while True:
            with contextlib.suppress(Exception):  # what a handler raises costs its line, not all later ones
                write_line(*self.waiting.get())
                self.write_waiting()
            time.sleep(PAUSE_SECONDS)

    def write_waiting(self) -> None:
        """Write what waits now."""
        try:
            while True:
                write_line(*self.waiting.get_nowait())
        except Empty:
            pass


def write_line(when: float, text: str, values: tuple[object, ...]) -> None:
    record = logging.LogRecord(log.name, logging.INFO, __name__, 0, f"[ROUTER] {text}", values, None)
    record.created, record.msecs = when, when % 1 * 1000
    log.handle(record)


log_writer = LineWriter()


# -------------------- state --------------------
# What this process knows of each deployment from the requests it served: who is busy, how fast, how reliable.
#
# An attempt under way is an entry of a set, under the ticket of its request, never a count: a ticket has at most one
# attempt, whatever ends it ends it once, and what no hook ends is swept. Everything is bounded, and old figures fade.


import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any

MOST_DEPLOYMENTS = 10_000
MOST_ATTEMPTS = 20_000
MOST_SAMPLES = 40
RESERVED_SECONDS = 60.0  # from the choice to the attempt; then the request was turned away by somebody else
LONGEST_SECONDS = 7200.0  # longer than any time-out
HALF_LIFE = 120.0
SECONDS_BETWEEN_SWEEPS = 1.0
LEAST_WEIGHT = 0.05  # below it a fading figure is unknown again
MOST_WEIGHT = 20.0
TRUST = 1.0  # how many successes each deployment is credited with before anything is known
OUT_OF_REACH = frozenset(("timeout", "connection"))
FAULTS_OF_REQUESTS = frozenset(("context_window", "content_policy", "bad_request"))


class Fading:
    """A mean in which what is `HALF_LIFE` seconds old counts half."""

    __slots__ = ("at", "total", "weight")

    def __init__(self) -> None:
        self.total = self.weight = self.at = 0.0

    def add(self, value: float, now: float) -> None:
        fading = self.fading(now)
        if self.weight * fading + 1 > MOST_WEIGHT:
            fading = (MOST_WEIGHT - 1) / self.weight
        self.total = self.total * fading + value
        self.weight = self.weight * fading + 1
        self.at = now

    def fading(self, now: float) -> float:
        return float(0.5 ** ((now - self.at) / HALF_LIFE)) if now > self.at else 1.0

    def mean(self, now: float) -> float | None:
        """The mean, None where nothing is known any more."""
        return self.total / self.weight if self.weight * self.fading(now) >= LEAST_WEIGHT else None

    def trusting_mean(self, now: float) -> float:
        """The mean with `TRUST` ones added: what is new or long unseen is taken for good."""
        fading = self.fading(now)
        if self.weight * fading < LEAST_WEIGHT:
            return 1.0
        return (self.total * fading + TRUST) / (self.weight * fading + TRUST)


Samples = deque[tuple[float, float]] | tuple[()]
"""What was measured last, each with its moment; most deployments that clients name never serve, and have none."""


def with_sample(samples: Samples, now: float, value: float) -> Samples:
    if isinstance(samples, tuple):
        samples = deque(maxlen=MOST_SAMPLES)
    samples.append((now, value))
    return samples


class Deployment:
    """The figures of one deployment; `open` are the tickets that it serves now, `failed` counts by error kind."""

    __slots__ = (
        "failed",
        "first_tokens",
        "latencies",
        "latency",
        "open",
        "served",
        "served_at",
        "successes",
        "tried_at",
    )

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.latency = Fading()
        self.successes = Fading()
        self.latencies: Samples = ()
        self.first_tokens: Samples = ()
        self.tried_at: float | None = None
        self.served = 0
        self.served_at: float | None = None
        self.failed: dict[str, int] = {}


class Attempt:
    """One attempt under way; `begun` is None while it is only planned."""

    __slots__ = ("begun", "clock", "place", "wall")

    def __init__(self, place: tuple[str, str], clock: float, wall: float, begun: bool) -> None:
        self.place = place
        self.clock = clock
        self.wall = wall
        self.begun = begun


class State:
    """The deployments that this process has met, by (provider, upstream model), and the attempts under way."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.wall = wall
        self.deployments: OrderedDict[tuple[str, str], Deployment] = OrderedDict()
        self.unproven: OrderedDict[tuple[str, str], None] = OrderedDict()  # of them, those that never served
        self.lost: dict[str, float] = {}  # when a provider was last out of reach
        self.attempts: OrderedDict[str, Attempt] = OrderedDict()
        self.reserved: OrderedDict[str, Attempt] = OrderedDict()
        self.sweep_at = 0.0

    # -- what strategies read --

    def get(self, provider: str, model: str) -> Deployment | None:
        return self.deployments.get((provider, model))

    def in_flight(self, provider: str, model: str) -> int:
        found = self.deployments.get((provider, model))
        return len(found.open) if found is not None else 0

    def serves(self, provider: str, model: str, seconds: float) -> bool:
        """Whether this deployment served in the last so many seconds, and nothing of its provider was out of reach since."""
        found = self.deployments.get((provider, model))
        if found is None or found.served_at is None:
            return False
        return self.clock() - found.served_at <= seconds and found.served_at > self.lost.get(provider, -math.inf)

    # -- the life of an attempt --

    def reserve(self, ticket: str, provider: str, model: str) -> None:
        """A request was given to this deployment and will soon reach it; it counts from now on."""
        self.open(self.reserved, ticket, Attempt((provider, model), self.clock(), 0.0, False))

    def begin(self, ticket: str, provider: str, model: str) -> None:
        """An attempt begins; whatever this ticket had open before is over, unless this is what was reserved."""
        now, wall = self.clock(), self.wall()
        place = provider, model
        reserved = self.reserved.get(ticket)
        deployment = self.deployments.get(place) if reserved is not None and reserved.place == place else None
        if deployment is None:
            self.open(self.attempts, ticket, Attempt(place, now, wall, True))
            return
        attempt = self.attempts[ticket] = self.reserved.pop(ticket)
        attempt.clock = deployment.tried_at = now
        attempt.wall, attempt.begun = wall, True

    def open(self, kind: OrderedDict[str, Attempt], ticket: str, attempt: Attempt) -> None:
        self.close(ticket)
        if attempt.clock >= self.sweep_at or len(kind) >= MOST_ATTEMPTS:
            self.sweep(attempt.clock)
        kind[ticket] = attempt
        deployment = self.deployments.get(attempt.place)
        if deployment is None:
            if len(self.deployments) >= MOST_DEPLOYMENTS:
                self.forget_one()
            deployment = self.deployments[attempt.place] = Deployment()
            self.unproven[attempt.place] = None
        else:
            self.deployments.move_to_end(attempt.place)
        deployment.open.add(ticket)
        deployment.tried_at = attempt.clock

    def forget_one(self) -> None:
        """Make room: names that clients invent never serve, and take no place from deployments that do."""
        place = next(iter(self.unproven or self.deployments))
        self.unproven.pop(place, None)
        del self.deployments[place]

    def proven(self, provider: str, model: str) -> bool:
        """Whether this deployment has served a request: it exists, and is no name that a client invented."""
        found = self.deployments.get((provider, model))
        return found is not None and found.served > 0

    def close(self, ticket: str) -> Attempt | None:
        """End what this ticket has open, without a judgement; None where nothing is open."""
        attempt = self.attempts.pop(ticket, None) or self.reserved.pop(ticket, None)
        deployment = self.deployments.get(attempt.place) if attempt is not None else None
        if deployment is not None:
            deployment.open.discard(ticket)
        return attempt

    def succeed(self, ticket: str, ended: float | None = None, first_token: float | None = None) -> None:
        """The attempt was served; `ended` and `first_token` are moments of the wall clock, the latter of streams only."""
        attempt = self.close(ticket)
        deployment = self.deployments.get(attempt.place) if attempt is not None and attempt.begun else None
        if attempt is None or deployment is None:
            return
        now = self.clock()
        deployment.served += 1
        self.unproven.pop(attempt.place, None)
        deployment.served_at = now
        deployment.successes.add(1.0, now)
        latency = seconds_between(attempt.wall, ended)
        if latency is None:
            latency = now - attempt.clock
        deployment.latency.add(latency, now)
        deployment.latencies = with_sample(deployment.latencies, now, latency)
        first = seconds_between(attempt.wall, first_token)
        if first is not None:
            deployment.first_tokens = with_sample(deployment.first_tokens, now, first)

    def fail(self, ticket: str, kind: str) -> None:
        """The attempt failed; a fault of the request says nothing about the deployment."""
        attempt = self.close(ticket)
        deployment = self.deployments.get(attempt.place) if attempt is not None and attempt.begun else None
        if attempt is None or deployment is None:
            return
        deployment.failed[kind] = deployment.failed.get(kind, 0) + 1
        if kind not in FAULTS_OF_REQUESTS:
            deployment.successes.add(0.0, self.clock())
        if kind in OUT_OF_REACH:
            self.lost[attempt.place[0]] = self.clock()

    def sweep(self, now: float) -> None:
        """Close what no hook will end any more."""
        self.sweep_at = now + SECONDS_BETWEEN_SWEEPS
        for kind, longest in ((self.attempts, LONGEST_SECONDS), (self.reserved, RESERVED_SECONDS)):
            while kind:
                ticket, oldest = next(iter(kind.items()))
                if len(kind) < MOST_ATTEMPTS and now - oldest.clock <= longest:
                    break
                self.close(ticket)


def seconds_between(begin: float, end: float | None) -> float | None:
    """Seconds from one moment of the wall clock to another, None where the clock was set in between."""
    return end - begin if end is not None and 0 <= end - begin <= LONGEST_SECONDS else None


def moment(value: Any) -> float | None:
    """A moment of the wall clock from what LiteLLM gives: a datetime, a number, or nothing."""
    if value is None:
        return None
    if isinstance(value, (int, float)):
        return float(value)
    try:
        return float(value.timestamp())
    except (AttributeError, OSError, OverflowError, TypeError, ValueError):
        return None


# -------------------- caller --------------------
# What a proxied request tells: body and headers as the client sent them, who asks, and by which endpoint.


from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_plus

# LiteLLM names its calls irregularly; these are the ones with a model. Any other is routed without an endpoint.
ENDPOINT_OF_CALL = {
    "completion": "chat",
    "acompletion": "chat",
    "text_completion": "completion",
    "atext_completion": "completion",
    "embedding": "embedding",
    "embeddings": "embedding",
    "aembedding": "embedding",
    "responses": "responses",
    "aresponses": "responses",
    "anthropic_messages": "messages",
    "rerank": "rerank",
    "arerank": "rerank",
    "image_generation": "image",
    "aimage_generation": "image",
    "image_edit": "image",
    "aimage_edit": "image",
    "speech": "speech",
    "aspeech": "speech",
    "audio_speech": "speech",
    "transcription": "transcription",
    "atranscription": "transcription",
    "audio_transcription": "transcription",
    "moderation": "moderation",
    "amoderation": "moderation",
    "create_batch": "batch",
    "acreate_batch": "batch",
}


BUCKETS = ("litellm_metadata", "metadata")  # where LiteLLM keeps what belongs to a request; which one, is its choice


def buckets_of(data: Any) -> list[dict[str, Any]]:
    """What LiteLLM keeps of a request."""
    return [bucket for name in BUCKETS if isinstance(bucket := data.get(name), dict)]


def sent_by_client(data: dict[str, Any], buckets: Iterable[dict[str, Any]]) -> tuple[dict[str, Any], Any]:
    """Body and headers as they arrived, without what LiteLLM adds."""
    sent = data.get("proxy_server_request")
    body, headers = (sent.get("body"), sent.get("headers")) if isinstance(sent, dict) else (None, None)
    if not isinstance(body, dict):
        body = data
    own = client_metadata(buckets)
    return (body if own is None else {**body, "metadata": own}), (headers if hasattr(headers, "get") else {})


def client_metadata(buckets: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The body's metadata before LiteLLM mixed other things into it; None where it kept no copy."""
    for bucket in buckets:
        kept = bucket.get("requester_metadata")
        if isinstance(kept, dict):
            return kept
    return None




def named_by_url(data: dict[str, Any], body: dict[str, Any], model: str) -> bool:
    """Whether the model comes from the path or query, where LiteLLM takes it from but does not check the key's rights."""
    sent = data.get("proxy_server_request")
    url = sent.get("url") if isinstance(sent, dict) else None
    return body.get("model") != model and isinstance(url, str) and model in unquote_plus(url)


def caller_of(auth: Any, buckets: Iterable[dict[str, Any]], endpoint: str | None) -> dict[str, Any]:
    """Who asks, from the authenticated key: aliases before ids, never the key or its hash."""
    user = getattr(auth, "user_id", None)
    return {
        "key": getattr(auth, "key_alias", None) or user,
        "team": getattr(auth, "team_alias", None) or getattr(auth, "team_id", None),
        "user": user,
        "tags": tags_of(buckets),
        "endpoint": endpoint,
    }


def tags_of(buckets: Iterable[dict[str, Any]]) -> list[str]:
    """The tags that LiteLLM gathered from request and key."""
    found: list[str] = []
    for bucket in buckets:
        tags = bucket.get("tags")
        if tags and isinstance(tags, list):
            found += [tag for tag in tags if isinstance(tag, str)]
    return found


def sticky_identity(sticky: str | None, caller: dict[str, Any], body: dict[str, Any], headers: Any) -> str | None:
    """What a sticky strategy hashes: the user, the key, or the session that the client names."""
    if sticky != "session":
        return caller.get(sticky) if sticky else None
    metadata = body.get("metadata")
    named = (
        headers.get("x-litellm-session-id"),
        headers.get("x-session-id"),
        body.get("litellm_session_id"),
        metadata.get("session_id") if isinstance(metadata, dict) else None,
    )
    return next((name for name in named if isinstance(name, str) and name), None)


CACHE_WISHES = ("no-cache", "no-store", "s-maxage", "s-max-age")
CACHE_PLACES = ("cache_key", "caching_groups", "redis_namespace")  # by which a client could write where others read


def limit_cache_wishes(data: dict[str, Any]) -> None:
    """Let a client ask LiteLLM's cache for less than the rules do, never for more or for a place of its choice."""
    for place in (data, data.get("metadata"), data.get("litellm_metadata")):
        if isinstance(place, dict):
            for key in CACHE_PLACES:
                place.pop(key, None)
    sent = data.pop("cache", None)
    if isinstance(sent, dict):
        data["cache"] = {key: sent[key] for key in CACHE_WISHES if key in sent}


def may_be_kept(auth: Any) -> bool:
    """Whether LiteLLM would let this key ask for what the rules ask its cache."""
    allowed = getattr(auth, "allowed_cache_controls", None)
    return not allowed or ("use-cache" in allowed and "ttl" in allowed)


# What a client may bring of its own: a request can fail for it, which says nothing about the provider.
OWN_TERMS = frozenset((
    "timeout", "request_timeout", "stream_timeout", "api_key", "organization", "extra_headers", "headers"
))  # fmt: skip
OWN_HEADERS = ("x-litellm-timeout", "x-litellm-stream-timeout")
KINDS_OF_OWN_TERMS = frozenset(("timeout", "rate_limit", "quota", "auth"))
NO_KINDS: frozenset[str] = frozenset()


def kinds_of_own_terms(body: dict[str, Any], headers: Any) -> frozenset[str]:
    """The kinds of errors of which the client may be the cause, since it brings a time-out, key or header for the provider."""
    if OWN_TERMS.isdisjoint(body) and headers.get(OWN_HEADERS[0]) is None and headers.get(OWN_HEADERS[1]) is None:
        return NO_KINDS
    return KINDS_OF_OWN_TERMS


# Endpoints that generate text take request defaults; a parameter may have another name there.
NAMES_OF_DEFAULTS: dict[str, dict[str, str]] = {
    "chat": {},
    "completion": {},
    "messages": {},
    "responses": {"max_tokens": "max_output_tokens"},
}
NAMES_OF_MAX_TOKENS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def fill_in(data: dict[str, Any], defaults: dict[str, Any], endpoint: str | None) -> None:
    """Set the request parameters that the rules give and the client does not."""
    names = NAMES_OF_DEFAULTS.get(endpoint or "")
    if names is None:
        return
    for parameter, value in defaults.items():
        for spelling in NAMES_OF_MAX_TOKENS if parameter in NAMES_OF_MAX_TOKENS else (parameter,):
            if data.get(spelling) is not None:
                break
        else:
            data[names.get(parameter, parameter)] = value


def printable(value: object) -> str:
    """A client's text as it may stand in a log line or header: short, ASCII, without control characters."""
    text = "none" if value is None else str(value)[:200]
    return text if text.isascii() and text.isprintable() else text.encode("unicode_escape").decode("ascii")


# -------------------- failures --------------------
# One table from what LiteLLM raises to the error kind that rules name.


import re
import time
from collections.abc import Iterator
from email.utils import mktime_tz, parsedate_tz

# Looked up along the class's own line of ancestors, so the most specific name wins: LiteLLM derives
# ContextWindowExceededError, ContentPolicyViolationError and PaymentRequiredError from BadRequestError,
# and openai derives its timeout from its connection error.
KIND_OF_EXCEPTION = {
    "RateLimitError": "rate_limit",
    "ProxyRateLimitError": "rate_limit",
    "RouterRateLimitError": "rate_limit",
    "RouterRateLimitErrorBasic": "rate_limit",
    "Timeout": "timeout",
    "APITimeoutError": "timeout",
    "TimeoutError": "timeout",
    "TimeoutException": "timeout",
    "APIConnectionError": "connection",
    "ConnectionError": "connection",
    "TransportError": "connection",
    "ClientConnectionError": "connection",
    "InternalServerError": "server_error",
    "ServiceUnavailableError": "server_error",
    "BadGatewayError": "server_error",
    "APIResponseValidationError": "server_error",
    "PaymentRequiredError": "quota",
    "BudgetExceededError": "quota",
    "AuthenticationError": "auth",
    "PermissionDeniedError": "auth",
    "NotFoundError": "not_found",
    "ContextWindowExceededError": "context_window",
    "ContentPolicyViolationError": "content_policy",
    "RejectedRequestError": "content_policy",
    "BadRequestError": "bad_request",
    "InvalidRequestError": "bad_request",
    "UnprocessableEntityError": "bad_request",
    "LiteLLMUnknownProvider": "bad_request",
}
KIND_OF_STATUS = {
    401: "auth",
    402: "quota",
    403: "auth",
    404: "not_found",
    408: "timeout",
    429: "rate_limit",
    504: "timeout",
}
UNKNOWN_FAILURE = "server_error"

# A provider's own word for the error, where LiteLLM's class is coarser: kind by class -> code -> kind
KINDS_OF_CODES = {
    "rate_limit": {"insufficient_quota": "quota"},
    "bad_request": {"context_length_exceeded": "context_window", "content_policy_violation": "content_policy"},
}
LONGEST_TEXT = 4000
# How LiteLLM says that its own limit of a deployment is reached: nobody asked the provider
OWN_LIMITS = (
    "Model rate limit exceeded.",
    "Deployment over user-defined ratelimit.",
    "Deployment has all max_parallel_requests slots in use.",
)
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 3600.0  # seconds of a `Retry-After` that count


def error_kind(exception: object) -> str:
    """The error kind of a failed attempt: by class, refined by status, code and cause; else `server_error`."""
    exception = getattr(exception, "original_exception", None) or exception
    status = getattr(exception, "status_code", None)
    kind = _kind_of_class(type(exception)) or kind_of_status(status)
    if kind == "bad_request":  # LiteLLM 1.100 has no class of its own for 402
        kind = KIND_OF_STATUS.get(status if isinstance(status, int) else 0, kind)
    if kind == "server_error" and any(_kind_of_class(type(cause)) == "connection" for cause in _causes(exception)):
        return "connection"  # OpenAI-type providers: a refused or dropped connection arrives as a 500
    codes = KINDS_OF_CODES.get(kind)
    if codes is None:
        return kind
    texts = [_text_of(cause) for cause in (exception, *_causes(exception))]
    return next((finer for code, finer in codes.items() if any(code in text for text in texts)), kind)


def kind_of_status(status: object) -> str:
    """The error kind of an HTTP status that no class explains."""
    if not isinstance(status, int):
        return UNKNOWN_FAILURE
    return KIND_OF_STATUS.get(status) or ("bad_request" if 400 <= status < 500 else UNKNOWN_FAILURE)


def kind_of_record(name: object, text: object) -> str:
    """The error kind from LiteLLM's own note of a failure: the name of the class, and what it said."""
    named = KIND_OF_EXCEPTION.get(str(name))
    inner = re.search(r"Original exception: (\w{1,80})", str(text)[:LONGEST_TEXT])
    return named or KIND_OF_EXCEPTION.get(inner.group(1) if inner else "") or UNKNOWN_FAILURE


def is_own_limit(text: object) -> bool:
    """Whether LiteLLM kept an attempt back by a limit of its own; a provider's words would stand behind its name."""
    return str(text)[:LONGEST_TEXT].removeprefix("litellm.RateLimitError: ").startswith(OWN_LIMITS)


def retry_after(exception: object) -> float | None:
    """For how many seconds the provider asks to be left alone: a number or a date in its header `Retry-After`."""
    for error in (exception, *_causes(exception)):
        response = getattr(error, "response", None)
        for headers in (getattr(response, "headers", None), getattr(error, "litellm_response_headers", None)):
            text = None if headers is None or not hasattr(headers, "get") else headers.get("retry-after")
            seconds = _seconds_from_now(text[:100]) if isinstance(text, str) else None
            if seconds is not None:
                return min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)
    return None


def _seconds_from_now(text: str) -> float | None:
    if re.fullmatch(r"\s*\d{1,15}(\.\d{1,9})?\s*", text, re.ASCII):
        return float(text)
    try:
        date = parsedate_tz(text)
        return None if date is None else mktime_tz(date) - time.time()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _kind_of_class(kind: type) -> str | None:
    return next((KIND_OF_EXCEPTION[base.__name__] for base in kind.__mro__ if base.__name__ in KIND_OF_EXCEPTION), None)


def _causes(exception: object) -> Iterator[object]:
    for _ in range(8):
        exception = getattr(exception, "__cause__", None) or getattr(exception, "__context__", None)
        if exception is None:
            return
        yield exception


def _text_of(exception: object) -> str:
    parts = (getattr(exception, name, None) for name in ("code", "message"))
    return " ".join(part[:LONGEST_TEXT] for part in parts if isinstance(part, str))


# -------------------- breaker --------------------
# What errors come to: they degrade, as many again take out for a while, then single requests try, and successes heal.
#
# Going down takes several errors within a window, and coming back several successes in a row; who fails again on the way
# back is out for longer. So a flapping provider does not make the routing flap.


from collections import deque
from collections.abc import Callable
from typing import Any

HEALTHY, DEGRADED, PROBATION, COOLING, LIMITED = "healthy", "degraded", "probation", "cooling", "limited"
MOST_COOLDOWNS = 8  # a provider that fails again and again is out for up to so many times as long
LONGEST_TRIAL = 60.0  # then the next request is a trial, too: nobody may have told how this one ended


class Terms:
    """What the rules say about trouble: when it counts, how long it lasts, and whether anything follows from it."""

    __slots__ = ("cooldown", "deployment", "errors_count", "limit", "limits_count", "threshold", "window")

    def __init__(self, sections: dict[str, Any], deployment: Callable[[Any], dict[str, Any]]) -> None:
        limits = sections.get("rate_limited_fallback", {"enabled": False})
        errors = sections.get("error_based_routing", {"enabled": False})
        self.limits_count: bool = limits.get("enabled", True)
        self.limit = float(limits.get("fallback_duration_seconds", 60.0))
        self.errors_count: bool = errors.get("enabled", True)
        self.threshold = int(errors.get("error_threshold", 3))
        self.window = float(errors.get("window_seconds", 60.0))
        self.cooldown = float(errors.get("cooldown_seconds", 300.0))
        self.deployment = deployment

    def own_cooldown(self, step: Any) -> float | None:
        """How long this very deployment is to be out, where the rules say so."""
        found: float | None = self.deployment(step).get("cooldown")
        return found


class Breaker:
    """What the errors of a deployment or provider have come to."""

    __slots__ = (
        "cooldown",
        "errors",
        "factor",
        "gave_way",
        "kind",
        "last",
        "level",
        "since",
        "streak",
        "trial",
        "until",
    )

    def __init__(self, now: float) -> None:
        self.level = HEALTHY
        self.since = now
        self.errors: deque[float] = deque()
        self.last = now  # error
        self.kind = ""  # of it
        self.cooldown = 0.0
        self.factor = 1  # of the next cooldown; doubles with each one until it is healthy for long
        self.until = now  # which it cools
        self.trial: tuple[float, str] | None = None  # when the attempt began that tries it, and the ticket of its request
        self.streak = 0  # of trials that were served
        self.gave_way = False

    def enter(self, level: str, now: float) -> None:
        self.level = level
        self.since = now
        self.errors.clear()
        self.trial = None
        self.streak = 0

    def settle(self, now: float, window: float) -> None:
        """What time alone changes."""
        if self.level == COOLING and now >= self.until:
            self.enter(PROBATION, self.until)
        if self.level == PROBATION and now - self.since >= MOST_COOLDOWNS * self.cooldown and not self.blocked(now):
            self.enter(HEALTHY, now)  # nobody asked for it: what was known of it is worth nothing any more
        elif self.level == DEGRADED and now - self.last >= self.cooldown:
            self.enter(HEALTHY, self.last + self.cooldown)
        if self.level == HEALTHY and now - self.since >= self.cooldown:
            self.factor = 1
        while self.errors and now - self.errors[0] > window:
            self.errors.popleft()

    def fail(self, ticket: str, kind: str, now: float, terms: Terms, cooldown: float) -> None:
        if self.level == COOLING or (self.level == PROBATION and not self.is_trial(ticket)):
            return  # of a request that began before
        self.kind, self.last, self.cooldown = kind, now, cooldown
        self.errors.append(now)
        if self.level == PROBATION or (len(self.errors) >= terms.threshold and self.level == DEGRADED):
            self.until = now + cooldown * self.factor
            self.factor = min(2 * self.factor, MOST_COOLDOWNS)
            self.enter(COOLING, now)
        elif len(self.errors) >= terms.threshold:
            self.enter(DEGRADED, now)

    def is_trial(self, ticket: str) -> bool:
        """Whether it is the attempt of this request that decides."""
        return self.trial is not None and self.trial[1] == ticket

    def succeed(self, ticket: str, now: float, terms: Terms) -> None:
        if self.level == PROBATION and self.is_trial(ticket):
            self.trial = None
            self.streak += 1
            if self.streak >= terms.threshold:
                self.enter(HEALTHY, now)

    def blocked(self, now: float) -> bool:
        """Whether a request would better go elsewhere: it cools, or one request tries it already."""
        tried = self.trial is not None and now - self.trial[0] < LONGEST_TRIAL
        return self.level == COOLING or (self.level == PROBATION and tried)

    def ends(self) -> float | None:
        """When the level changes by itself, if nothing happens."""
        return {COOLING: self.until, DEGRADED: self.last + self.cooldown}.get(self.level)

    def quiet(self) -> bool:
        """Whether nothing is left to remember."""
        return self.level == HEALTHY and not self.errors and self.factor == 1


# -------------------- availability --------------------
# Which providers are out: as a whole, or with every deployment of theirs that was in use lately.
#
# A provider is judged when something happened to it, and ten times in a second while it is in trouble; by the deployments
# used last, so that it costs the same however many names clients invent.


from collections import OrderedDict
from typing import Any

USED_SECONDS = 600.0
MOST_USED = 32  # of them, those that have served before those that a client may have invented
JUDGED_SECONDS = 0.1  # for which a judgement counts if nothing happens

Uses = OrderedDict[tuple[str, str], float]


class Availability:
    """What `unavailable(PROVIDER)` asks; `health` knows who is in trouble, this follows who is in use."""

    def __init__(self, health: Any) -> None:
        self.health = health
        self.used: dict[str, tuple[Uses, Uses]] = {}  # deployments that are known to have served, and others
        self.due: dict[str, float] = {}  # who is or may get into trouble, and when to judge it again
        self.out: frozenset[str] = frozenset()

    def use(self, provider: str, model: str, now: float) -> None:
        """A deployment is in use."""
        place = provider, model
        both = self.used.get(provider)
        if both is None:
            both = self.used[provider] = OrderedDict(), OrderedDict()
        served, others = both
        here = served if place in served else others
        here[place] = now
        here.move_to_end(place)
        if len(served) + len(others) > MOST_USED:
            self.forget(provider, now)
        if provider in self.out:
            self.stir(provider)

    def forget(self, provider: str, now: float) -> None:
        """Follow no more than `MOST_USED` deployments of a provider; whether it is out may have hung on those that go."""
        served, others = self.used[provider]
        while len(served) + len(others) > MOST_USED:
            if not others:
                served.popitem(last=False)
                continue
            oldest, used_at = others.popitem(last=False)
            if self.health.state.proven(*oldest):  # by now
                served[oldest] = used_at
        if provider in self.due:
            self.due[provider] = min(self.due[provider], now + JUDGED_SECONDS)

    def stir(self, provider: str) -> None:
        """Something happened to a provider: what was known of it is to be judged anew."""
        self.due[provider] = 0.0

    def at(self, now: float) -> frozenset[str]:
        """The providers that are out now."""
        for provider in [one for one, moment in self.due.items() if moment <= now]:
            out, again = self.judge(provider, now)
            if out != (provider in self.out):
                self.out ^= {provider}
            if again is None:
                del self.due[provider]
            else:
                self.due[provider] = again
        return self.out

    def judge(self, provider: str, now: float) -> tuple[bool, float | None]:
        """Whether a provider is out, and when to judge it again if nothing happens to it; None for never.

        One deployment that is in use and well is enough; the one used last is the likeliest.
        """
        if self.health.is_blocked(provider, now):
            return True, now + JUDGED_SECONDS
        troubled = False
        for uses in self.used.get(provider, ()):
            for place, used_at in reversed(uses.items()):
                if self.health.in_trouble(place, now):
                    troubled = True
                elif now - used_at <= USED_SECONDS:
                    return False, used_at + USED_SECONDS
        return troubled, now + JUDGED_SECONDS if troubled else None


# -------------------- glance --------------------
# How deployments are at one moment: who is passed over and who gets half, for the one request that asks.


from collections.abc import Sequence
from typing import Any


Judgement = tuple["str | None", bool]
"""The kind of error for which a deployment is to be passed over, if it is, and whether it is to get half as much as its share."""

WELL: Judgement = (None, False)


class Glance:
    """Looks at each provider and deployment once, however often a request asks for it."""

    __slots__ = ("health", "known", "now", "wholes")

    def __init__(self, health: Any) -> None:
        self.health = health
        self.now: float = health.clock()
        self.wholes: dict[str, Breaker | None] = {}
        self.known: dict[tuple[str, str, str], Judgement] = {}

    def passed_over(self, steps: Sequence[Any]) -> dict[int, str]:
        """Of many, by their numbers, those that are to be passed over, each with the kind of error for which."""
        return {number: kind for number, step in enumerate(steps) if (kind := self.judged(step)[0]) is not None}

    def degraded(self, steps: Sequence[Any]) -> set[int]:
        """The numbers of those that are to get half as much as their share."""
        return {number for number, step in enumerate(steps) if self.judged(step)[1]}

    def gives_way(self, step: Any) -> bool:
        """Whether it is the turn of a degraded deployment to let the others go first."""
        found: bool = self.health.gives_way(step)
        return found

    def judged(self, step: Any) -> Judgement:
        """How a candidate or step is, by what the rules say of its deployment under this name."""
        key = step.provider, step.model, step.group
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = self.judge(step)
        return found

    def judge(self, step: Any) -> Judgement:
        health, now, provider = self.health, self.now, step.provider
        if provider not in self.wholes:
            self.wholes[provider] = health.look(provider, now)
        kind, halved = None, False
        for breaker in (self.wholes[provider], health.look((provider, step.model), now)):
            if breaker is None or breaker.level == HEALTHY:
                continue
            if kind is None and breaker.blocked(now):
                kind = breaker.kind
            halved = halved or breaker.level != COOLING
        limited = health.limited(provider, step.model, now)
        if kind is None and not halved and not limited:
            return WELL
        terms = health.terms
        own = terms.own_cooldown(step) is not None
        if not (own or terms.errors_count):
            kind, halved = None, False
        if limited and (own or terms.limits_count):
            kind = "rate_limit"
        return kind, halved


# -------------------- health --------------------
# Which deployments and providers are in trouble: who is passed over, who gets half the requests, who is tried again.
#
# One breaker for each deployment that failed, and one for each provider, which counts the errors that concern all of its
# deployments. A rate limit takes a deployment out by itself. All of it is judged always; whether anything is passed over
# or halved is up to the rules.


from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any


KINDS_OF_PROVIDERS = frozenset(("connection", "auth", "quota"))  # not of one model: the whole provider has them
SWEEP_SECONDS = 0.1
MOST_SWEPT = 100
MOST_CHANGES_TOLD = 20
CHANGES_SECONDS = 60.0
MOST_ASKED = 32
NO_PROVIDERS: frozenset[str] = frozenset()


class Health:
    """The trouble that this process has met: breakers by provider and by (provider, upstream model), and rate limits."""

    def __init__(self, terms: Terms, state: State, tell: Callable[[str], None] = lambda text: None) -> None:
        self.terms = terms
        self.state = state
        self.clock = state.clock
        self.tell = tell
        self.told: deque[float] = deque(maxlen=MOST_CHANGES_TOLD)
        self.untold = 0
        self.breakers: OrderedDict[Any, Breaker] = OrderedDict()
        self.limits: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()  # from when to when
        self.availability = Availability(self)
        self.swept = 0.0

    @property
    def troubled(self) -> bool:
        """Whether anything is to be asked at all."""
        return bool(self.breakers or self.limits)

    # -- what happens to attempts --

    #
    # A request has at most one attempt at a time: which one tries a breaker is told by the ticket of its request.

    def reserve(self, step: Any, ticket: str) -> None:
        """A request was given to this deployment; on probation its attempt is the one that is watched."""
        now = self.clock()
        for breaker in self.breakers_of(step, now):
            if breaker.level == PROBATION and not breaker.blocked(now):
                breaker.trial = now, ticket
                self.availability.stir(step.provider)

    def begin(self, step: Any, ticket: str) -> None:
        """An attempt begins."""
        self.availability.use(step.provider, step.model, self.clock())
        if self.breakers:
            self.reserve(step, ticket)

    def served(self, step: Any, ticket: str) -> None:
        """An attempt was served."""
        if not self.breakers:
            return
        now = self.clock()
        for key in (step.provider, (step.provider, step.model)):
            breaker = self.look(key, now)
            if breaker is not None:
                before = breaker.level
                breaker.succeed(ticket, now, self.terms)
                self.compare(key, breaker, before, now)
                self.availability.stir(step.provider)

    def fault(self, step: Any, ticket: str, kind: str, retry_after: float | None = None) -> None:
        """An attempt failed with this kind of error; a provider may have said when to come again."""
        now = self.clock()
        place = (step.provider, step.model)
        self.availability.use(*place, now)
        own = self.terms.own_cooldown(step)
        key: Any = step.provider if self.is_whole(step, kind) else place
        if kind == "rate_limit":
            seconds = retry_after if retry_after is not None else self.terms.limit if own is None else own
            self.limit(place, now, now + seconds)
        if self.counts(step, kind, own is not None):
            breaker = self.look(key, now) or self.add(key, now)
            before = breaker.level
            breaker.fail(ticket, kind, now, self.terms, self.terms.cooldown if own is None else own)
            self.compare(key, breaker, before, now)
        self.leave(step, ticket)

    def is_whole(self, step: Any, kind: str) -> bool:
        """Whether an error is one of the whole provider, and not of one model.

        What has never served may be a model that our key has no right to, or a name that a client invented.
        """
        if kind == "connection":
            return True
        return kind in KINDS_OF_PROVIDERS and self.state.proven(step.provider, step.model)

    def counts(self, step: Any, kind: str, own: bool) -> bool:
        """Whether an error says something about who made it."""
        if kind == "not_found":
            return self.state.proven(step.provider, step.model)  # else the model may be a name that a client invented
        return kind not in FAULTS_OF_REQUESTS and (kind != "rate_limit" or not (self.terms.limits_count or own))

    def leave(self, step: Any, ticket: str) -> None:
        """An attempt ended; whether it was served is of no account."""
        for breaker in self.breakers_of(step, self.clock()) if self.breakers else ():
            if breaker.is_trial(ticket):
                breaker.trial = None
                self.availability.stir(step.provider)

    def limit(self, place: tuple[str, str], now: float, until: float) -> None:
        if place not in self.limits and len(self.limits) >= MOST_DEPLOYMENTS:
            self.make_room(self.limits, lambda one: self.limits[one][1] <= now)
        since, before = self.limits.get(place, (now, now))
        self.limits[place] = (since if now < before else now, max(before, until))
        if before <= now < until:
            self.availability.stir(place[0])
            self.say(place, f"is {LIMITED} for {until - now:.0f} s (rate_limit)")

    # -- what the rules do about it --

    def out(self, step: Any) -> str | None:
        """The kind of error for which a deployment is to be passed over now, if it is."""
        return self.glance().judged(step)[0]

    def glance(self) -> Glance:
        """How deployments are now, for one request."""
        return Glance(self)

    def gives_way(self, step: Any) -> bool:
        """Whether it is the turn of a degraded deployment to let the others go first: every second time."""
        weak = [one for one in self.breakers_of(step, self.clock()) if one.level in (DEGRADED, PROBATION)]
        for breaker in weak[:1]:
            breaker.gave_way = not breaker.gave_way
            return breaker.gave_way
        return False

    # -- what conditions and people ask --

    def unavailable(self) -> frozenset[str]:
        """The providers that are out as a whole, or with every deployment that was in use lately."""
        if not self.breakers and not self.limits:
            return NO_PROVIDERS
        now = self.clock()
        if now - self.swept >= SWEEP_SECONDS:
            self.swept = now
            self.sweep(now)
        return self.availability.at(now)

    def view(self, place: tuple[str, str], groups: Sequence[str] = ()) -> dict[str, Any]:
        """How a deployment is, for people: times in seconds, `since` of the wall clock.

        It is `out` where the rules have it passed over under one of the names by which clients reach it.
        """
        now = self.clock()
        provider, model = place
        names = [Candidate(provider, model, "", group) for group in groups or (model,)]
        found = [one for one in (self.look(place, now), self.look(provider, now)) if one is not None]
        worst = max(found, key=lambda one: SEVERITY[one.level], default=None)
        level, since, ends, kind = HEALTHY, None, None, None
        if worst is not None and worst.level != HEALTHY:
            level, since, ends, kind = worst.level, worst.since, worst.ends(), worst.kind
        if self.limited(provider, model, now):
            level, (since, ends), kind = LIMITED, self.limits[place], "rate_limit"
        return {
            "level": DEGRADED if level == PROBATION else level,
            "probation": level == PROBATION,
            "out": bool(self.glance().passed_over(names)),
            "since": None if since is None else self.state.wall() - (now - since),
            "left": None if ends is None else ends - now,
            "kind": kind,
            "errors": sum(len(one.errors) for one in found),
        }

    # -- breakers --

    def in_trouble(self, place: tuple[str, str], now: float) -> bool:
        return self.limited(*place, now) or self.is_blocked(place, now)

    def is_blocked(self, key: Any, now: float) -> bool:
        breaker = self.look(key, now)
        return breaker is not None and breaker.blocked(now)

    def limited(self, provider: str, model: str, now: float) -> bool:
        return now < self.limits.get((provider, model), (now, now))[1]

    def breakers_of(self, step: Any, now: float) -> Iterator[Breaker]:
        for key in (step.provider, (step.provider, step.model)):
            breaker = self.look(key, now)
            if breaker is not None:
                yield breaker

    def look(self, key: Any, now: float) -> Breaker | None:
        """The breaker as it is now."""
        breaker = self.breakers.get(key)
        if breaker is not None:
            before = breaker.level
            breaker.settle(now, self.terms.window)
            if breaker.level != before:
                self.compare(key, breaker, before, now)
        return breaker

    def add(self, key: Any, now: float) -> Breaker:
        if len(self.breakers) >= MOST_DEPLOYMENTS:
            self.make_room(self.breakers, lambda one: self.breakers[one].level == HEALTHY)
        breaker = self.breakers[key] = Breaker(now)
        return breaker

    def make_room(self, kept: OrderedDict[Any, Any], is_over: Callable[[Any], bool]) -> None:
        """Forget one without trouble, else one that a client may have invented; the next of them, as all are too many to ask."""
        for expendable in (is_over, self.may_be_invented):
            for _ in range(MOST_ASKED):
                key = next(iter(kept))
                if expendable(key):
                    del kept[key]
                    return
                kept.move_to_end(key)
        kept.popitem(last=False)

    def may_be_invented(self, key: Any) -> bool:
        return not isinstance(key, str) and not self.state.proven(*key)

    def sweep(self, now: float) -> None:
        """Forget what is over; the next of them, as all may be too many to look at."""
        for place in self.next_of(self.limits):
            if self.limits[place][1] <= now:
                del self.limits[place]
                self.say(place, f"is no longer {LIMITED}")
        for key in self.next_of(self.breakers):
            breaker = self.look(key, now)
            if breaker is not None and breaker.quiet():
                del self.breakers[key]

    def next_of(self, kept: OrderedDict[Any, Any]) -> list[Any]:
        """Those whose turn it is."""
        turn = list(islice(kept, MOST_SWEPT))
        if len(turn) < len(kept):
            for key in turn:
                kept.move_to_end(key)
        return turn

    def compare(self, key: Any, breaker: Breaker, before: str, now: float) -> None:
        """Tell a change of the level."""
        if breaker.level == before:
            return
        self.availability.stir(key if isinstance(key, str) else key[0])
        if breaker.level == HEALTHY and key in self.limits:
            return  # not yet: the end of the limit is told
        how_long = f" for {breaker.until - now:.0f} s" if breaker.level == COOLING else ""
        why = f" ({breaker.kind})" if breaker.level in (DEGRADED, COOLING) else ""
        self.say(key, f"is {WORDS_OF_LEVELS[breaker.level]}{how_long}{why}")

    def say(self, key: Any, text: str) -> None:
        """Tell people of a provider or deployment, but never flood them."""
        now = self.clock()
        if len(self.told) == MOST_CHANGES_TOLD and now - self.told[0] < CHANGES_SECONDS:
            self.untold += 1
            return
        self.told.append(now)
        more = f" ({self.untold} changes before were not told)" if self.untold else ""
        self.untold = 0
        self.tell(f"{name_of(key)} {text}{more}")


SEVERITY = {HEALTHY: 0, DEGRADED: 1, PROBATION: 2, COOLING: 3}
WORDS_OF_LEVELS = {HEALTHY: "healthy again", DEGRADED: "degraded", PROBATION: "on probation", COOLING: "out"}


def name_of(key: Any) -> str:
    return printable(key if isinstance(key, str) else f"{key[0]}/{key[1]}")


# -------------------- plan --------------------
# The plan of one request: which deployments are tried in which order, and which of them suits after a failure.


from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

STEP_MARK = "rulec:step:"  # makes each fallback a target of its own, and tells the filter hook which one it is

# Another deployment of the same kind is not worth trying where the request itself is at fault,
KINDS_OF_THE_REQUEST = frozenset(("context_window", "content_policy", "bad_request"))
# and the same deployment again only where the fault may pass.
KINDS_THAT_PASS = frozenset(("rate_limit", "timeout", "connection", "server_error"))
# Of a thousand candidates the best ones are tried: who has waited for so many failures waits in vain for the rest.
MOST_CANDIDATES = 20
NOBODY_OUT: frozenset[str] = frozenset()
MOST_COURSES = 32_768  # of some two kilobytes
MOST_ORDERED = 4  # candidates whose orders come again often enough to be remembered


class PlanStep:
    """One deployment to try: a candidate, a hop of the chain, or a retry of the step before it (`again`).

    `pause` is how many seconds a retry waits. `place` is where it was found last among the deployments of its group, or
    before that where it stands among the candidates, most often the same; `headers` is what a client is told of it.
    """

    __slots__ = ("again", "group", "headers", "hop", "model", "pause", "place", "provider", "target")

    def __init__(self, target: Any, hop: Any = None, again: bool = False, pause: float = 0.0, place: int = 0) -> None:
        self.target = target
        self.provider: str = target.provider
        self.model: str = target.model
        self.group: str = target.group
        self.hop = hop
        self.again = again
        self.pause = pause
        self.place = place
        self.headers: dict[str, str] | None = None

    def takes(self, kind: str) -> bool:
        """Whether this step is for a request whose last attempt failed with `kind`."""
        if self.again:
            return kind in KINDS_THAT_PASS
        return kind not in KINDS_OF_THE_REQUEST if self.hop is None else bool(self.hop.takes(kind))

    def same_target(self, other: PlanStep) -> bool:
        return self.provider == other.provider and self.model == other.model


NO_TROUBLES: Mapping[PlanStep, str] = {}


class Course:
    """Steps in their order, and what LiteLLM and people are told of them: requests that go the same way share it.

    `troubles` are the steps to be passed over, each with the kind of error for which; `told` is the end of their line
    in the log.
    """

    __slots__ = ("groups", "start", "steps", "told", "troubles")

    def __init__(
        self, steps: Sequence[PlanStep], start: int = 0, troubles: Mapping[PlanStep, str] = NO_TROUBLES
    ) -> None:
        self.steps = steps
        self.start = start  # the step to begin with
        self.groups = tuple(dict.fromkeys([step.group for step in steps]))
        self.troubles = troubles
        self.told: str | None = None

    @property
    def out(self) -> frozenset[str]:
        """The providers of the steps that are to be passed over."""
        return frozenset([step.provider for step in self.troubles]) if self.troubles else NOBODY_OUT

    def fallbacks(self) -> list[dict[str, Any]]:
        """The steps behind the first as LiteLLM's fallbacks, for one request."""
        behind = self.start + 1
        return [
            {"model": step.group, "_excluded_deployment_ids": [f"{STEP_MARK}{index}"]}
            for index, step in enumerate(self.steps[behind:], behind)
        ]


class Courses:
    """The courses of one rule set: each leaf remembers its own, and of all together so many are kept."""

    def __init__(self, facts: Any) -> None:
        self.facts = facts
        self.kept: deque[dict[tuple[Any, ...], Course]] = deque()

    def through(self, decision: Any, order: list[int]) -> Course:
        """The course through these candidates of a decision and the hops of the first.

        The decision's leaf remembers it by that order and by what the request makes of the conditions of hops. Where
        there are too many, the leaf that made the oldest forgets all of its own.
        """
        if decision.leaf is None or len(order) > MOST_ORDERED:
            return Course(plan_steps(decision, order, self.facts))
        known: dict[tuple[Any, ...], Course] = decision.leaf.courses
        key = (*decision.leaf.verdicts(decision.request, decision.candidates[order[0]]), *order)
        course = known.get(key)
        if course is None:
            if len(self.kept) >= MOST_COURSES:
                self.kept.popleft().clear()
            self.kept.append(known)
            course = known[key] = Course(plan_steps(decision, order, self.facts))
        return course

    def around(self, decision: Any, order: list[int], passed_over: Callable[[Sequence[Any]], dict[int, str]]) -> Course:
        """The course while somebody is in trouble: a candidate that is `passed_over` goes behind the others.

        `passed_over` tells of many by their numbers who is to be, and for which kind of error.
        """
        out = passed_over(decision.candidates)
        course = self.through(decision, sorted(order, key=out.__contains__) if out else order)
        out = passed_over(course.steps)
        return Course(course.steps, 0, {course.steps[number]: kind for number, kind in out.items()}) if out else course


class Plan:
    """The steps of one request and where it stands; it only goes forward, and skips an unsuitable step for good."""

    __slots__ = (
        "at",
        "blameless",
        "failed",
        "fingerprint",
        "given_up",
        "kind",
        "open",
        "request",
        "rule",
        "since",
        "start",
        "steps",
        "ticket",
        "tried",
    )

    def __init__(self, course: Course, ticket: str, decision: Any, fingerprint: str, since: float) -> None:
        self.steps = course.steps
        self.start = self.at = course.start
        self.ticket = ticket
        self.rule: str | None = decision.rule
        self.request = decision.request  # which conditions of hops ask
        self.fingerprint = fingerprint
        self.since = since
        self.open = False  # an attempt has begun whose end is not known
        self.tried: list[PlanStep] = []
        self.failed = course.out  # providers; for conditions it is as if what is out had failed
        self.kind: str | None = None  # of the last failure
        self.given_up = False  # whether the deployment that failed last is out now, and not to be tried again
        self.blameless: frozenset[str] = frozenset()  # kinds of errors that say nothing about a deployment

    def suits(self, index: int, unavailable: frozenset[str] = frozenset()) -> bool:
        """Whether the step with this number is to be tried now."""
        if index == self.start:
            return not self.tried
        if not self.at < index < len(self.steps) or self.kind is None:
            return False
        step = self.steps[index]
        if not step.takes(self.kind):
            return False
        if step.again:
            return self.at == index - 1 and not self.given_up
        if step.hop is None:
            return True
        candidate_tried = any(done.hop is None and done.same_target(step) for done in self.tried)
        return not candidate_tried and bool(step.hop.allowed(self.request, self.failed | unavailable))

    def begin(self, index: int) -> PlanStep:
        """Take the step with this number; it is the one that serves unless it fails."""
        self.at = index
        self.open = True
        self.tried.append(self.steps[index])
        return self.steps[index]

    def goes_on_here(self) -> bool:
        """Whether the next step is the same deployment again."""
        return self.at + 1 < len(self.steps) and self.steps[self.at + 1].again

    def fail(self, kind: str, given_up: bool = False) -> None:
        """The attempt in progress failed with this kind."""
        self.open = False
        self.given_up = given_up
        self.kind = kind
        if self.tried:
            self.failed |= {self.tried[-1].provider}

    def end(self) -> None:
        """Nothing is tried any more, and the request is forgotten."""
        self.steps, self.tried, self.open, self.request = [], [], False, None


def plan_steps(decision: Any, order: list[int], facts: Any) -> list[PlanStep]:
    """The steps of a decision: its candidates in the strategy's order, the hops of the first, and retries of each."""
    candidates = decision.candidates
    steps = [PlanStep(candidates[index], place=index) for index in order[:MOST_CANDIDATES]]
    steps += [PlanStep(hop, hop) for hop in decision.hops(candidates[order[0]])]
    if decision.retry_attempts or facts.deployments:
        steps = [attempt for step in steps for attempt in (step, *retries(step, decision, facts.deployment(step)))]
    return steps


def retries(step: PlanStep, decision: Any, said: dict[str, Any]) -> list[PlanStep]:
    """The retries of a step: as its deployment says, else as the chain does."""
    count = said.get("retries", decision.retry_attempts or 0)
    if count <= 0:
        return []
    pause = said.get("retry_delay", (decision.retry_delay_ms or 0) / 1000)
    return [PlanStep(step.target, step.hop, True, pause, step.place) for _ in range(count)]


def arranged(course: Course, request: Any, unavailable: frozenset[str] = NOBODY_OUT) -> Course:
    """The course with what is out as the last resort, and the step to begin with.

    Where all candidates are out, that is the first hop for the kind of error that put the first one out. Where there is
    no such hop, the steps stay as they are: an attempt that may fail is better than none.
    """
    troubles = course.troubles
    ordered = sorted(course.steps, key=troubles.__contains__)
    first = next(step for step in course.steps if step.hop is None)
    if first not in troubles:
        return Course(ordered, 0, troubles)
    failed = course.out | unavailable
    for index, step in enumerate(ordered):
        ready = step.hop is not None and not step.again and step not in troubles
        if ready and step.takes(troubles[first]) and step.hop.allowed(request, failed):
            return Course(ordered, index, troubles)
    return course


# -------------------- reload --------------------
# The decision part of a generated module as one object, so that a new version can replace it while the proxy runs.


import os
from typing import Any


RELOADED = "rulec_reloaded"
"""The name of a module that was read again: only its decision part counts."""


class Rules:
    """What one version of the rules says; the proxy reads it once per request."""

    __slots__ = ("balancer", "courses", "decide", "defaults", "engine", "fingerprint", "keeps_answers", "settings", "terms", "version")

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.decide = namespace["decide"]
        self.balancer = namespace["BALANCER"]
        self.courses = Courses(self.balancer.facts)
        self.keeps_answers: bool = self.balancer.facts.keeps_answers
        self.engine = namespace.get("ENGINE")
        self.version = str(namespace.get("VERSION"))
        self.fingerprint = str(namespace["FINGERPRINT"])
        self.defaults: dict[str, Any] = namespace.get("DEFAULTS", {})
        self.settings = settings_from_environment(namespace.get("ENVIRONMENT", {}))
        self.terms = Terms(namespace.get("TABLES", {}).get("health", {}), self.balancer.facts.deployment)
        if len(self.fingerprint) != 12 or not hasattr(self.decide({}, {}), "action"):
            raise ValueError("not a routing module")

    def take_over(self, old: Rules) -> None:
        """Go on where the old rules were in turn."""
        self.balancer.take_over(old.balancer)


def settings_from_environment(references: dict[str, Any]) -> dict[str, dict[str, str]]:
    """For each provider the settings that a variable changes; LiteLLM's config holds their defaults.

    A setting is a tuple of texts and `(variable, default)` pairs.
    """
    found: dict[str, dict[str, str]] = {}
    for provider, settings in references.items():
        for key, parts in settings.items():
            if any(not isinstance(part, str) and os.environ.get(part[0]) for part in parts):
                found.setdefault(provider, {})[key] = text_from_environment(parts)
    return found


def file_stamp(path: str) -> tuple[int, int, int] | None:
    """What changes when a file does."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def load_rules(path: str) -> Rules:
    """The decision part of the module in this file; raises if it is not whole."""
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), path, "exec")
    namespace: dict[str, Any] = {"__name__": RELOADED, "__file__": path}
    try:
        exec(code, namespace)
    except (SystemExit, KeyboardInterrupt) as error:  # a module that asks the process to end is broken, too
        raise ValueError("the module would end the process") from error
    return Rules(namespace)


# -------------------- answers --------------------
# What a client is told besides the answer of its model: response headers, refusals, and the log line's reason.


from typing import Any


try:
    from litellm.proxy._types import ProxyException
except ImportError:  # decide() alone needs no LiteLLM
    ProxyException = None


def reason(decision: Any) -> str:
    """`exact match`, `pattern match` and so on; for a rule on request metadata its name."""
    if decision.phase == "when":
        return f"rule {printable(decision.rule)}"
    return {None: "no rule", "default": "default"}.get(decision.phase) or f"{decision.phase} match"


def response_headers(fingerprint: str, rule: str | None, served: PlanStep | None) -> dict[str, str]:
    """The headers of an answer; a step, which is of one rule and rule set, keeps its own."""
    if served is not None and served.headers is not None:
        return served.headers
    headers = {"x-rulec-version": fingerprint}
    if rule:
        headers["x-rulec-rule"] = printable(rule)
    if served is not None:
        headers["x-rulec-target"] = printable(f"{served.provider}/{served.model}")
        served.headers = headers
    return headers


def refusal(status: int, text: Any, rules: Rules, rule: str | None) -> Exception:
    """The answer to a request that is not served, in the shape of an OpenAI error."""
    kind = "permission_error" if status in (401, 403) else "invalid_request_error" if status < 500 else "server_error"
    headers = response_headers(rules.fingerprint, rule, None)
    answer: Exception = ProxyException(
        message=str(text or "refused by the routing rules"), type=kind, param="model", code=status, headers=headers
    )
    answer.status_code = status  # type: ignore[attr-defined]  # what /v1/completions of 1.100 answers with
    return answer


def forbidden(group: str, rules: Rules, rule: str | None) -> Exception:
    return refusal(403, f"this key may not call the model {printable(group)}, which the rules choose", rules, rule)


# -------------------- deployments --------------------
# The deployments that LiteLLM hands to the filter hook: which one is whose, and what only we know of it.


from typing import Any



class StepSkipped(Exception):
    """This step is not to be tried; LiteLLM goes on to the next fallback."""

    def __init__(self, message: str, status: int = 503) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status
        self.type = "not_found_error" if status == 404 else "service_unavailable"
        self.param = None
        self.code = str(status)


def rulec_info(deployment: Any) -> dict[str, Any]:
    return (deployment.get("model_info") or {}).get("rulec") or {}


def deployment_of(step: PlanStep, deployments: list[Any]) -> Any:
    """The deployment of the step, None where it is not among these; most often it stands where it stood last time."""
    if step.place < len(deployments) and serves(deployments[step.place], step):
        return deployments[step.place]
    for place, deployment in enumerate(deployments):
        if serves(deployment, step):
            step.place = place
            return deployment
    return None


def serves(deployment: Any, step: PlanStep) -> bool:
    """Whether this deployment is the one of the step; in a wildcard group its `model` is null and stands for any."""
    info = rulec_info(deployment)
    return info.get("provider") == step.provider and info.get("model") in (step.model, None)


def ready(
    deployment: Any, info: dict[str, Any], settings: dict[str, dict[str, str]], litellm_model: str | None = None
) -> Any:
    """The deployment, or a copy with what only we know: settings from the environment, a wildcard's upstream model."""
    changes: dict[str, Any] = {}
    if settings:
        own = info.get("own", ())  # what the deployment says otherwise than its provider
        changes = {key: one for key, one in settings.get(str(info.get("provider")), {}).items() if key not in own}
    if litellm_model is not None and info.get("model") is None and "provider" in info:
        changes["model"] = litellm_model
    if not changes:
        return deployment
    return {**deployment, "litellm_params": {**deployment["litellm_params"], **changes}}


def left_to_litellm(model: str, deployments: list[Any], settings: dict[str, dict[str, str]]) -> list[Any]:
    """What LiteLLM would have without rulec: our wildcard groups, which only we can fill, do not exist for it."""
    told = [(deployment, rulec_info(deployment)) for deployment in deployments]
    own = [ready(deployment, info, settings) for deployment, info in told if not is_our_wildcard(info)]
    if deployments and not own:
        raise StepSkipped(f"the model {printable(model)} does not exist", 404)
    return own


def is_our_wildcard(info: dict[str, Any]) -> bool:
    return "provider" in info and info.get("model") is None


# -------------------- status --------------------
# What an operator may ask a worker: how each deployment does. No key, no address, nothing of any request.
#
# The route is added to the proxy's own application and authenticates by LiteLLM's own dependency; only proxy admins pass.


import asyncio
import json
import math
import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any


STATUS_PATH = "/rulec/status"
STATUS_VERSION = 1
ADMIN = "proxy_admin"
ANY_MODEL = "*"  # stands for what a provider serves by pattern and nobody has asked for yet
MOST_NAMED_RULES = 20
DEPLOYMENTS_AT_ONCE = 50


class Status:
    """Answers for one handler."""

    def __init__(self, handler: Any) -> None:
        self.handler = handler
        self.worker = secrets.token_hex(6)
        self.since = time.time()
        self.engine: Any = None
        self.known: dict[tuple[str, str], Known] = {}

    async def answer(self) -> str:
        """All that this worker knows of itself and its deployments, as JSON; made in pieces, so that no request waits for it."""
        rules, state = self.handler.rules, self.handler.state
        if rules.engine is not self.engine:
            self.known = await asyncio.to_thread(known_deployments, rules.engine)
            self.engine = rules.engine
        signals = rules.balancer.watchers.get("signals")
        deployments = []
        for number, place in enumerate(list(dict.fromkeys((*self.known, *state.deployments)))):
            if number % DEPLOYMENTS_AT_ONCE == 0:
                await asyncio.sleep(0)
            deployments.append(json.dumps(self.deployment(place)))
        worker = {
            "version": STATUS_VERSION,
            "worker": {"id": self.worker, "pid": os.getpid(), "since": self.since, "uptime": time.time() - self.since},
            "rulec": rules.version,
            "rules": {"module": rules.fingerprint, "config": config_fingerprint()},
            "under_way": len(state.attempts) + len(state.reserved),
            "plans": len(self.handler.plans),
            "signals": [] if signals is None else signals.view(),
        }
        return f'{json.dumps(worker)[:-1]}, "deployments": [{", ".join(deployments)}]}}'

    def deployment(self, place: tuple[str, str]) -> dict[str, Any]:
        provider, model = place
        known = self.known.get(place)
        strategies = known or self.known.get((provider, ANY_MODEL))
        groups = [] if known is None else list(known.groups)
        return {
            "provider": printable(provider),
            "model": printable(model),
            "groups": groups,
            "strategies": {} if strategies is None else strategies.strategies,
            "health": self.handler.health.view(place, groups),
            **figures(self.handler.state, place),
        }


def figures(state: Any, place: tuple[str, str]) -> dict[str, Any]:
    """What this worker measured at a deployment; times in seconds, None where nothing is known (any more)."""
    found, now = state.deployments.get(place), state.clock()
    if found is None:
        return {
            "in_flight": 0,
            "served": 0,
            "failed": {},
            "error_rate": None,
            "idle": None,
            "latency": None,
            "first_token": None,
        }
    successes = found.successes.mean(now)
    return {
        "in_flight": len(found.open),
        "served": found.served,
        "failed": dict(found.failed),
        "error_rate": None if successes is None else round(1 - successes, 4),
        "idle": None if found.tried_at is None else round(now - found.tried_at, 3),
        "latency": spread(found.latencies, found.latency.mean(now)),
        "first_token": spread(found.first_tokens, None),
    }


def spread(samples: Iterable[tuple[float, float]], mean: float | None) -> dict[str, float] | None:
    """Mean (that of the samples where none is given), median and 95th percentile of what was measured last."""
    values = sorted(value for _, value in samples)
    if not values:
        return None
    p50, p95 = (values[math.ceil(share * len(values)) - 1] for share in (0.5, 0.95))
    found = {"mean": sum(values) / len(values) if mean is None else mean, "p50": p50, "p95": p95}
    return {name: round(seconds, 6) for name, seconds in found.items()}


class Known:
    """A deployment of the rules: the names by which clients reach it, and by strategy the rules that choose it so."""

    __slots__ = ("groups", "strategies")

    def __init__(self) -> None:
        self.groups: dict[str, None] = {}
        self.strategies: dict[str, list[str]] = {}

    def chosen(self, rule: Sequence[Any], strategy: str) -> None:
        rules = self.strategies.setdefault(strategy, [])
        if len(rules) < MOST_NAMED_RULES and rule[0] not in rules:
            rules.append(rule[0])

    def add(self, other: Known) -> None:
        for strategy, rules in other.strategies.items():
            own = self.strategies.get(strategy, [])
            self.strategies[strategy] = [*dict.fromkeys((*own, *rules))][:MOST_NAMED_RULES]


def known_deployments(engine: Any) -> dict[tuple[str, str], Known]:
    """The deployments that the rules can choose, in the order of the catalogue; those known by pattern as `*`."""
    found: dict[tuple[str, str], Known] = {}
    if engine is None:
        return found
    catalogue = engine.catalogue
    for name in dict.fromkeys(known_names(engine)):
        for provider in dict.fromkeys((*catalogue.serving(name), *catalogue.accepts(name))):
            place = catalogue.candidate(provider, name)
            found.setdefault((place.provider, place.model), Known()).groups[name] = None
        early, late = engine.outcomes(name)
        for place, rule, strategy in candidates_of(early or late):
            found.setdefault((place.provider, place.model), Known()).chosen(rule, strategy)
    for provider, (_, accepts, default, _) in catalogue.providers.items():
        if default is not None:
            place = catalogue.stand_in(provider)
            found.setdefault((place.provider, place.model), Known()).groups[place.group] = None
        if accepts:
            found[provider, ANY_MODEL] = Known()
    add_rules_of_any_name(engine, found)
    return found


def known_names(engine: Any) -> Iterator[str]:
    """The models that catalogue and rules spell out."""
    yield from engine.catalogue.models
    yield from engine.exact
    for route in engine.rules.routes:
        target = route[0]
        if target[0] == "models":
            yield from target[1]
        elif target[0] in ("virtual", "native"):
            yield from target[1:3]
    for chain in engine.chains:
        yield from (hop[1] for hop in chain.hops if hop[1] is not None)


def candidates_of(leaf: Any) -> Iterator[tuple[Any, Sequence[Any], str]]:
    """The candidates of a rule, each with rule and strategy, where one has to choose; of a virtual model both sides.

    Where LiteLLM's router splits, a strategy of ours chooses on the complex side only.
    """
    sides = [getattr(leaf, side) for side in ("simple", "complex") if hasattr(leaf, side)]
    for one in sides or (leaf,):
        if one is not None and len(one.places) > 1:
            yield from ((place, one.rule, one.strategy) for place in one.places)


def add_rules_of_any_name(engine: Any, found: dict[tuple[str, str], Known]) -> None:
    """What is chosen by other things than the name: by conditions and capabilities, and for names of a pattern."""
    whole: dict[str, Known] = {}  # what holds for all deployments of a provider
    for number, rule in engine.rules.numbered():
        phase, target = rule[1], rule[2]
        any_name = phase in ("when", "capability")
        if target[0] in ("models", "virtual") and any_name:
            for place, _, strategy in candidates_of(engine.leaf(number, None)):
                found[place.provider, place.model].chosen(rule, strategy)
        elif target[0] == "providers" and len(target[1]) > 1 and phase != "exact":
            catalogue = engine.catalogue
            places = tuple(catalogue.place(provider, ANY_MODEL, ANY_MODEL, weight) for provider, weight in target[1])
            strategy = catalogue.arranged(places, rule[4])[1]
            for provider, _ in target[1]:
                if any_name:
                    whole.setdefault(provider, Known()).chosen(rule, strategy)
                elif (provider, ANY_MODEL) in found:
                    found[provider, ANY_MODEL].chosen(rule, strategy)
    for (provider, _), known in found.items():
        if provider in whole:
            known.add(whole[provider])


def config_fingerprint() -> str | None:
    """The rules of which the running config was compiled, as its deployments tell."""
    server = sys.modules.get("litellm.proxy.proxy_server")
    for one in getattr(server, "llm_model_list", None) or ():
        ours = (one.get("model_info") or {}).get("rulec") if isinstance(one, dict) else None
        if isinstance(ours, dict) and ours.get("fingerprint"):
            return printable(ours["fingerprint"])
    return None


def publish_status(handler: Any) -> None:
    """Add the route to the proxy that this process runs, if it runs one; one of an earlier import gives way."""
    app = getattr(sys.modules.get("litellm.proxy.proxy_server"), "app", None)
    if app is None:
        return
    try:
        from fastapi import Depends
        from fastapi.responses import Response
        from litellm.proxy._types import ProxyException
        from litellm.proxy.auth.user_api_key_auth import user_api_key_auth

        status = Status(handler)

        async def tell(auth: Any = Depends(user_api_key_auth)) -> Any:  # noqa: B008 - FastAPI's way
            role = getattr(auth, "user_role", None)
            if getattr(role, "value", role) != ADMIN:
                raise ProxyException("only a proxy admin may see the status", "permission_error", None, 403)
            try:
                text = await status.answer()
                return Response(text, media_type="application/json", headers={"cache-control": "no-store"})
            except Exception as error:
                handler.say_once("the status cannot be told", error)
                raise ProxyException("the status cannot be told, the log says why", "server_error", None, 500) from None

        app.router.routes[:] = [one for one in app.router.routes if getattr(one, "path", None) != STATUS_PATH]
        app.add_api_route(STATUS_PATH, tell, methods=["GET"], include_in_schema=False)
    except Exception as error:
        handler.say_once("no status is served", error)


# -------------------- adapter --------------------
# The thin LiteLLM adapter: one callback that lets the proxy route as `decide` says, and nothing else.
#
# LiteLLM serves a request as one call and its per-request fallbacks. Every further step of our plan, to the same model or
# to another, is one such fallback: they follow any error, while retries inside a group follow only some. The filter hook
# hands out the one deployment of the step whose turn it is, or raises, and LiteLLM goes on to the next fallback.


import asyncio
import random
import sys
import time
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any


try:
    from litellm.integrations.custom_logger import CustomLogger as LiteLLMCallback
    from litellm.proxy._types import ProxyException
except ImportError:  # decide() alone needs no LiteLLM
    LiteLLMCallback, ProxyException = None, None

KEPT_ENDPOINTS = frozenset(("chat", "completion"))  # others share keys in LiteLLM's cache, or it keeps none of them
WITHOUT_FALLBACKS = frozenset(("batch",))  # LiteLLM calls the provider directly: no filter hook, no fallbacks

OWN_PREFIX = "rulec:"  # begins the ids of our deployments, by which LiteLLM would let a client call them
# What only LiteLLM and we may set: a client could skip steps or choose a deployment by them.
INTERNAL_KEYS = frozenset((
    "_excluded_deployment_ids",
    "_retry_skipped_deployment_ids",
    "_target_order",
    "attempted_targets",
    "content_policy_fallbacks",
    "context_window_fallbacks",
    "custom_llm_provider",
    "fallback_depth",
    "max_fallbacks",
    "model_group_retry_policy",
    "specific_deployment",
))  # fmt: skip
MAX_PLANS = 20_000
PLAN_SECONDS = 7200.0
ENDED_SECONDS = 5.0  # for which the plan of a request that failed is kept: LiteLLM still asks for headers
RELOAD_SECONDS = 2.0


class RulecHandler(LiteLLMCallback or object):  # type: ignore[misc]
    """The callback that the config names. LiteLLM only calls hooks that are defined on this very class."""

    def __init__(self) -> None:
        if LiteLLMCallback is not None:
            super().__init__()
            show_log()
        self.rules = Rules(globals())
        self.state = State()
        self.health = Health(self.rules.terms, self.state, lambda text: log_writer.line("Health: %s", text))
        self.plans: OrderedDict[str, Plan] = OrderedDict()
        self.said: set[str] = set()
        self.access: tuple[Any, Any] | None = None
        self.random = random.Random()
        self.watcher: asyncio.Task[None] | None = None
        self.background: list[asyncio.Task[None]] = []
        self.path = str(globals().get("__file__") or "")
        self.seen = file_stamp(self.path)  # the file as it was read, whenever somebody begins to follow it
        self.start_background()

    # -- once per client request, before LiteLLM looks for a deployment --

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: Any
    ) -> dict[str, Any]:
        """Decide, check the caller's rights, and write model and fallbacks into the request."""
        try:
            buckets = buckets_of(data)
            for bucket in buckets:
                bucket.pop("rulec", None)
            self.start_background()
            await self.route(user_api_key_dict, data, buckets, str(getattr(call_type, "value", call_type)))
        except ProxyException:
            raise
        except Exception as error:
            self.say_once("routing failed, LiteLLM goes on alone", error)
        return data

    async def route(self, auth: Any, data: dict[str, Any], buckets: list[dict[str, Any]], call_type: str) -> None:
        rules = self.rules  # read once: a reload never mixes two rule sets in one request
        asked = data.get("model")
        if asked is not None and not isinstance(asked, str):
            raise refusal(400, "the model must be a string", rules, None)
        endpoint = ENDPOINT_OF_CALL.get(call_type)
        if endpoint is None and not asked:
            return  # files and the like: nothing to route
        if asked and asked.startswith(OWN_PREFIX):
            raise refusal(404, f"the model {printable(asked)} does not exist", rules, None)
        body, headers = sent_by_client(data, buckets)
        if body.get("model") != asked:
            if asked and named_by_url(data, body, asked) and not await self.may_call(auth, asked):
                raise refusal(403, f"this key may not call the model {printable(asked)}", rules, None)
            body = {**body, "model": asked}
        if rules.keeps_answers:
            limit_cache_wishes(data)
        caller = caller_of(auth, buckets, endpoint)
        unavailable = self.health.unavailable()
        health = self.health.glance() if self.health.troubled else None
        decision = rules.decide(body, headers, **caller, unavailable=unavailable)
        if decision.action != "route":
            await self.leave_or_refuse(decision, asked, auth, rules)
            return
        identity = None if decision.sticky is None else sticky_identity(decision.sticky, caller, body, headers)
        order = rules.balancer.order(decision, identity, self.random, self.state, health)
        course = course_of(decision, order, rules, health)
        if course.groups != (asked,):  # LiteLLM checked only the name that the client used
            course = await self.permitted(course, decision, order, asked, auth, rules, health)
        if course.troubles:
            course = arranged(course, decision.request, unavailable)
        first = course.steps[course.start]
        if "," in first.group:  # LiteLLM would call every part of such a name
            raise refusal(400, "a model name with a comma cannot be routed", rules, decision.rule)
        if log_writer.wanted():
            if course.told is None:
                course.told = f"{printable(first.provider)} ({reason(decision)})"
            log_writer.write("Model: %s -> Provider: %s", printable(asked), course.told)
        if first.group != asked:
            data["model"] = first.group
        if rules.defaults:
            fill_in(data, rules.defaults, endpoint)
        if rules.keeps_answers:
            seconds = rules.balancer.facts.deployment(first).get("cache_ttl")
            if seconds and endpoint in KEPT_ENDPOINTS and may_be_kept(auth):
                data["cache"] = {"use-cache": True, "ttl": seconds, **data.get("cache", {})}
        if endpoint in WITHOUT_FALLBACKS:
            return
        ticket = f"{self.random.getrandbits(64):016x}"
        plan = Plan(course, ticket, decision, rules.fingerprint, time.monotonic())
        plan.blameless = kinds_of_own_terms(body, headers)
        self.keep(plan, course, data, buckets)

    async def leave_or_refuse(self, decision: Any, asked: str | None, auth: Any, rules: Rules) -> None:
        """Leave a request to LiteLLM, if this caller may call every model among which that will choose; or refuse it."""
        log_writer.line("Model: %s -> %s (%s)", printable(asked), decision.action, reason(decision))
        if decision.action == "refuse":
            raise refusal(decision.status or 400, decision.text, rules, decision.rule)
        for group in sorted({one.group for one in decision.candidates}):
            if not await self.may_call(auth, group):
                raise forbidden(group, rules, decision.rule)

    async def permitted(
        self,
        course: Course,
        decision: Any,
        order: list[int],
        asked: str | None,
        auth: Any,
        rules: Rules,
        health: Glance | None,
    ) -> Course:
        """The course through the models that this caller may call.

        Who may call no candidate is refused, whatever the hops are.
        """
        allowed, candidates = {asked}, decision.candidates
        await self.allow(allowed, {one.group for one in candidates}, auth)
        possible = [number for number in order if candidates[number].group in allowed]
        if not possible:
            raise forbidden(candidates[0].group, rules, decision.rule)
        if len(possible) < len(order):
            course = course_of(decision, possible, rules, health)
        if not allowed.issuperset(course.groups):
            await self.allow(allowed, course.groups, auth)
        if allowed.issuperset(course.groups):
            return course
        steps = [step for step in course.steps if step.group in allowed]
        return Course(steps, 0, {step: kind for step, kind in course.troubles.items() if step.group in allowed})

    async def allow(self, allowed: set[str | None], groups: Iterable[str], auth: Any) -> None:
        """Add those of these groups that this caller may call."""
        for group in groups:
            if group not in allowed and await self.may_call(auth, group):
                allowed.add(group)

    async def may_call(self, auth: Any, group: str) -> bool:
        """Whether LiteLLM's own check lets this key call the model; what cannot be checked is not allowed."""
        try:
            if self.access is None:  # neither can be imported before the proxy runs
                from litellm.proxy import proxy_server
                from litellm.proxy.auth.auth_checks import can_key_call_resolved_model

                self.access = proxy_server, can_key_call_resolved_model
            proxy, check = self.access
            await check(model=group, llm_model_list=None, valid_token=auth, llm_router=proxy.llm_router)
        except ProxyException:
            return False
        except Exception as error:
            self.say_once("the access check failed, the model is not allowed", error)
            return False
        return True

    def keep(self, plan: Plan, course: Course, data: dict[str, Any], buckets: list[dict[str, Any]]) -> None:
        """Store the plan under a ticket that no client can choose, and make its steps LiteLLM's fallbacks."""
        if not INTERNAL_KEYS.isdisjoint(data):
            for key in INTERNAL_KEYS.intersection(data):
                del data[key]
        data["num_retries"] = 0
        data["fallbacks"] = course.fallbacks()
        bucket = buckets[0] if buckets else data.setdefault("metadata", {})
        bucket["rulec"] = {"id": plan.ticket, "rule": plan.rule, "version": plan.fingerprint}
        first = plan.steps[plan.start]
        self.state.reserve(plan.ticket, first.provider, first.model)
        if self.health.breakers:
            self.health.reserve(first, plan.ticket)
        self.plans[plan.ticket] = plan
        while len(self.plans) > MAX_PLANS or plan.since - next(iter(self.plans.values())).since > PLAN_SECONDS:
            self.plans.popitem(last=False)

    # -- once per attempt --

    async def async_filter_deployments(
        self,
        model: str,
        healthy_deployments: list[Any],
        messages: Any,
        request_kwargs: Any = None,
        parent_otel_span: Any = None,
    ) -> list[Any]:
        """Leave only the deployment of the step whose turn it is."""
        try:
            plan = self.plans.get(ticket_of(request_kwargs))
            if plan is None:
                return left_to_litellm(model, healthy_deployments, self.rules.settings)
            step = await self.turn(plan, request_kwargs)
            chosen = deployment_of(step, healthy_deployments)
            info = rulec_info(chosen or next(iter(healthy_deployments), {}))
            self.compare_fingerprints(plan, info.get("fingerprint"))
            if chosen is None:
                self.failed(plan, "server_error")
                raise StepSkipped(f"no deployment of {printable(model)} at {printable(step.provider)} is ready")
            return [ready(chosen, info, self.rules.settings, step.target.litellm_model)]
        except StepSkipped:
            raise
        except Exception as error:
            self.say_once("choosing a deployment failed, LiteLLM chooses", error)
            return healthy_deployments

    async def turn(self, plan: Plan, kwargs: Any) -> PlanStep:
        """The step that LiteLLM is at; begins it unless it is in progress, skips it if it does not suit."""
        index = marked_step(kwargs, plan.at)
        if plan.open and index == plan.at:
            return plan.steps[index]
        if plan.open or (
            index != plan.start and plan.kind is None
        ):  # no hook told us: a stream broke, or nobody was ready
            self.failed(plan, *recorded_failure(kwargs))
        if not plan.suits(index, NO_PROVIDERS if index == plan.start else self.health.unavailable()):
            raise StepSkipped(f"step {index} of the fallback chain does not apply")
        before = plan.tried[-1] if plan.tried else None
        step = plan.begin(index)
        if step.again:
            await asyncio.sleep(step.pause)
        elif before is not None:
            log_writer.line("Fallback triggered: %s -> %s", printable(before.provider), printable(step.provider))
        self.state.begin(plan.ticket, step.provider, step.model)
        self.health.begin(step, plan.ticket)
        return step

    def failed(self, plan: Plan, kind: str, blameless: bool = False, wait: float | None = None) -> None:
        """The attempt in progress failed, maybe for what says nothing of the provider; it may have said how long to wait."""
        if not plan.tried and plan.steps:
            self.health.leave(plan.steps[plan.start], plan.ticket)  # it was never asked
        step = plan.tried[-1] if plan.open else None
        if blameless or kind in plan.blameless:
            self.state.close(plan.ticket)
            if step is not None:
                self.health.leave(step, plan.ticket)
        else:
            self.state.fail(plan.ticket, kind)
            if step is not None:
                self.health.fault(step, plan.ticket, kind, wait)
        plan.fail(kind, step is not None and plan.goes_on_here() and self.health.out(step) is not None)

    def compare_fingerprints(self, plan: Plan, compiled: Any) -> None:
        """Say once that the config was compiled from other rules than this module."""
        if compiled != plan.fingerprint and compiled:
            what = f"the config is of rules {printable(compiled)}, the module of {plan.fingerprint}: "
            what += "routing is up to date, changed providers and models need a restart of the proxy"
            self.say_once(what)

    async def async_post_call_failure_deployment_hook(
        self, request_data: Any, exception: Exception, call_type: Any, fallback_depth: Any = None
    ) -> None:
        """Note the error kind of a failed attempt: it chooses the next step."""
        plan = self.plans.get(ticket_of(request_data))
        if plan is not None:
            kind = error_kind(exception)
            wait = retry_after(exception) if kind == "rate_limit" else None
            self.failed(plan, kind, is_own_limit(exception), wait)

    # -- at the end --
    #
    # Who ends an attempt, as seen on LiteLLM 1.100 and 1.106; each hook is needed, and none is told of every end:
    #   served; client gone in mid-stream              async_log_success_event
    #   error or time-out before the first content     async_post_call_failure_deployment_hook
    #   stream that breaks, on the first attempt       async_log_failure_event, in 1.100 async_post_call_failure_hook
    #   stream that breaks, after a hop                async_post_call_failure_hook
    #   stream without content, and a hop follows      turn(), which begins the next attempt
    #   client gone before the answer                  as if it were still there; with cancel_on_disconnect like a stream
    #                                                  that breaks, by a 499, which is no fault of the deployment

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Note how the deployment served, and forget the plan."""
        try:
            ticket = ticket_of((kwargs or {}).get("litellm_params"))
            plan = self.plans.pop(ticket, None)
            step = plan.tried[-1] if plan is not None and plan.open else None
            if kwargs and kwargs.get("cache_hit"):
                self.state.close(ticket)  # an answer from LiteLLM's cache says nothing of the deployment
                if step is not None:
                    self.health.leave(step, ticket)
                return
            if step is not None:
                self.health.served(step, ticket)
            first_token = kwargs.get("completion_start_time") if kwargs and kwargs.get("stream") else None
            self.state.succeed(ticket, moment(end_time), moment(first_token))
        except Exception as error:
            self.say_once("a served request was not noted", error)

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """End the attempt of a stream that broke, which no other hook tells.

        LiteLLM says this once per request: after a failed attempt it is about that one, not about the next.
        """
        try:
            plan = self.plans.get(ticket_of((kwargs or {}).get("litellm_params")))
            if plan is not None and plan.open and plan.kind is None:
                exception = (kwargs or {}).get("exception")
                self.failed(plan, error_kind(exception), is_own_limit(exception))
        except Exception as error:
            self.say_once("a failed request was not noted", error)

    async def async_post_call_failure_hook(
        self, request_data: Any, original_exception: Exception, user_api_key_dict: Any, *more: Any, **later: Any
    ) -> None:
        """The client gets an error, whoever raised it: nothing of this request is under way any more."""
        try:
            ticket = ticket_of(request_data)
            plan = self.plans.get(ticket)
            if plan is not None:
                for step in plan.steps:  # one may be a trial: after the provider answered, or before it was asked
                    self.health.leave(step, ticket)
                plan.end()
            self.state.close(ticket)
            asyncio.get_running_loop().call_later(ENDED_SECONDS, self.plans.pop, ticket, None)
        except Exception as error:
            self.say_once("a failed request was not noted", error)

    async def async_post_call_response_headers_hook(
        self, data: Any, user_api_key_dict: Any, response: Any, request_headers: Any = None, **later: Any
    ) -> dict[str, str] | None:
        """Tell the client the rule, the deployment that served, and the version of the rules."""
        try:
            plan = self.plans.get(ticket_of(data))
            if plan is None:
                return None
            served = plan.tried[-1] if plan.tried and response is not None else None
            return response_headers(plan.fingerprint, plan.rule, served)
        except Exception as error:
            self.say_once("no response headers", error)
            return None

    # -- in the background, off the path of requests --

    def start_background(self) -> None:
        """Follow our own file and what the rules watch, as tasks of the loop that runs; where none does, the first request will."""
        if self.watcher is not None and not self.watcher.done() and not self.watcher.get_loop().is_closed():
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        self.watcher = loop.create_task(self.follow_file())
        self.start_watchers()

    def start_watchers(self) -> None:
        """Begin what these rules watch, and end what the rules before them did."""
        for task in self.background:
            task.cancel()
        loop = asyncio.get_running_loop()
        self.background = [loop.create_task(one) for one in self.rules.balancer.tasks(self.state)]

    async def follow_file(self) -> None:
        """Replace the decision part when the file changes; keep the last good one when the file is broken."""
        while self.path:
            await asyncio.sleep(RELOAD_SECONDS)
            stamp = file_stamp(self.path)
            if stamp in (self.seen, None):
                continue
            self.seen = stamp
            try:
                rules = await asyncio.to_thread(load_rules, self.path)
                rules.take_over(self.rules)
            except Exception as error:
                what = type(error).__name__
                log.error("[ROUTER] the changed file is broken (%s); rules %s stay", what, self.rules.fingerprint)
                continue
            log_writer.line("rules %s replace %s", rules.fingerprint, self.rules.fingerprint)
            self.rules = rules
            self.start_watchers()
            self.health.terms = rules.terms

    def say_once(self, what: str, error: BaseException | None = None) -> None:
        """Log a trouble of our own the first time; an exception by its class and place, never by its text."""
        if what in self.said:
            return
        self.said.add(what)
        trace = sys.exc_info()[2]
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f" ({type(error).__name__} at line {trace.tb_lineno})" if error and trace else ""
        log.warning("[ROUTER] %s%s", what, place)


def course_of(decision: Any, order: list[int], rules: Rules, health: Glance | None) -> Course:
    """The course through these candidates, around those who are in trouble, where anybody is."""
    if health is None:
        return rules.courses.through(decision, order)
    return rules.courses.around(decision, order, health.passed_over)


def ticket_of(kwargs: Any) -> str:
    """The ticket that we put into this request, or an empty string."""
    for name in BUCKETS if kwargs else ():
        bucket = kwargs.get(name)
        own = bucket.get("rulec") if isinstance(bucket, dict) else None
        if isinstance(own, dict):
            return str(own.get("id"))
    return ""


def marked_step(kwargs: Any, otherwise: int) -> int:
    """The number of the step that this fallback stands for."""
    for mark in map(str, kwargs.get("_excluded_deployment_ids") or ()):
        if mark.startswith(STEP_MARK):
            return int(mark[len(STEP_MARK) :])
    return otherwise


def recorded_failure(kwargs: Any) -> tuple[str, bool]:
    """The kind of the last failure by LiteLLM's own record, and whether that was a limit of its own."""
    for bucket in BUCKETS:
        records = (kwargs.get(bucket) or {}).get("previous_models")
        if records:
            text = records[-1].get("exception_string")
            return kind_of_record(records[-1].get("exception_type"), text), is_own_limit(text)
    return error_kind(None), False


handler = RulecHandler() if "decide" in globals() and __name__ != RELOADED else None
if handler is not None:
    publish_status(handler)
