"""Functions are found by the file of their code, also while the heap is put aside."""

from __future__ import annotations

import gc
import types

from gradcheck.recording.functions import FunctionTable, heap_aside


def made(file: str) -> types.FunctionType:
    space: dict[str, types.FunctionType] = {}
    exec(compile("def f():\n    return 1", file, "exec"), space)
    return space["f"]


def test_functions_of_before_and_of_now_are_found() -> None:
    before = made("<before>")
    with heap_aside():
        after, both = made("<after>"), made("<before>")
        table = FunctionTable()
        assert table.of("<after>", recent=True) == [after]
        assert set(table.of("<before>")) == {before, both}
        assert FunctionTable().of("<after>") == [after]  # the heap was looked through, and put aside again
        assert table.running(after.__code__) == [after]
    assert FunctionTable().of("<before>")


def test_what_was_there_is_not_looked_through_again() -> None:
    before = made("<before>")
    with heap_aside():
        assert not any(each is before for each in gc.get_objects())
        assert before not in FunctionTable().of("<before>", recent=True)


def test_the_heap_is_as_before_afterwards() -> None:
    with heap_aside(), heap_aside():
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0


def test_a_heap_that_others_have_put_aside_stays_there() -> None:
    gc.freeze()
    try:
        with heap_aside():
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
