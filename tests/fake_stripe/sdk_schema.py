"""What the stripe package's typed classes declare of an object: names, types, presence."""

import ast
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import stripe

_PACKAGE = Path(stripe.__file__).parent
_SCALARS: dict[str, type | tuple[type, ...]] = {"str": str, "int": int, "bool": bool, "float": (int, float)}


@dataclass(frozen=True, slots=True)
class TypedClass:
    """One class of the package, with the names that its annotations may use."""

    node: ast.ClassDef
    module: str
    outer: "TypedClass | None" = None

    @property
    def name(self) -> str:
        """Dotted from the resource, such as `Subscription.BillingMode`."""
        return f"{self.outer.name}.{self.node.name}" if self.outer else self.node.name

    def fields(self) -> dict[str, ast.expr]:
        """Give the declared annotations by field name."""
        return _fields(self.node)

    @functools.cache  # noqa: B019 - as many classes as the package has
    def resolve(self, name: str) -> "TypedClass":
        """Give the class that a name means here: nested, then of an outer class, then imported."""
        for each in self.node.body:
            if isinstance(each, ast.ClassDef) and each.name == name:
                return TypedClass(each, self.module, self)
        if self.outer:
            return self.outer.resolve(name)
        module, original = _imports(self.module).get(name, (self.module, name))
        return resource(module, original)


@functools.cache
def resource(module: str, name: str) -> TypedClass:
    """Give a top-level class; raises LookupError for one that the package doesn't have."""
    for each in _parse(module).body:
        if isinstance(each, ast.ClassDef) and each.name == name:
            return TypedClass(each, module)
    raise LookupError(f"{module} declares no class {name}")


@dataclass(frozen=True, slots=True)
class Fault:
    """Where an object differs from its class."""

    path: str
    says: str


class Validator:
    """Checks JSON against a class; `absent` names the optional fields that need not be sent, by class."""

    def __init__(self, absent: Mapping[str, frozenset[str]]) -> None:
        self._absent = absent
        self._composites = {
            "Union": self._check_union,
            "List": self._check_each,
            "ListObject": self._check_list_object,
            "UntypedStripeObject": self._check_untyped,
        }

    def check(self, value: object, declared: TypedClass, path: str) -> Iterator[Fault]:
        """Give every fault of an object: unknown names, missing names, wrong types, unknown words."""
        if not isinstance(value, dict):
            yield Fault(path, f"is {value!r}, not a {declared.name}")
            return
        fields = declared.fields()
        for name in value.keys() - fields.keys():
            yield Fault(f"{path}.{name}", f"is no field of {declared.name}")
        for name, annotation in fields.items():
            if name in value:
                yield from self._check(value[name], annotation, declared, f"{path}.{name}")
            elif not (_is_optional(annotation) and name in self._absent.get(declared.name, ())):
                yield Fault(f"{path}.{name}", f"is missing from {declared.name}")

    def _check(self, value: object, annotation: ast.expr, scope: TypedClass, path: str) -> Iterator[Fault]:
        match annotation:
            case ast.Constant(value=str() as text):
                yield from self._check(value, _parse_annotation(text), scope, path)
            case ast.Name(id=name):
                yield from self._check_name(value, name, scope, path)
            case ast.Subscript(value=ast.Name(id=generic), slice=inner):
                yield from self._check_generic(value, generic, inner, (scope, path))
            case _:
                yield Fault(path, f"has an annotation that isn't understood: {ast.unparse(annotation)}")

    def _check_name(self, value: object, name: str, scope: TypedClass, path: str) -> Iterator[Fault]:
        if name == "Any":
            return
        if name == "Decimal":
            if not _is_decimal_text(value):
                yield Fault(path, f"is {value!r}, not a decimal string")
        elif name in _SCALARS:
            if not isinstance(value, _SCALARS[name]) or (isinstance(value, bool) and name != "bool"):
                yield Fault(path, f"is {value!r}, not {name}")
        else:
            yield from self.check(value, scope.resolve(name), path)

    def _check_generic(
        self, value: object, generic: str, inner: ast.expr, at: tuple[TypedClass, str]
    ) -> Iterator[Fault]:
        scope, path = at
        match generic:
            case "Optional":
                if value is not None:
                    yield from self._check(value, inner, scope, path)
            case "ExpandableField":
                if not isinstance(value, str):
                    yield from self._check(value, inner, scope, path)
            case "Literal":
                words = [ast.literal_eval(each) for each in _elements(inner)]
                if value not in words:
                    yield Fault(path, f"is {value!r}, none of {words}")
            case _:
                yield from self._composites[generic](value, inner, at)

    def _check_union(self, value: object, inner: ast.expr, at: tuple[TypedClass, str]) -> Iterator[Fault]:
        # `Union[Literal[…], str]` leaves room for words to come; today's words are what we must use.
        closed = [each for each in _elements(inner) if not (isinstance(each, ast.Name) and each.id == "str")]
        faults = [list(self._check(value, each, *at)) for each in closed]
        if all(faults):
            yield from min(faults, key=len)

    def _check_each(self, value: object, inner: ast.expr, at: tuple[TypedClass, str]) -> Iterator[Fault]:
        scope, path = at
        if not isinstance(value, list):
            yield Fault(path, f"is {value!r}, not an array")
            return
        for place, each in enumerate(value):
            yield from self._check(each, inner, scope, f"{path}[{place}]")

    def _check_list_object(self, value: object, inner: ast.expr, at: tuple[TypedClass, str]) -> Iterator[Fault]:
        scope, path = at
        if not isinstance(value, dict) or value.keys() != {"object", "data", "has_more", "url"}:
            yield Fault(path, "is not a list of object, data, has_more and url")
            return
        if (value["object"], type(value["has_more"]), type(value["url"])) != ("list", bool, str):
            yield Fault(path, "is a list with wrong types")
        yield from self._check_each(value["data"], inner, (scope, f"{path}.data"))

    def _check_untyped(self, value: object, inner: ast.expr, at: tuple[TypedClass, str]) -> Iterator[Fault]:
        scope, path = at
        if not isinstance(value, dict):
            yield Fault(path, f"is {value!r}, not a hash")
            return
        for key, each in value.items():
            yield from self._check(each, inner, scope, f"{path}.{key}")


def _is_optional(annotation: ast.expr) -> bool:
    match annotation:
        case ast.Subscript(value=ast.Name(id="Optional")):
            return True
    return False


def _is_decimal_text(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _elements(inner: ast.expr) -> list[ast.expr]:
    return list(inner.elts) if isinstance(inner, ast.Tuple) else [inner]


@functools.cache
def _fields(node: ast.ClassDef) -> dict[str, ast.expr]:
    return {
        each.target.id: each.annotation
        for each in node.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and each.target.id.islower()
    }


@functools.cache
def _parse_annotation(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


@functools.cache
def _parse(module: str) -> ast.Module:
    path = _PACKAGE.joinpath(*module.split(".")[1:])
    return ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text())


@functools.cache
def _imports(module: str) -> dict[str, tuple[str, str]]:
    """Give what each imported name means, those within `if TYPE_CHECKING` too."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(_parse(module))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stripe")
        for alias in node.names
    }
