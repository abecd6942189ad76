"""The words that editors get are those that the parsers take."""

from rulec.diagnostics import Rejected
from rulec.source import Located, Source, Span
from rulec.syntax.completion import completion_data
from rulec.syntax.condition_parser import parse_condition

LITERALS = {
    "string": '"x"',
    "header": '"x"',
    "metadata": '"x"',
    "size": "8B",
    "number": "5",
    "bool": "true",
    "enum": "chat",
    "tags": '"x"',
}


def reads(text: str) -> bool:
    try:
        parse_condition(Located(text, Span(Source("rules.yaml", text), 0, len(text))))
    except Rejected:
        return False
    return True


def condition(name: str, kind: str, operator: str) -> str:
    if kind == "time":
        return f'{name} {operator} 22:00-06:00 "UTC"'
    if kind == "weekday":
        return f'{name} {operator} [mon] "UTC"'
    literal = LITERALS[kind]
    if operator in ("contains", "starts_with", "ends_with", "matches"):
        literal = '"x"'
    elif operator in ("<", "<=", ">", ">=") and kind in ("header", "metadata"):
        literal = "5"
    return f"{name} {operator} [{literal}]" if operator.endswith("in") else f"{name} {operator} {literal}"


def test_each_operator_of_each_field_reads_and_no_other() -> None:
    data = completion_data()
    operators = {operator for field in data["fields"] for operator in field["operators"]}
    for field in data["fields"]:
        name = f"{field['name']}.x-y" if field["takes_name"] else field["name"]
        for operator in operators:
            text = condition(name, field["type"], operator)
            assert reads(text) == (operator in field["operators"]), text


def test_the_other_words_read() -> None:
    data = completion_data()
    assert all(reads(f"endpoint == {one}") for one in data["endpoints"])
    assert all(reads(f'weekday in [{one}] "UTC"') for one in data["weekdays"])
    assert all(reads(f"{one}(stream)") for one in data["functions"])
    assert {"exact", "when", "default"} <= set(data["statements"])
    assert {"then", "via", "matches"} <= set(data["keywords"])
