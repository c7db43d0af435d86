"""Which variables of a function are shared with other functions, by Python's own symbol tables."""

from __future__ import annotations

import ast
import symtable
from collections import defaultdict

#: How symbol tables call functions without a name.
_NAMES = {
    ast.Lambda: "lambda",
    ast.ListComp: "listcomp",
    ast.SetComp: "setcomp",
    ast.DictComp: "dictcomp",
    ast.GeneratorExp: "genexpr",
}


class SharedVariables:
    """The variables that each function of a source shares with functions around it or inside it.

    Parameters
    ----------
    text, file : str
        The source. If it cannot be read, no variables are known.
    """

    def __init__(self, text: str, file: str) -> None:
        self._found: dict[tuple[str, int], set[str]] = defaultdict(set)
        try:
            self._search(symtable.symtable(text, file, "exec"))
        except (SyntaxError, ValueError):
            self._found.clear()

    def of(self, node: ast.AST) -> list[str]:
        """Those of a function, a lambda or a comprehension, sorted."""
        name = _NAMES.get(type(node), getattr(node, "name", ""))
        line = getattr(node, "lineno", 0)
        decorated = [d.lineno for d in getattr(node, "decorator_list", [])]
        return sorted(set().union(*(self._found.get((name, n), set()) for n in {line, *decorated})))

    def _search(self, table: symtable.SymbolTable) -> None:
        for child in table.get_children():
            self._search(child)
        if isinstance(table, symtable.Function):
            inner = {name for child in table.get_children() for name in _free(child)}
            own = inner & set(table.get_locals())
            self._found[table.get_name(), table.get_lineno()] |= own | set(table.get_frees())


def _free(table: symtable.SymbolTable) -> set[str]:
    return {symbol.get_name() for symbol in table.get_symbols() if symbol.is_free()}
