"""`rulec explain`: where a request goes, and why."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rulec.commands.output import add_cache_option, add_format_option, add_rules_option, rules_folder

if TYPE_CHECKING:
    from pathlib import Path

    from rulec.commands.answers import Answerer
    from rulec.ir.decide import Outcome

REQUEST_OPTIONS = ["model", "header", "stream", "capability", "body", "metadata", "endpoint", "key", "team", "user"]
REQUEST_OPTIONS += ["tag", "at", "unavailable", "curl"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", nargs="?", metavar="CODE", help="instead of a request: the page of a diagnostic's code")
    parser.add_argument("--codes", action="store_true", help="list the codes of all diagnostics")
    add_rules_option(parser)
    add_cache_option(parser)
    parser.add_argument("--model", metavar="NAME", help="the model that the request names")
    parser.add_argument("--header", metavar="K=V", action="append", help="a request header; repeatable")
    parser.add_argument("--stream", action="store_true", default=None, help="the request asks for a stream")
    parser.add_argument("--capability", metavar="NAME", help="the capability header")
    parser.add_argument("--body", metavar="FILE|-", help="the JSON body; the other options win over it")
    parser.add_argument("--metadata", metavar="K=V", action="append", help="body metadata, as text; repeatable")
    parser.add_argument("--endpoint", metavar="NAME", help="chat, completion, embedding, responses, messages, …")
    parser.add_argument("--key", metavar="NAME", help="alias or id of the authenticated key")
    parser.add_argument("--team", metavar="NAME", help="alias or id of the key's team")
    parser.add_argument("--user", metavar="NAME", help="the key's user")
    parser.add_argument("--tag", metavar="NAME", action="append", help="a tag of the request or key; repeatable")
    parser.add_argument("--at", metavar="TIME", help="the time to judge by, such as 2026-06-15T22:30+02:00")
    parser.add_argument(
        "--unavailable", metavar="PROVIDER", action="append", help="a provider that is down; repeatable"
    )
    parser.add_argument("--all", metavar="FILE|-", help="JSON lines of requests; prints one JSON object for each")
    parser.add_argument("--curl", metavar="FILE|-", help="a curl command")
    add_format_option(parser, help="how the answer and diagnostics are printed")


def run(options: argparse.Namespace) -> int:
    if options.code is not None or options.codes:
        return explain_code(options)
    from rulec.commands.answers import Answerer
    from rulec.commands.loading import load_tree
    from rulec.commands.requests import BadRequest

    others = described(options)
    if options.all and others:
        return complain(f"--all takes whole requests: --{others[0]} does not go with it")
    try:
        request = None if options.all else request_options(options)
    except BadRequest as problem:
        return complain(str(problem))
    tree = load_tree(rules_folder(options), options.format, not options.no_cache)
    if tree is None:
        return 2
    answerer = Answerer(tree)
    if request is None:
        return explain_all(answerer, options.all)
    try:
        outcome = answerer.outcome(request)
    except BadRequest as problem:
        return complain(str(problem))
    refused = proxy_refusal(answerer, request, outcome)
    if refused is not None:
        print(f"rulec: {refused}", file=sys.stderr)
        return 1
    if options.format == "json":
        import json

        print(json.dumps(answerer.render(request, outcome), indent=2, ensure_ascii=False))
    else:
        from rulec.commands.narrative import narrate

        sys.stdout.write(narrate(answerer, request, outcome))
    return 1 if outcome.rule is None else 0


def proxy_refusal(answerer: Answerer, request: Mapping[str, Any], outcome: Outcome) -> str | None:
    """Why the proxy refuses a request whatever the rules say, or None."""
    from rulec.commands.requests import describe
    from rulec.diagnostics import printable
    from rulec.gateway.groups import OWN_PREFIX

    model = describe(request, answerer.policy.capability_header).body.get("model")
    if isinstance(model, str) and model.startswith(OWN_PREFIX):
        return f"the proxy answers 404: names that begin with `{OWN_PREFIX}` are its own, not `{printable(model)}`"
    if any("," in one.group for one in outcome.decision.candidates):
        return f"the proxy answers 400: a model name with a comma cannot be routed: `{printable(str(model))}`"
    return None


def described(options: argparse.Namespace) -> list[str]:
    """The options given that describe a request."""
    return [name for name in REQUEST_OPTIONS if getattr(options, name) is not None]


def explain_code(options: argparse.Namespace) -> int:
    """Says what a diagnostic's code means, or which codes there are."""
    from rulec.commands.codes import list_codes, show_page

    others = [*described(options), *(["all"] if options.all else [])]
    if others:
        return complain(f"a code is no request: --{others[0]} does not go with it")
    return list_codes(options.format) if options.codes else show_page(options.code, options.format)


def explain_request(folder: str | Path, request: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object of explain for one described request; raises BadRequest, or ValueError for invalid rules."""
    from rulec.commands.answers import Answerer
    from rulec.compiler import compile_folder

    tree = compile_folder(folder, emit=False).tree
    if tree is None:
        raise ValueError(f"the rules in `{folder}` are invalid: `rulec compile {folder}` says how")
    return Answerer(tree).answer(request)


def complain(message: str) -> int:
    print(f"rulec: {message}", file=sys.stderr)
    return 2


def request_options(options: argparse.Namespace) -> dict[str, Any]:
    """The described request of the command line."""
    from rulec.commands.requests import BadRequest, from_curl
    from rulec.syntax.fields import STRIPPED_HEADERS

    request: dict[str, Any] = from_curl(read_text(options.curl)) if options.curl else {}
    if options.body:
        import json

        try:
            request["body"] = json.loads(read_text(options.body))
        except (ValueError, RecursionError):
            raise BadRequest(f"`{options.body}` holds no JSON") from None
    for name in ("model", "stream", "capability", "endpoint", "key", "team", "user", "tag", "at", "unavailable"):
        if getattr(options, name) is not None:
            request[name] = getattr(options, name)
    if options.header:
        named = [pair(one, "--header") for one in options.header]
        seen = [one for one in named if one[0].lower() not in STRIPPED_HEADERS]  # the rules see no others
        request["headers"] = [*request.get("headers", []), *seen]
    if options.metadata:
        request["metadata"] = dict(pair(one, "--metadata") for one in options.metadata)
    return request


def pair(text: str, option: str) -> list[str]:
    from rulec.commands.requests import BadRequest

    name, equals, value = text.partition("=")
    curl_name, colon, curl_value = text.partition(":")
    if option == "--header" and colon and (not equals or len(curl_name) < len(name)):  # as curl writes it
        return [curl_name.strip(), curl_value.strip()]
    if not equals or not name:
        raise BadRequest(f"{option} takes NAME=VALUE, not `{text}`")
    return [name, value]


def read_text(path: str) -> str:
    from rulec.commands.requests import BadRequest

    try:
        if path == "-" and sys.stdin is None:
            raise BadRequest("standard input is closed")
        if path == "-":
            return sys.stdin.read()
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise BadRequest(f"`{path}` cannot be read: {reason.lower()}") from None


def explain_all(answerer: Any, path: str) -> int:
    """One JSON object a line, in the order of the lines; 1 where a line has no route, 2 where one cannot be read."""
    import json

    from rulec.commands.requests import BadRequest

    code = 0
    try:
        for number, line in lines(path):
            try:
                request = json.loads(line)
                if not isinstance(request, dict):
                    raise BadRequest("a request is a JSON object")
                answer = answerer.answer(request)
            except (ValueError, RecursionError):
                return complain(f"{path}:{number}: this is no JSON")
            except BadRequest as problem:
                return complain(f"{path}:{number}: {problem}")
            print(json.dumps(answer, ensure_ascii=False))
            if answer["rule"] is None:
                code = 1
    except BadRequest as problem:
        return complain(str(problem))
    return code


def lines(path: str) -> Iterator[tuple[int, str]]:
    yield from lines_of(read_text(path))


def lines_of(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text that are not empty, each with its number."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield number, line
