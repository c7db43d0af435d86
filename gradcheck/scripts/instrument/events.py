"""Source locations, trace events, and the exceptions that end a traced run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gradcheck.scripts.instrument.values import Array


class Kind(StrEnum):
    """What a source location does with its value."""

    ASSIGN = "assign"
    INCREMENT = "increment"  # what is added to a variable, or subtracted from it
    EXPRESSION = "expression"
    RETURN = "return"
    PARAMETER = "parameter"  # of a function
    SHOWN = "shown"  # an attribute that is printed or stored as it is


@dataclass(frozen=True)
class FactorSyntax:
    """A factor of a product, as it is written.

    Attributes
    ----------
    term : int
        Of a sum of products: the number of the product.
    power : int
        1, or -1 for a divisor.
    literal : bool
        Whether it is a number in the source.
    """

    term: int
    power: int
    literal: bool


@dataclass(frozen=True)
class Factor:
    """A number that a value was multiplied with when it was computed.

    Attributes
    ----------
    value : float
    power : int
        1, or -1 for a divisor.
    literal : bool
        Whether it is a number in the source.
    whole : bool
        Whether it is an integer.
    """

    value: float
    power: int
    literal: bool
    whole: bool

    @property
    def multiple(self) -> float:
        """What it multiplies with."""
        return self.value**self.power


@dataclass(frozen=True)
class SourceLocation:
    """A place in the source whose value is traced.

    Attributes
    ----------
    index : int
        Its number among all locations of the program.
    file : str
    line, column : int
    target : str
        The assignment target as it is written; of an expression, its own text.
    function : str
        The function that contains it.
    text : str
        The first line of the statement.
    kind : Kind
    sign : int
        Of an increment: 1 if it is added, -1 if it is subtracted.
    factors : tuple of FactorSyntax
        Of a product: its factors.
    """

    index: int
    file: str
    line: int
    column: int
    target: str
    function: str
    text: str
    kind: Kind = Kind.ASSIGN
    sign: int = 1
    factors: tuple[FactorSyntax, ...] = ()

    @property
    def place(self) -> tuple[str, int]:
        """File and line."""
        return self.file, self.line

    @property
    def position(self) -> tuple[str, int, int]:
        """File, line and column."""
        return self.file, self.line, self.column

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.target}"


@dataclass
class Event:
    """One traced value.

    Attributes
    ----------
    index : int
    location : SourceLocation
    value : ndarray
        A copy in float64.
    names : dict of str to SourceLocation
        The names that the value has there and later, each with the location that gave it.
    factors : tuple of Factor
        The numbers that it was multiplied with, as the source writes the product.
    container : ndarray or None
        The array that the value is a part of.
    key : object
        The index of the part.
    in_place : bool
        Whether the value is an array after it was changed in place.
    object_id : int
        Of the object that had the value.
    """

    index: int
    location: SourceLocation
    value: Array
    names: dict[str, SourceLocation]
    factors: tuple[Factor, ...] = ()
    container: Any = None
    key: Any = None
    in_place: bool = False
    object_id: int = 0


class Diverged(Exception):
    """A replay met other events than the recorded step: it took another branch."""


class Finished(BaseException):
    """A replay has passed the last event that was asked for."""


class Returned(BaseException):
    """The body of the loop executed a return statement."""


class Reached(BaseException):
    """The program has reached the training step."""
