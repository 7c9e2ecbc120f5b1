"""What is compiled for the function means what the source means, and most dataclasses in it are written out."""

from __future__ import annotations

import ast
import copy
import dataclasses
import inspect
import json
import pickle
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from infra.asset import build_asset
from infra.bytecode import compile_folder, written_out
from tests.support.asset import ALL_CALLS

ROOT = Path(__file__).resolve().parents[2]
SOURCE = '''"""A module."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Point:
    """Somewhere."""

    x: float
    """To the right."""
    y: float = 2.5
    marks: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError("left of everything")

    @property
    def both(self) -> tuple[float, float]:
        return self.x, self.y


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    name: str = "nobody"
    at: Point


def names() -> tuple[str, ...]:
    return ("a",)


@dataclass(frozen=True, slots=True)
class Called:
    """Has a field that is called as what makes its default, and others that are called as what is built in."""

    names: tuple[str, ...] = field(default_factory=names)
    object: int = 1
    type: str = "t"
    init: bool = False


def _set() -> str:
    """Has a name that what is written out might have."""
    return "ours"


@dataclass(frozen=True, slots=True)
class Nothing:
    """Has no fields."""
'''
LEFT_ALONE = {
    "may change": "@dataclass(slots=True)\nclass A:\n    x: int\n",
    "has a dictionary": "@dataclass(frozen=True)\nclass A:\n    x: int\n",
    "is ordered": "@dataclass(frozen=True, slots=True, order=True)\nclass A:\n    x: int\n",
    "has a base": "@dataclass(frozen=True, slots=True)\nclass A(Exception):\n    x: int\n",
    "has a field that is no plain one": "@dataclass(frozen=True, slots=True)\nclass A:\n    x: int = field(repr=False)\n",
    "has a variable of the class": "@dataclass(frozen=True, slots=True)\nclass A:\n    x: ClassVar[int] = 1\n",
    "writes a method itself": "@dataclass(frozen=True, slots=True)\nclass A:\n    def __repr__(self): return 'A'\n",
    "is decorated twice": "@final\n@dataclass(frozen=True, slots=True)\nclass A:\n    x: int\n",
}


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """The module as Python makes it, and written out."""
    made = []
    for name, tree in (("plain", ast.parse(SOURCE)), ("written", written_out(ast.parse(SOURCE)))):
        module = types.ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(tree, "point.py", "exec"), vars(module))  # noqa: S102 - the source above
        made.append(module)
    assert "@dataclass" not in ast.unparse(tree)
    return made[0], made[1]


def test_what_is_written_out_is_made_compared_shown_and_kept_in_the_same_way(both):
    told = []
    for module in both:
        point, other = module.Point(1.0), module.Point(1.0, 2.5, ["a"])
        named = module.Named(at=point)
        assert point == module.Point(1.0)
        assert point != other
        assert point != module.Nothing()
        assert module.Nothing() == module.Nothing()
        assert hash(module.Named(name="x", at=module.Nothing())) == hash(("x", module.Nothing()))
        assert module.Point(1.0).marks is not point.marks
        called = module.Called()
        assert (called.names, called.object, called.type) == (("a",), 1, "t")
        assert module._set() == "ours"
        assert module.Called(("b",), 2).names == ("b",)
        assert dataclasses.fields(module.Point)[2].default_factory is list
        assert dataclasses.replace(other, y=3.0) == module.Point(1.0, 3.0, ["a"])
        assert pickle.loads(pickle.dumps(other)) == copy.copy(other) == copy.deepcopy(other) == other  # noqa: S301 - made just now
        told.append(
            (
                repr(named),
                dataclasses.asdict(named),
                point.both,
                module.Point.__match_args__,
                module.Named.__match_args__,
            )
        )

    assert told[0] == told[1]
    assert told[1][0] == "Named(name='nobody', at=Point(x=1.0, y=2.5, marks=[]))"


def test_it_refuses_what_the_other_refuses_with_the_same_words(both):
    for attempt in (
        lambda module: setattr(module.Point(1.0), "x", 2.0),
        lambda module: delattr(module.Point(1.0), "x"),
        lambda module: module.Point(-1.0),
        lambda module: module.Point(),
        lambda module: module.Named("by place"),
        lambda module: hash(module.Point(1.0)),
    ):
        errors = []
        for module in both:
            with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is, it has to be the same
                attempt(module)
            errors.append((type(raised.value), str(raised.value)))
        assert errors[0] == errors[1]


@pytest.mark.parametrize("source", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_is_not_plainly_a_frozen_slotted_dataclass_is_left_to_python(source):
    tree = ast.parse(f"from dataclasses import dataclass, field\n{source}")

    assert ast.unparse(written_out(tree)) == ast.unparse(
        ast.parse(f"from dataclasses import dataclass, field\n{source}")
    )


def test_a_traceback_names_the_line_of_the_source(tmp_path):
    (tmp_path / "point.py").write_text(SOURCE)

    compile_folder(tmp_path, tmp_path, write_out=True)

    program = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import point; point.Point(-1.0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    line = 1 + SOURCE.splitlines().index('            raise ValueError("left of everything")')
    assert f'line {line}, in __post_init__\n    raise ValueError("left of everything")' in done.stderr


DESCRIBE = """
import dataclasses, importlib, inspect, json, pkgutil, re, sys
sys.path.insert(0, sys.argv[1])
import reaper
shown = lambda value: re.sub(' at 0x[0-9a-f]+', '', str(value))
found, written = {}, 0
def made(kind):
    needed = [p.name for p in inspect.signature(kind).parameters.values() if p.default is p.empty]
    try:
        return shown(repr(kind(**dict.fromkeys(needed, 0))))
    except Exception as error:
        return repr(error)
for module in pkgutil.walk_packages(reaper.__path__, "reaper."):
    if module.name.startswith("reaper.cli"):
        continue
    for name, kind in vars(importlib.import_module(module.name)).items():
        if isinstance(kind, type) and kind.__module__ == module.name and dataclasses.is_dataclass(kind):
            written += not hasattr(kind.__dataclass_params__, "order")
            found[f"{module.name}.{name}"] = [
                [(p.name, p.kind.name, shown(p.default)) for p in inspect.signature(kind).parameters.values()],
                [(f.name, f.type, f.kw_only, shown(f.default)) for f in dataclasses.fields(kind) if not callable(f.default)],
                list(kind.__match_args__), list(getattr(kind, "__slots__", ())), kind.__hash__ is None,
                made(kind),
            ]
print(json.dumps([found, written]))
"""


def test_every_dataclass_of_the_product_has_the_fields_and_parameters_of_its_source():
    asset = build_asset(ROOT, ALL_CALLS, for_host=True)

    deployed, written = described(asset)
    source, none = described(ROOT / "lambdas")

    assert deployed == source
    assert none == 0
    # Not all are plain ones; that nearly all are is what makes a cold start short.
    assert written > 0.85 * len(deployed)


def described(folder: Path) -> tuple[dict[str, Any], int]:
    command = [sys.executable, "-B", "-c", DESCRIBE, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - the code above
    found, written = json.loads(done.stdout)
    return found, written


def test_signatures_are_those_that_python_would_write(both):
    plain, written = both

    for name in ("Point", "Named", "Called", "Nothing"):
        ours, theirs = inspect.signature(getattr(written, name)), inspect.signature(getattr(plain, name))
        assert [(one.name, one.kind, repr(one.default)) for one in ours.parameters.values()] == [
            (one.name, one.kind, repr(one.default)) for one in theirs.parameters.values()
        ]
