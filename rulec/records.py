"""Records: classes that are their typed fields and nothing else, without what `dataclasses` costs at every start.

Importing `dataclasses` takes longer than starting Python does, and then half a millisecond for each class, of which a
cold `rulec explain` meets eighty. A record's `__init__` is made when the first one is; the other methods are shared.
That records are frozen is for the type checker to see: to refuse it at run time would make them three times as dear.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda decorator: decorator


Class = TypeVar("Class", bound=type)
Instance = TypeVar("Instance")
_MISSING: Any = object()


class _Field:
    """What a field says beyond its type."""

    def __init__(self, default: Any, default_factory: Callable[[], Any] | None, compare: bool) -> None:
        self.default = default
        self.default_factory = default_factory
        self.compare = compare


def field(*, default: Any = _MISSING, default_factory: Callable[[], Any] | None = None, compare: bool = True) -> Any:
    """A field whose default is made anew for each record, or that equality and hash leave out."""
    return _Field(default, default_factory, compare)


@overload
def record(cls: Class, /) -> Class: ...
@overload
def record(*, frozen: bool = True, eq: bool = True) -> Callable[[Class], Class]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: Any = None, /, *, frozen: bool = True, eq: bool = True) -> Any:
    """Makes a class with annotated fields a record; with `eq=False` a record equals only itself."""
    return _made(cls, frozen, eq) if cls is not None else lambda given: _made(given, frozen, eq)


def _made(cls: type, frozen: bool, eq: bool) -> type:
    namespace = dict(cls.__dict__)
    namespace.pop("__dict__")
    namespace.pop("__weakref__")
    fields = {name: namespace.pop(name, _MISSING) for name in namespace.get("__annotations__", ())}
    fields = {name: one if isinstance(one, _Field) else _Field(one, None, True) for name, one in fields.items()}
    namespace.update(__slots__=tuple(fields), __record_fields__=tuple(fields), __repr__=_show)
    if eq:
        namespace.update(_equality(tuple(name for name, one in fields.items() if one.compare), frozen))
    made = type(cls)(cls.__name__, cls.__bases__, namespace)
    made.__init__ = _first_init(made, fields)  # type: ignore[misc]
    return made


def _first_init(cls: type, fields: dict[str, _Field]) -> Callable[..., None]:
    """An `__init__` that puts the real one in its own place, and calls it."""

    def __init__(self: Any, *values: Any, **named: Any) -> None:
        cls.__init__ = _real_init(cls, fields)  # type: ignore[misc]
        self.__init__(*values, **named)

    return __init__


def _real_init(cls: type, fields: dict[str, _Field]) -> Callable[..., None]:
    known: dict[str, Any] = {"_MISSING": _MISSING}
    parameters, lines = ["self"], []
    for name, one in fields.items():
        value = name
        if one.default_factory is not None:
            known[f"_make_{name}"] = one.default_factory
            value = f"_make_{name}() if {name} is _MISSING else {name}"
        elif one.default is not _MISSING:
            known[f"_default_{name}"] = one.default
        default = "_MISSING" if one.default_factory is not None else f"_default_{name}"
        parameters.append(name if default not in known else f"{name}={default}")
        lines.append(f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n  " + "\n  ".join(lines or ["pass"]), known)
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{cls.__name__}.__init__"
    return made


def _equality(compared: tuple[str, ...], frozen: bool) -> dict[str, Any]:
    values: Callable[[Any], Any] = attrgetter(*compared) if compared else lambda _: ()

    def __eq__(self: Any, other: object) -> Any:
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if frozen else None}


def _show(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in fields_of(self) if not name.startswith("_"))
    return f"{type(self).__name__}({shown})"


def is_record(value: object) -> bool:
    """Whether a value is an instance of a record."""
    return hasattr(type(value), "__record_fields__")


def fields_of(value: Any) -> tuple[str, ...]:
    """The names of a record's fields in order."""
    names: tuple[str, ...] = value.__record_fields__
    return names


def replace(value: Instance, **changes: Any) -> Instance:
    """A record like this one with other values in some fields; what it keeps for itself (`_name`) it works out anew."""
    told = {name: getattr(value, name) for name in fields_of(value) if not name.startswith("_")}
    return type(value)(**told | changes)
