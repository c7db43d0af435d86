"""A `torch.nn.Module` with a batch as a subject; the claim is what its own backward pass leaves in the parameters."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gradcheck.errors import SubjectError, SubjectTypeError
from gradcheck.subjects.batch import array_counts, first_of_each, sample_counts
from gradcheck.subjects.exclusive import exclusive
from gradcheck.subjects.frameworks.torch_arrays import TorchArrays
from gradcheck.subjects.frameworks.torch_batch import USAGE, ModuleBatch, named_leaves, widened
from gradcheck.subjects.frameworks.torch_calls import Call, Calls, functions_behind
from gradcheck.subjects.frameworks.torch_cuts import Cuts
from gradcheck.subjects.function import FunctionSubject
from gradcheck.subjects.guard import Guard
from gradcheck.subjects.preserving import preserved
from gradcheck.subjects.selection import Wrt
from gradcheck.subjects.subject import Point, Subject
from gradcheck.subjects.views import LayerView

Array = NDArray[Any]


#: What is said of a module with constants, before the places.
CUT, SURROGATE = (
    "what is cut out of the graph is held constant",
    "steps have the slope that their backward pass gives them",
)


class ModuleSubject(FunctionSubject):
    """A module with a batch, and the loss of what it returns.

    Its blocks are the parameters that require a gradient, and the tensors of the batch that do. Without a loss, where
    none does, they are all tensors of floats in the batch to which a gradient comes back, and the loss is Σ U·y with
    the outputs y and random U; a module that returns one number is a loss itself. For each evaluation the parameters of
    the very module are set to the point. After it all is as it was: parameters and their gradients, buffers,
    attributes, and random generators.

    Parameters
    ----------
    module : torch.nn.Module
    batch : tensor, sequence, mapping or ModuleBatch
    loss : callable, optional
        ``loss(output, *targets)`` returns one number.
    wrt : str or iterable of str, optional
        Names of the blocks to check.

    Raises
    ------
    SubjectError, SubjectTypeError
        If the batch does not fit, or there is nothing to check.
    """

    def __init__(
        self, module: torch.nn.Module, batch: Any, loss: Callable[..., Any] | None = None, *, wrt: Wrt = None
    ) -> None:
        name = type(module).__qualname__
        if loss is not None and not callable(loss):
            raise SubjectTypeError(f"loss is a {type(loss).__qualname__}: pass a function, as in {USAGE}")
        self.name, self._module, self._loss, self._arrays = name, module, loss, TorchArrays()
        self._modules = [*module.modules(), *(loss.modules() if isinstance(loss, torch.nn.Module) else ())]
        named = {**dict(module.named_parameters()), **_parameters_of_loss(loss)}
        self._parameter_tensors = {key: tensor for key, tensor in named.items() if tensor.requires_grad}
        self._batch = batch if isinstance(batch, ModuleBatch) else ModuleBatch(batch, module, loss, named)
        self._inputs = self._inputs_of_batch()
        #: Functions with a backward pass of their own that the loss was computed by.
        self._functions: list[type] = []
        #: Whether the call that runs is in double precision although the module is not.
        self._wide = False
        #: The samples whose outputs count; None for all.
        self._part: slice | None = None
        #: The random gradient with respect to each output; None where the output is a loss.
        self._upstreams: dict[str, Array] | None = None
        #: What is cut out of the graph at the user's point, by whether that is in double precision; None if it is not
        #: held constant.
        self._constants: dict[bool, Cuts] | None = None
        #: Where something else than that was returned, in words.
        self._said: dict[str, dict[str, None]] = {}
        #: Inputs of other parts of the whole by their places.
        self.others: dict[str, Array] = {}
        with exclusive(self._modules):
            start = {key: self._held(key, leaf) for key, leaf in {**self._parameter_tensors, **self._inputs}.items()}
            given = Guard(self._batch.named)
            notes = given.call(f"{name}()", lambda: self._look(start)) if start else []
        if not start:
            raise SubjectError(
                f"there is nothing to check: no parameter of {name} and no tensor of the batch requires a gradient"
            )
        self.inputs = dict.fromkeys(self._inputs, ())
        super().__init__(self._loss_at, self._gradient_at, start, wrt=wrt)
        self.parallel = False
        self.name, self._source, self._grad_source = name, f"{name}()", f"backward() of {name} left"
        self.hold(key for key, leaf in {**named, **self._inputs}.items() if self._arrays.is_bfloat16(leaf))
        self._arguments = Guard(self._batch.named)
        frozen = [key for key, tensor in named.items() if not tensor.requires_grad]
        if frozen:
            notes.append(f"not checked, since they require no gradient: {', '.join(frozen)}")
        self._notes |= dict.fromkeys(notes)

    def _inputs_of_batch(self) -> dict[str, torch.Tensor]:
        tensors = dict(self._batch.tensors())
        tracked = {name: leaf for name, leaf in tensors.items() if leaf.requires_grad}
        if tracked or self._loss is not None:
            return tracked
        return {name: leaf for name, leaf in tensors.items() if leaf.is_floating_point()}

    def _held(self, name: str, tensor: torch.Tensor) -> Array:
        if isinstance(tensor, torch.nn.parameter.UninitializedParameter):
            raise SubjectError(f"{name} has no shape yet: call the module once before it is checked")
        if tensor.is_complex():
            raise SubjectTypeError(
                f"{name} is complex: check the module as a function of it, check_gradients(fun, None, {name})"
            )
        found = self._arrays.to_numpy(tensor)
        return found.astype(np.float32) if self._arrays.is_bfloat16(tensor) else found

    def _look(self, start: dict[str, Array]) -> list[str]:
        """See what is returned, draw the random gradients, and leave out inputs to which none comes back.

        Returns
        -------
        list of str
            What a report should say of it.
        """
        self.preparations += 1
        notes, cuts = [], Cuts()
        with self._placed({key: array.copy() for key, array in start.items()}) as inputs:
            with cuts:
                output = self._output(inputs)
                if self._loss is None:
                    notes += self._draw(_outputs(output))
                value = self._of_output(output)
            functions = functions_behind(value)
            self.has_constants = bool(functions) or not cuts.is_empty
            if self._loss is not None:
                return notes
            if value.requires_grad:
                value.backward()  # type: ignore[no-untyped-call]
            given = [*inputs.items(), *self._parameter_tensors.items()]
            reached = {key for key, leaf in given if leaf.grad is not None}
        unreached = [key for key, leaf in self._inputs.items() if key not in reached and not leaf.requires_grad]
        if reached and unreached:
            notes.append(f"not checked, since no gradient comes back to them: {', '.join(unreached)}")
            for key in unreached:
                del start[key], self._inputs[key]
        return notes

    def _draw(self, outputs: Mapping[str, torch.Tensor]) -> list[str]:
        """Draw a random gradient with respect to each output with a graph; to all if none has one."""
        if not outputs:
            raise SubjectTypeError(
                f"{self.name} returned no tensor of floats: pass a loss of what it returns, as in {USAGE}"
            )
        rng = np.random.default_rng(0)
        chosen = {key: y for key, y in outputs.items() if y.requires_grad} or outputs
        if len(outputs) > 1 or next(iter(outputs.values())).ndim:
            self._upstreams = {key: _random(y, rng) for key, y in chosen.items()}
        left = [key for key in outputs if key not in chosen]
        return [f"not differentiated, since no graph leads to them: {', '.join(left)}"] if left else []

    def _loss_at(self, point: dict[str, Array]) -> float:
        if self._constants is not None:
            return self._loss_with_constants(point, self._constants)
        with self._placed(point) as inputs:
            return self._number(self._loss_of(inputs))

    def _loss_with_constants(self, point: dict[str, Array], constants: dict[bool, Cuts]) -> float:
        wide = self._is_wide(point)
        if wide not in constants:
            constants[wide] = self._cuts(self._parameters.nested([x.copy() for x in self.point], self._fixed))
        cuts = Cuts(constants[wide])
        with self._placed(point) as inputs, cuts, cuts.outside_of(self._functions):
            value = self._loss_of(inputs)
        for words, places in ((CUT, cuts.places), (SURROGATE, cuts.functions)):
            self._said.setdefault(words, {}).update(places)
        return self._number(value)

    def _cuts(self, point: dict[str, Array]) -> Cuts:
        """What is cut out of the graph at a point."""
        cuts = Cuts()
        with self._placed(point) as inputs, cuts, cuts.outside_of(self._functions):
            self._loss_of(inputs)
        return cuts

    def with_constants(self, point: Point, count: Callable[..., None]) -> Subject | None:
        """The module at a point, with what `detach()` and its like return there held constant."""
        other = copy.copy(self)
        other.point = tuple(x.copy() for x in point)
        given = other._users_point()
        with self.session():
            count(losses=2)
            with self._placed(given) as inputs:
                value = self._loss_of(inputs)
                if not value.requires_grad:
                    return None
                self._functions = functions_behind(value)
            cuts = self._cuts(given)
            if cuts.is_empty:
                return None
            count(gradients=1)
            other._functions, other._said, other._constants = self._functions, {}, {False: cuts}
            other._fun, other._grad, other.only_here = other._loss_at, self._gradient_at(given), True
        return other

    def _gradient_at(self, point: dict[str, Array]) -> dict[str, Array | None]:
        with self._placed(point) as inputs:
            value = self._loss_of(inputs)
            self._number(value)
            if value.requires_grad:
                value.backward()  # type: ignore[no-untyped-call]
            leaves = {**self._parameter_tensors, **inputs}
            return {key: None if x.grad is None else self._arrays.to_numpy(x.grad) for key, x in leaves.items()}

    def _loss_of(self, inputs: Mapping[str, torch.Tensor]) -> torch.Tensor:
        return self._of_output(self._output(inputs))

    def _of_output(self, output: Any) -> torch.Tensor:
        if self._loss is not None:
            value = self._loss(output, *self._batch.targets(self._wide))
            return value if isinstance(value, torch.Tensor) else torch.as_tensor(value)
        outputs = _outputs(output)
        if self._upstreams is None:
            return next(iter(outputs.values()))
        products = [_product(self._upstream(key, outputs[key]), outputs[key]) for key in self._upstreams]
        return torch.stack(products).sum()

    def _output(self, inputs: Mapping[str, torch.Tensor]) -> Any:
        # A module may write into what it gets, which it cannot if that is a leaf.
        args, keywords = self._batch.arguments({key: x.clone() for key, x in inputs.items()}, self._wide)
        return self._module(*args, **keywords)

    def _upstream(self, key: str, output: torch.Tensor) -> torch.Tensor:
        assert self._upstreams is not None
        found = whole = self._upstreams[key]
        if self._part is not None:
            found = np.zeros_like(whole)
            found[self._part] = whole[self._part]
        return torch.tensor(found, device=output.device).to(output.dtype)

    def _number(self, value: torch.Tensor) -> float:
        if value.numel() != 1 or value.is_complex():
            kind = "complex" if value.is_complex() else f"a tensor of the shape {tuple(value.shape)}"
            raise SubjectTypeError(f"the loss of {self.name} is {kind}: it has to be one real number, as a mean is")
        return float(value.detach())

    @contextmanager
    def _placed(self, point: Mapping[str, Any]) -> Iterator[dict[str, torch.Tensor]]:
        """The module at a point, in the types of that; gives the tensors of the batch that are blocks."""
        wide = self._is_wide(point)
        with ExitStack() as undo:
            undo.enter_context(self._arrays.session(wide=wide))
            undo.enter_context(torch.enable_grad())
            undo.enter_context(preserved(self._modules, skip="_parameters"))
            undo.callback(setattr, self, "_wide", self._wide)
            self._wide = wide
            if wide:  # what a module makes on its way is in double precision too
                undo.callback(torch.set_default_dtype, torch.get_default_dtype())
                torch.set_default_dtype(torch.float64)
            moved = {id(parameter): key for key, parameter in self._parameter_tensors.items()}
            for parameter in {id(p): p for module in self._modules for p in module.parameters(recurse=False)}.values():
                undo.callback(_put, parameter, parameter.data, parameter.grad)
                key = moved.get(id(parameter))
                data = _copied(parameter.data, wide) if key is None else self._tensor(point[key], parameter)
                _put(parameter, data)
            _renew_state(self._modules, wide, undo)
            yield {key: self._tensor(point[key], leaf).requires_grad_() for key, leaf in self._inputs.items()}

    def _is_wide(self, point: Mapping[str, Any]) -> bool:
        leaves = {**self._parameter_tensors, **self._inputs}.items()
        return any(point[key].dtype == np.float64 and leaf.element_size() < 8 for key, leaf in leaves)

    def _users_point(self) -> dict[str, Any]:
        arrays = [x.astype(dtype) for x, dtype in zip(self.point, self._types, strict=True)]
        found: dict[str, Any] = self._parameters.nested(arrays, self._fixed)
        return found

    def _tensor(self, array: Array, like: torch.Tensor) -> torch.Tensor:
        if like.device.type == "cpu" and like.is_contiguous() and _is_plain(array):
            return torch.from_numpy(array)  # nobody else reads it afterwards
        narrow = array.dtype == np.float32 and self._arrays.is_bfloat16(like)
        found: torch.Tensor = (self._arrays.as_bfloat16 if narrow else self._arrays.from_numpy)(array, like)
        return found

    @contextmanager
    def session(self) -> Iterator[None]:
        """Checks of the same module in other threads wait until this one has ended."""
        with exclusive(self._modules), super().session():
            yield

    def notes(self) -> tuple[str, ...]:
        """What is not checked; of one with constants what is held."""
        if self._constants is None:
            return super().notes()
        return tuple(f"{words} ({', '.join(places)})" for words, places in self._said.items() if places)

    def functions(self) -> tuple[Any, ...]:
        """None: the library computes the gradient."""
        return ()

    @property
    def batch(self) -> tuple[Any, ...]:
        """What was passed as the batch."""
        return self._batch.values

    @property
    def samples(self) -> int:
        """Common length of the first axes of all tensors in the batch; 1 if they differ."""
        lengths = {len(leaf) if leaf.ndim else 0 for leaf in self._batch.every_tensor()}
        return max(lengths.pop(), 1) if len(lengths) == 1 else 1

    def restricted(self, part: slice) -> Subject | None:
        """The same module with a slice of the batch; without a loss, with an upstream gradient of zero elsewhere."""
        if self.samples < 2 or (self._loss is not None and self._inputs):
            return None
        if self._loss is None and {u.shape[:1] for u in (self._upstreams or {}).values()} != {(self.samples,)}:
            return None
        smaller = copy.copy(self)
        if self._loss is None:
            smaller._part = part
        else:
            smaller._batch = self._batch.sliced(part)
        smaller._fun, smaller._grad = smaller._loss_at, smaller._gradient_at
        return smaller

    def counts(self) -> dict[int, str]:
        """Number of samples, lengths and sizes of the tensors in the batch."""
        shapes = [tuple(leaf.shape) for leaf in self._batch.every_tensor()]
        more = (count for shape in shapes for count in array_counts(shape, "the batch"))
        return first_of_each(*sample_counts(self.samples), *more)

    def parts(self) -> Iterator[Subject]:
        """Modules inside and functions with a backward pass of their own, each with what it was called with.

        Modules of PyTorch itself are left out, unless they have hooks.
        """
        calls = self._calls()
        inputs = {place: x for place, call in calls.items() if (x := _only_input(call)) is not None}
        for place, call in calls.items():
            part = _part(call)
            if part is not None:
                part.others = {other: x for other, x in inputs.items() if other != place}
                yield part

    def parts_in_place(self) -> Iterator[Subject]:
        """The same with the upstream gradient that reaches each of them."""
        for call in self._calls().values():
            part = None if call.upstream is None else _part(call)
            if part is not None and part.has_one_output:
                part.receive(call.upstream)
                yield part

    def _calls(self) -> dict[str, Call]:
        """The first call of each part in a pass forward and backward at the user's point."""
        point = self._users_point()
        calls = Calls({id(tensor): key for key, tensor in self._parameter_tensors.items()})

        def run(functions: Iterable[type] | None) -> list[type]:
            with ExitStack() as undo, self._placed(point) as inputs:
                if functions is not None:
                    calls.watch(self._module, functions, undo)
                    calls.known |= {id(tensor): key for key, tensor in inputs.items()}
                value = self._loss_of(inputs)
                if functions is not None and value.requires_grad:
                    value.backward()  # type: ignore[no-untyped-call]
                return functions_behind(value)

        source = f"{self.name}()"
        functions = self._arguments.call(source, lambda: run(None))
        self._arguments.call(source, lambda: run(functions))
        return calls.found

    @property
    def has_one_output(self) -> bool:
        """Whether there is one upstream gradient."""
        return self._upstreams is not None and len(self._upstreams) == 1

    def receive(self, upstream: Array | None) -> None:
        """Take an upstream gradient in the place of the random one."""
        assert self._upstreams is not None
        assert upstream is not None
        self._upstreams = dict.fromkeys(self._upstreams, upstream)

    def view(self, point: Point) -> LayerView | None:
        """The module at a point, if it has one input and one output, and no loss."""
        if len(self._inputs) != 1 or not self.has_one_output or len(self._batch.values) != 1:
            return None
        (name,) = self._inputs
        given: dict[str, Array] = self._parameters.nested([np.array(x) for x in point], self._fixed)
        claimed = self._gradient_at({key: array.copy() for key, array in given.items()})
        parameters = {key: given[key] for key in self._parameter_tensors}

        def forward(x: Array) -> Array:
            moved = {key: array.copy() for key, array in {**given, name: x.astype(given[name].dtype)}.items()}
            with self._placed(moved) as inputs:
                (output,) = _outputs(self._output(inputs)).values()
                return self._arrays.to_numpy(output)

        def loss(moved: Point, upstream: Array) -> float:
            other = copy.copy(self)
            other.receive(upstream)
            return other._loss_at(self._parameters.nested([x.copy() for x in moved], self._fixed))

        return LayerView(
            self._module,
            given[name],
            forward(given[name]),
            next(iter((self._upstreams or {}).values())),
            parameters,
            forward,
            loss,
            self.others,
            tuple(np.zeros(b.shape) if (g := claimed[b.name]) is None else g for b in self.blocks),
            parameters,
        )


def _part(call: Call) -> ModuleSubject | None:
    """A part of a module; None if nothing in it is differentiated."""
    try:
        batch = ModuleBatch(call.arguments, call.module, None, dict(call.module.named_parameters()), call.keywords)
        part = ModuleSubject(call.module, batch)
    except (SubjectError, SubjectTypeError):
        return None
    part.name, part.place, part.source = call.name, call.place, call.source
    behind = zip(batch.tensors(), call.depends_on, strict=True)
    part.inputs = {name: names for (name, _), names in behind if name in part.inputs}
    return part


def _only_input(call: Call) -> Array | None:
    """The input of a part that has one, if it is a tensor of floats."""
    (x,) = call.arguments if len(call.arguments) == 1 else (None,)
    return TorchArrays().to_numpy(x) if isinstance(x, torch.Tensor) and x.is_floating_point() else None


def _parameters_of_loss(loss: Any) -> dict[str, torch.Tensor]:
    named = loss.named_parameters() if isinstance(loss, torch.nn.Module) else ()
    return {f"loss.{name}": parameter for name, parameter in named}


def _outputs(output: Any) -> dict[str, torch.Tensor]:
    """The tensors of floats in what a module returned, by name."""
    leaves = named_leaves("output", dict(output) if isinstance(output, Mapping) else output)
    tensors = {name: leaf for name, leaf in leaves if isinstance(leaf, torch.Tensor)}
    return {name: leaf for name, leaf in tensors.items() if leaf.is_floating_point() or leaf.is_complex()}


def _random(output: torch.Tensor, rng: np.random.Generator) -> Array:
    shape = tuple(output.shape)
    return rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if output.is_complex() else 0.0)


def _product(upstream: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
    """The real part of the inner product of both."""
    product = upstream.conj() * output
    return product.real.sum() if product.is_complex() else product.sum()


def _put(parameter: torch.Tensor, data: torch.Tensor, grad: torch.Tensor | None = None) -> None:
    parameter.grad = None  # one of another type does not go with the data
    parameter.data = data
    parameter.grad = grad


def _renew_state(modules: Iterable[torch.nn.Module], wide: bool, undo: ExitStack) -> None:
    """Give buffers of modules, and other tensors that they hold, copies of their data until the stack is closed."""
    state: dict[int, torch.Tensor] = {}
    for module in modules:
        buffers = dict(module.named_buffers(recurse=False))
        for name, buffer in buffers.items():
            undo.callback(setattr, module, name, buffer)  # a module may put another one in its place
        state |= {id(held): held for held in (*buffers.values(), *filter(_is_constant, vars(module).values()))}
    for tensor in state.values():
        undo.callback(_put, tensor, tensor.data, tensor.grad)
        _put(tensor, _copied(tensor.data, wide))


def _is_plain(array: Array) -> bool:
    """Whether a tensor may share the memory of an array, and is as one that is made of it."""
    return array.dtype == np.float64 and array.flags.c_contiguous and array.flags.writeable


def _copied(data: torch.Tensor, wide: bool) -> torch.Tensor:
    found = widened(data) if wide else data
    return data.clone() if found is data else found


def _is_constant(value: Any) -> bool:
    """Whether a value is a tensor that was not computed with a graph."""
    return isinstance(value, torch.Tensor) and value.is_leaf
