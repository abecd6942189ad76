"""JUnit's XML has the shape that the usual schema asks, whatever names and answers hold."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

from rulec.testing.junit import Check, CheckSuite, render_junit

# What the schema of Jenkins' xUnit plugin and of Surefire both require and allow, for the elements that we write.
REQUIRED = {
    "testsuites": set(),
    "testsuite": {"name", "tests", "failures", "errors"},
    "testcase": {"name", "classname"},
    "failure": set(),
    "error": set(),
    "skipped": set(),
}
ALLOWED = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
}
CHILDREN = {"testsuites": {"testsuite"}, "testsuite": {"testcase"}, "testcase": {"failure", "error", "skipped"}}
NUMBERS = {"tests", "failures", "errors", "skipped", "time"}


def check_shape(element: ElementTree.Element) -> None:
    attributes = set(element.attrib)
    assert REQUIRED[element.tag] <= attributes <= ALLOWED[element.tag]
    assert all(re.fullmatch(r"\d+", element.attrib[one]) for one in NUMBERS & attributes)
    children = CHILDREN.get(element.tag, set())
    assert all(child.tag in children for child in element)
    if children and element.tag != "testcase":
        assert not (element.text or "").strip()
        cases = list(element.iter("testcase"))
        assert element.attrib["tests"] == str(len(cases))
        for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert element.attrib[count] == str(len(list(element.iter(tag))))
    for child in element:
        check_shape(child)


def test_every_text_is_told() -> None:
    odd = "a\x00\x1b[31m\ud800\ufffe <&\"'> ]]> é 😀\nsecond\tline"
    told = "a\ufffd\ufffd[31m\ufffd\ufffd <&\"'> ]]> é 😀\nsecond\tline"
    text = render_junit([CheckSuite(odd, (Check(odd, failure=odd), Check("b", error=""), Check("c"), Check("d", skipped="why")))])
    root = ElementTree.fromstring(text.encode("utf-8"))
    check_shape(root)
    suite = root[0]
    assert (suite.attrib["name"], suite[0].attrib["name"], suite[0][0].text) == (told, told, told)
    assert suite[0][0].attrib["message"] == told.splitlines()[0]
    assert [one.attrib["name"] for one in suite] == [told, "b", "c", "d"]


def test_nothing_is_a_document() -> None:
    check_shape(ElementTree.fromstring(render_junit([])))
