"""A changed line is put in place by compiling the function that it is in, whatever kind of function that is."""

from __future__ import annotations

import linecache
import traceback
import types

import pytest

from gradcheck.recording.calls import Calls
from gradcheck.recording.editor import Editor, Watched
from gradcheck.recording.functions import ReachableFunctions
from gradcheck.recording.sites import Span
from gradcheck.recording.trial import TooFar, Trial

#: What stands before each program: nothing of it has to be compiled again.
BEFORE = '''"""A file."""

import functools
import numpy as np


def double_of_another(x):
    return x + x


class Base:
    def scaled(self, x):
        return 10 * x


def twice(function):
    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)

    return wrapper

'''

#: Kinds of functions, each of which returns ``2 * x`` of what ``run(x)`` is given, or makes something of it.
KINDS = {
    "function": """
def run(x):
    return 2 * x
""",
    "decorated": """
@twice
@functools.lru_cache(maxsize=None)
def run(x):
    return 2 * x
""",
    "lambda": """
run = lambda x: 2 * x
""",
    "in a condition": """
if np is not None:
    def run(x):
        return 2 * x
""",
    "default arguments": """
def run(x, factor=1, *, more=(lambda: 0)()):
    return 2 * x * factor + more
""",
    "closure that exists": """
def maker(one):
    zero = one - 1
    def inner(x):
        return 2 * x * one + zero
    return inner

run = maker(1)
""",
    "closure that is made in the call": """
def run(x):
    one = 1
    def inner(y):
        return 2 * x * one
    return inner(0)
""",
    "comprehension": """
def run(x):
    one = 1
    return sum([2 * x * one for _ in range(1)])
""",
    "generator": """
def run(x):
    return next(each for each in (2 * x for _ in range(1)))
""",
    "method with super": """
class Own(Base):
    def other(self):
        return 5

    def scaled(self, x):
        return super().scaled(2 * x) / 10

run = Own().scaled
""",
    "method that reads its class": """
class Own(Base):
    one = 1

    def scaled(self, x):
        return 2 * x * __class__.one

run = Own().scaled
""",
    "private names": """
class Own(Base):
    def __init__(self):
        self.__one = 1

    def scaled(self, x):
        return 2 * x * self.__one

run = Own().scaled
""",
    "static method": """
class Own:
    @staticmethod
    def scaled(x):
        return 2 * x

run = Own.scaled
""",
    "class method": """
class Own:
    @classmethod
    def scaled(cls, x):
        return 2 * x

run = Own().scaled
""",
    "property": """
class Own:
    def __init__(self, x):
        self.x = x

    @property
    def scaled(self):
        x = self.x
        return 2 * x

def run(x):
    return Own(x).scaled
""",
    "class in a class": """
class Outer:
    class Inner(Base):
        def scaled(self, x):
            return super().scaled(2 * x) / 10

run = Outer.Inner().scaled
""",
    "class in a function": """
def run(x):
    class Own(Base):
        def scaled(self):
            return super().scaled(2 * x) / 10
    return Own().scaled()
""",
    "lambda of a class": """
class Own:
    one = 1
    scaled = lambda self, x: 2 * x

run = Own().scaled
""",
    "several lines": '''
def run(
    x,
):
    """A text

of several lines."""
    return (
        0.0
        + 2 * x
    )
''',
}


def module_of(text: str, name: str = "own") -> types.ModuleType:
    """A module that was made of a text, whose source can be read."""
    file = f"<{name} {hash(text)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    module = types.ModuleType(file)
    exec(compile(text, file, "exec", dont_inherit=True), module.__dict__)
    return module


def place(text: str, part: str) -> Span:
    """Where a part of a text stands: the last one."""
    start = text.rindex(part)
    row = text.count("\n", 0, start) + 1
    column = start - (text.rfind("\n", 0, start) + 1)
    return row, column, row, column + len(part)


def editor_of(module: types.ModuleType, row: int, trial: Trial | None = None) -> Editor:
    functions = ReachableFunctions(lambda file: file == module.__name__)
    functions.reach([each for each in vars(module).values() if isinstance(each, types.FunctionType)], vars(module))
    return Editor(module.__name__, range(row, row + 1), Watched(functions, trial or Trial(Calls())))


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_is_in_place_for_a_while(kind: str) -> None:
    text = BEFORE + KINDS[kind]
    module = module_of(text)
    span = place(text, "2 * x")
    editor = editor_of(module, span[0])
    assert module.run(1.5) == 3.0
    codes = editor.compiled(span, "7 * x")
    with editor.changed(codes):
        assert module.run(1.25) == 8.75
    assert module.run(1.75) == 3.5


@pytest.mark.parametrize("kind", KINDS)
def test_lines_keep_their_numbers_in_a_change(kind: str) -> None:
    text = BEFORE + KINDS[kind]
    module = module_of(text)
    span = place(text, "2 * x")
    editor = editor_of(module, span[0])
    with editor.changed(editor.compiled(span, "2 * x[0]")):
        try:
            module.run(0.5)
        except TypeError as error:
            frames = traceback.extract_tb(error.__traceback__)
            assert (frames[-1].filename, frames[-1].lineno) == (module.__name__, span[0])
        else:
            pytest.fail("a number has no items")


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_function_is_compiled(kind: str) -> None:
    """Of the file, its imports and, of a class, the head and the one method."""
    text = BEFORE + KINDS[kind]
    editor = editor_of(module_of(text), place(text, "2 * x")[0])
    compiled = editor.compiled_text
    assert compiled.count("\n") == text.count("\n")
    assert "2 * x" in compiled
    others = ("double_of_another", "class Base", "def wrapper", "def __init__", "def other", "return 5", "run = Own")
    assert not [other for other in others if other in compiled]


def test_what_is_read_is_the_whole_statement() -> None:
    """Other methods tell which attributes there are."""
    text = BEFORE + KINDS["private names"]
    editor = editor_of(module_of(text), place(text, "2 * x")[0])
    assert "self.__one = 1" in editor.text
    assert "double_of_another" not in editor.text


def test_a_file_that_has_changed_since_it_ran_is_left_alone() -> None:
    """Its functions run none of the code that it has now."""
    module = module_of(BEFORE + KINDS["function"])
    changed = BEFORE + KINDS["function"].replace("2 * x", "x * x")
    linecache.cache[module.__name__] = (len(changed), None, changed.splitlines(keepends=True), module.__name__)
    with pytest.raises(ValueError, match="no function"):
        editor_of(module, place(changed, "x * x")[0])


def test_statements_and_expressions_are_changed_one_after_another() -> None:
    """Each change is one of the source, and not of the change before it."""
    text = (
        BEFORE
        + """
def run(x):
    y = 1.0
    y = 2 * x
    return y
"""
    )
    module = module_of(text)
    inner, statement = place(text, "2 * x"), place(text, "y = 2 * x")
    editor = editor_of(module, inner[0])
    for span, new, value in (
        (statement, "y += 2 * x", 4.0),
        (inner, "7 * x", 10.5),
        (statement, "y -= x", -0.5),
        (inner, "2 * x + (3\n * y)", 6.0),
        ((*inner[:3], inner[1] + 1), "4", 6.0),
        (inner, "x", 1.5),
    ):
        with editor.changed(editor.compiled(span, new)):
            assert module.run(1.5) == value
    for span, new in ((inner, "2 *"), (statement, "y ="), ((*inner[:3], inner[1] + 2), "4")):
        with pytest.raises((SyntaxError, ValueError)):
            editor.compiled(span, new)
    with editor.changed(editor.compiled(inner, "3 * x")):
        assert module.run(1.5) == 4.5
    assert module.run(1.5) == 3.0


def test_a_change_that_makes_or_takes_a_function_is_none() -> None:
    text = BEFORE + KINDS["function"]
    editor = editor_of(module_of(text), place(text, "2 * x")[0])
    with pytest.raises(ValueError, match="adds or removes"):
        editor.compiled(place(text, "2 * x"), "(lambda: 2 * x)()")


LOOPS = {
    "another function": """
def halved(x, end):
    while x > end:
        x = x / 2
    return x

def run(x):
    return halved(x, 0.5)
""",
    "another method": """
class Own:
    def halved(self, x, end):
        while x > end:
            x = x / 2
        return x

    def run(self, x):
        return self.halved(x, 0.5)

run = Own().run
""",
    "a function inside another one": """
def halving(end):
    def halved(x):
        while x > end:
            x = x / 2
        return x
    return halved

def run(x):
    return halving(0.5)(x)
""",
    "the same function": """
def run(x):
    while x > 0.5:
        x = x / 2
    return x
""",
}


@pytest.mark.parametrize("kind", LOOPS)
def test_loops_of_the_whole_file_end(kind: str) -> None:
    text = BEFORE + LOOPS[kind]
    module = module_of(text)
    span = place(text, "0.5")
    editor = editor_of(module, span[0])
    with editor.changed(editor.compiled(span, "0.6")):
        assert module.run(1.0) == 0.5
    with editor.changed(editor.compiled(span, "-1.0")), pytest.raises(TooFar):
        module.run(1.0)
    assert module.run(1.0) == 0.5


def test_a_file_with_form_feeds_has_the_lines_that_python_counts() -> None:
    text = "import numpy as np\n\x0c\ndef first(x):\n    return 2 * x\n\x0c\ndef run(x):\n    return 2 * x\n"
    module = module_of(text.replace("\x0c", ""))
    linecache.cache[module.__name__] = (len(text), None, [f"{row}\n" for row in text.split("\n")], module.__name__)
    editor = editor_of(module, 7)
    assert "first" not in editor.compiled_text
    with editor.changed(editor.compiled((7, 11, 7, 16), "7 * x")):
        assert module.run(1.0) == 7.0
        assert module.first(1.0) == 2.0
