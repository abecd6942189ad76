"""JMESPath expressions: whether the proxy will be able to read one."""

from __future__ import annotations


def path_mistake(text: str) -> tuple[str, int | None] | None:
    """What is wrong with an expression, and at which character; None where nothing is."""
    import jmespath  # few rule sets have one
    from jmespath import exceptions

    try:
        jmespath.search(text, {})
    except exceptions.JMESPathTypeError:
        return None  # in an empty document nothing has the right type
    except exceptions.UnknownFunctionError:
        return "it calls a function that does not exist", None
    except exceptions.ArityError:
        return "it calls a function with too few or too many arguments", None
    except RecursionError:
        return "it is nested too deep", None
    except exceptions.JMESPathError as error:
        at = getattr(error, "lex_position", getattr(error, "lexer_position", None))
        if at is None or at >= len(text):
            return "it ends too early", None
        return f"`{text[at]}` is not expected here", at
    return None
