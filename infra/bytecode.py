"""Compiles modules for the deployed function: with the bytecode that it needs, and its dataclasses written out.

A dataclass writes its methods as text and compiles that when its module is imported; with more than a hundred of them this is
a third of a cold start. Here they are written out in what is compiled, with the lines of the class; the source beside it is
as it was, and means the same. What is not plainly a frozen, slotted dataclass is left to Python.

Standard library only: it is run by the Python that the bytecode is for.
"""

from __future__ import annotations

import ast
import importlib.util
import marshal
import sys
from dataclasses import dataclass
from pathlib import Path

_OWN = frozenset(
    {
        *("__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__", "__slots__", "__match_args__"),
        *("__getstate__", "__setstate__", "__new__", "__init_subclass__", "__replace__"),
    }
)
"""What a dataclass would write, or heed, itself."""
_HELPERS = """
import dataclasses as _dataclasses

_dataclass_set = object.__setattr__

class _DataclassParams:
    frozen = True

class _DataclassFactory:
    __slots__ = ("make",)

    def __init__(self, make):
        self.make = make

    def __repr__(self):
        return "<factory>"

def _dataclass_fields_of(init, /, **types):
    positional = init.__code__.co_varnames[1:init.__code__.co_argcount]
    defaults = dict(zip(reversed(positional), reversed(init.__defaults__ or ())))
    defaults.update(init.__kwdefaults__ or {})
    made = {}
    for name, type in types.items():
        default = defaults.get(name, _dataclasses.MISSING)
        made_by = default.make if default.__class__ is _DataclassFactory else _dataclasses.MISSING
        default = default if made_by is _dataclasses.MISSING else _dataclasses.MISSING
        made[name] = one = _dataclasses.field(default=default, default_factory=made_by, kw_only=name not in positional)
        one.name, one.type, one._field_type = name, type, _dataclasses._FIELD
    return made

def _dataclass_setattr(self, name, value):
    raise _dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

def _dataclass_delattr(self, name):
    raise _dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
"""


@dataclass(frozen=True)
class _Field:
    name: str
    type: str
    default: ast.expr | None
    factory: ast.expr | None


def compile_folder(root: Path, folder: Path, *, write_out: bool) -> None:
    """Put the bytecode of each module below ``folder`` beside it; Python never looks whether the source has changed.

    Tracebacks name modules as they lie below ``root``. ``write_out`` is for code of our own: it writes out dataclasses.

    Raises:
        SyntaxError: a module does not compile.
    """
    for path in sorted(folder.rglob("*.py")):
        source = path.read_bytes()
        tree = ast.parse(source)
        code = compile(written_out(tree) if write_out else tree, str(path.relative_to(root)), "exec", dont_inherit=True)
        target = Path(importlib.util.cache_from_source(str(path)))
        target.parent.mkdir(exist_ok=True)
        # PEP 552: based on a hash that is not checked.
        header = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + importlib.util.source_hash(source)
        target.write_bytes(header + marshal.dumps(code))


def written_out(module: ast.Module) -> ast.Module:
    """``module`` with the methods of its frozen, slotted dataclasses in it."""
    if not any(_imports_dataclass(node) for node in module.body):
        return module
    found = [node for node in ast.walk(module) if isinstance(node, ast.ClassDef) and _write_out(node)]
    if found:
        after = 1 + max((number for number, node in enumerate(module.body) if _comes_first(node, number)), default=-1)
        module.body[after:after] = ast.parse(_HELPERS).body
        ast.fix_missing_locations(module)
    return module


def _imports_dataclass(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "dataclasses"


def _comes_first(node: ast.stmt, number: int) -> bool:
    """The module's docstring, and imports from the future."""
    is_text = number == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def _write_out(node: ast.ClassDef) -> bool:
    """Write the methods into ``node``, if it is what can be written out."""
    kw_only, fields = _keyword_only(node), _fields(node)
    if kw_only is None or fields is None:
        return False
    methods = ast.parse(_methods(fields, kw_only=kw_only, post_init=_defines(node, "__post_init__"))).body
    for part in (part for method in methods for part in ast.walk(method)):
        if isinstance(part, ast.expr | ast.stmt | ast.arg | ast.keyword):
            ast.copy_location(part, node)
    _set_defaults(methods, fields, kw_only=kw_only)
    node.decorator_list = []
    for part in node.body:
        if isinstance(part, ast.AnnAssign):
            part.value = None
    node.body += methods
    return True


def _keyword_only(node: ast.ClassDef) -> bool | None:
    """Whether its fields are given by name alone; ``None`` where it is not plainly a frozen, slotted dataclass."""
    generic = [one for one in node.bases if not (isinstance(one, ast.Subscript) and _is_named(one.value, "Generic"))]
    if len(node.decorator_list) != 1 or generic or node.keywords or any(_defines(node, name) for name in _OWN):
        return None
    (decorator,) = node.decorator_list
    if not isinstance(decorator, ast.Call) or not _is_named(decorator.func, "dataclass") or decorator.args:
        return None
    given = {one.arg for one in decorator.keywords if isinstance(one.value, ast.Constant) and one.value.value is True}
    if len(given) != len(decorator.keywords) or not {"frozen", "slots"} <= given <= {"frozen", "slots", "kw_only"}:
        return None
    return "kw_only" in given


def _fields(node: ast.ClassDef) -> list[_Field] | None:
    """The fields, or ``None`` where there is something else than plain ones."""
    found: list[_Field] = []
    for part in node.body:
        if isinstance(part, ast.Assign):
            return None
        if isinstance(part, ast.AnnAssign):
            kind = ast.unparse(part.annotation)
            if not isinstance(part.target, ast.Name) or kind.startswith(("ClassVar", "InitVar", "KW_ONLY")):
                return None
            if isinstance(part.value, ast.Call) and _is_named(part.value.func, "field"):
                keywords = {one.arg: one.value for one in part.value.keywords}
                if part.value.args or keywords.keys() != {"default_factory"}:
                    return None
                found.append(_Field(part.target.id, kind, None, keywords["default_factory"]))
            else:
                found.append(_Field(part.target.id, kind, part.value, None))
    return found


def _methods(fields: list[_Field], *, kw_only: bool, post_init: bool) -> str:
    """What a dataclass would write, but for the defaults."""
    names = [one.name for one in fields]
    mine = ", ".join(f"self.{one}" for one in names)
    lines = [
        f"__slots__ = ({''.join(f'{one!r}, ' for one in names)})",
        f"__match_args__ = ({'' if kw_only else ''.join(f'{one!r}, ' for one in names)})",
        "__dataclass_params__ = _DataclassParams",
        f"def __init__(self, {'*, ' if kw_only and names else ''}{', '.join(names)}):",
        *(
            f"    _dataclass_set(self, {one.name!r}, {one.name}.make()"
            f" if {one.name}.__class__ is _DataclassFactory else {one.name})"
            if one.factory
            else f"    _dataclass_set(self, {one.name!r}, {one.name})"
            for one in fields
        ),
        *(["    self.__post_init__()"] if post_init else []),
        *(["    pass"] if not fields and not post_init else []),
        "def __repr__(self):",
        "    return f'{self.__class__.__qualname__}(" + ", ".join(f"{one}={{self.{one}!r}}" for one in names) + ")'",
        "def __eq__(self, other):",
        "    if other.__class__ is not self.__class__:",
        "        return NotImplemented",
        "    return " + (f"({mine},) == ({mine.replace('self.', 'other.')},)" if names else "True"),
        "def __hash__(self):",
        f"    return hash(({mine}{',' if names else ''}))",
        "__setattr__ = _dataclass_setattr",
        "__delattr__ = _dataclass_delattr",
        "__getstate__ = _dataclasses._dataclass_getstate",
        "__setstate__ = _dataclasses._dataclass_setstate",
        f"__dataclass_fields__ = _dataclass_fields_of(__init__, {', '.join(f'{one.name}={one.type!r}' for one in fields)})",
    ]
    return "\n".join(lines)


def _set_defaults(methods: list[ast.stmt], fields: list[_Field], *, kw_only: bool) -> None:
    """Put the defaults into ``__init__``, and what makes one in its stead."""
    init = next(one for one in methods if isinstance(one, ast.FunctionDef) and one.name == "__init__")
    # What makes a default is evaluated in the class, once, as a dataclass does: a parameter may be called the same.
    makers = {
        one.name: ast.Call(ast.Name("_DataclassFactory", ast.Load()), [one.factory], [])
        for one in fields
        if one.factory is not None
    }
    defaults = [makers.get(one.name, one.default) for one in fields]
    if kw_only:
        init.args.kw_defaults = list(defaults)
    else:
        init.args.defaults = [one for one in defaults if one is not None]


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _defines(node: ast.ClassDef, name: str) -> bool:
    return any(isinstance(one, ast.FunctionDef) and one.name == name for one in node.body)


def main(root: str, own: str = "") -> None:
    """Compile all below ``root``, or the folder ``own`` of it alone, which is code of ours."""
    compile_folder(Path(root), Path(root, own), write_out=bool(own))


if __name__ == "__main__":
    main(*sys.argv[1:])
