"""Formulas into wires: names are resolved, loops unrolled, definitions put in place of their calls."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

from circuitgrad.errors import LONGEST_QUOTE, quote, visible
from circuitgrad.formulas.names import is_name, normalise
from circuitgrad.formulas.numerals import read_number
from circuitgrad.formulas.reader import NO_FAMILIES, ExpressionError, read_formula, read_slice
from circuitgrad.formulas.steps import CONSTANTS, Call, FamilyCall, Loop, Member, Name, Slice, Span
from circuitgrad.gates.rule import Rule
from circuitgrad.gates.table import NAMES, unknown_gate
from circuitgrad.language.families import member, no_wire
from circuitgrad.language.fast.templates import Templates
from circuitgrad.language.members import Members, SizeError, SliceError, inferred_sizes
from circuitgrad.language.names import COMMA_HINT
from circuitgrad.language.nodes import NOWHERE, LazyMapping, Mapping, Scalar, Sequence, kind
from circuitgrad.language.scope import NO_INDICES, Declared
from circuitgrad.language.subscripts import Indices, NotWholeError, iterations, sizes_hint, weight, whole_number
from circuitgrad.language.wires import LOGSUMEXP, UNKNOWN_SLOT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from collections.abc import Mapping as Values
    from collections.abc import Sequence as Several

    from circuitgrad.errors import Place
    from circuitgrad.formulas.steps import Step
    from circuitgrad.language.definition import Definition
    from circuitgrad.language.families import Family
    from circuitgrad.language.members import Subscript
    from circuitgrad.language.nodes import LazyEntries, Node
    from circuitgrad.language.scope import Scope
    from circuitgrad.language.wires import Wires

Operand: TypeAlias = "tuple[Step, ...] | Slice"
"""What a file gives as an operand: the steps of a formula, or a family."""

Task: TypeAlias = "Generator[Any, int, int]"
"""A computation that yields the computations that it waits for, and returns a wire's number (see `finish`)."""

_SYMBOLS = {"π": "written pi", "τ": "written tau"}
_EMPTY = {"add": 0.0, "mul": 1.0}
"""What the fold of nothing is."""

PRODUCTS = (2, 3, 4)
"""The exponents whose powers are products: x*x, x*x*x, (x*x)*(x*x)."""


class Context:
    """Where a formula is expanded.

    Attributes:
        scope: the names that it may use.
        parent: the wire that the gates in between are named after.
        text: the formula, for the places of problems.
        at: the offset at which all its wires are said to stand; each at its own operator when None.
        indices: the values of the indices around it.
        outer: whether its result is the wire `parent` itself.
        inner: the names of the inner wires that are called after `parent` already.
        refused: the steps that a problem has been noted at; a chain of comparisons repeats steps.
    """

    __slots__ = ("at", "indices", "inner", "outer", "parent", "refused", "scope", "text")

    def __init__(
        self,
        scope: Scope,
        parent: str,
        text: Scalar,
        at: int | None,
        indices: Indices,
        *,
        outer: bool,
        inner: frozenset[str] = frozenset(),
    ) -> None:
        self.scope = scope
        self.parent = parent
        self.text = text
        self.at = at
        self.indices = indices
        self.outer = outer
        self.inner = inner
        self.refused: set[Step | Slice] = set()

    def offset(self, step: Step | Slice) -> int:
        """Return the offset at which the wire of a step is said to stand."""
        return self.scope.problems.offset(self.text, step.at) if self.at is None else self.at

    def refuse(self, step: Step | Slice, message: str, hint: str | None = None, width: int = 1) -> int:
        """Note a problem at a step."""
        if step not in self.refused:
            self.refused.add(step)
            self.scope.problems.add(self.text, message, hint, offset=step.at, width=width)
        return UNKNOWN_SLOT

    def refuse_number(self, step: Step | Slice, error: NotWholeError) -> int:
        """Note that a subscript or a range in a step is no whole number."""
        hint = _hints(error.hint, self.scope.call) if error.hint else sizes_hint(self.scope.sizes)
        return self.refuse(error.step or step, str(error), hint)

    def part(self) -> Context:
        """Return the context of an operand, or of a loop's body: its result is not the wire `parent` itself."""
        return Context(self.scope, self.parent, self.text, self.at, self.indices, outer=False, inner=self.inner)

    def place(self, step: Step) -> Place | None:
        """Return the place of a step."""
        return self.scope.problems.place(self.text, step.at, 1)


class Expander:
    """Connects declared wires to what computes them.

    Args:
        wires: where the gates are added.
        definitions: the definitions by name.
        families: what `taking_families` makes of them.
        shallow: leave calls of definitions as they are, and count them in `calls`.
        values: expand a definition that has partials of its own, too; otherwise it is a gate.
        settle: examines a definition for new sizes; without it all are examined already.

    Attributes:
        calls: how often each definition is called.
        sound: whether nothing is wrong with any of them.
    """

    def __init__(
        self,
        wires: Wires,
        definitions: Values[str, Definition],
        families: Values[str, Several[bool]] = NO_FAMILIES,
        *,
        shallow: bool = False,
        values: bool = False,
        settle: Callable[[Definition], None] | None = None,
    ) -> None:
        self.wires = wires
        self.definitions = definitions
        self.shallow = shallow
        self.values = values
        self.settle = settle
        self.families = families
        self.calls: Counter[Definition] = Counter()
        self.sound = True
        self._templates = Templates()

    # A wire, or a family of wires, and what stands behind its name in the file.

    def connect_all(self, scope: Scope, entries: Iterable[tuple[Scalar, Node]]) -> None:
        """Declare the wires of a section, then connect them: a gate may come before its operands."""
        parts = entries.parts if isinstance(entries, LazyMapping) else [[*entries]]
        unusual_keys = [self._declare(scope, part) for part in parts]
        for part, unusual in zip(parts, unusual_keys, strict=True):
            if not isinstance(part, list):
                self._connect_lazily(scope, part, unusual)
                continue
            for index, (key, node) in enumerate(part):
                declared = unusual.get(index)
                if declared is None:
                    declared = (Declared(key.text, scope.numbers[key.text], NO_INDICES),)
                if declared:
                    self.connect(scope, declared, node)

    @staticmethod
    def _declare(scope: Scope, part: list[tuple[Scalar, Node]] | LazyEntries) -> dict[int, Several[Declared]]:
        """Declare wires; return what those keys declare, by index, that do not just declare the wire that they name."""
        unusual: dict[int, Several[Declared]] = {}
        if isinstance(part, list):
            for index, (key, _) in enumerate(part):
                if key.plain and scope.declare_name(key.text, key.at):
                    continue
                declared = scope.declare(key)
                if len(declared) != 1 or declared[0].name != key.text:
                    unusual[index] = declared
            return unusual
        for index, (name, at) in enumerate(part.keys()):
            if not scope.declare_name(name, at):
                unusual[index] = scope.declare(Scalar(name, at, plain=part.plain))
        return unusual

    def _connect_lazily(self, scope: Scope, part: LazyEntries, unusual: Values[int, Several[Declared]]) -> None:
        """Connect wires to entries that have no nodes yet; most of them need none."""
        numbers = scope.numbers
        for index, (name, gate, at, operands, value) in enumerate(part.plain_entries()):
            declared = unusual.get(index)
            if declared is None:
                if gate is not None:
                    if self._connect_plainly(scope, numbers[name], gate, at, operands):
                        continue
                elif operands and self._connect_alike(scope, name, numbers[name], operands[0], at):
                    continue
                declared = (Declared(name, numbers[name], NO_INDICES),)
            if declared:
                self.connect(scope, declared, part.node(value))

    def _connect_plainly(self, scope: Scope, number: int, gate: str, at: int, names: Several[str]) -> bool:
        """Connect a wire to a gate of the table if it fits and all operands are names of wires; tell whether so."""
        rule = NAMES.get(gate)
        operands = [*map(scope.numbers.get, names)]
        if (
            rule is None
            or None in operands
            or (len(operands) != rule.arity and _misfit(rule, len(operands)) is not None)
        ):
            return False
        self.wires.connect(number, rule, operands, at if scope.at is None else scope.at)  # type: ignore[arg-type]
        return True

    def connect(self, scope: Scope, declared: Several[Declared], node: Node) -> None:
        """Connect declared wires to what a file says computes them: a formula, or a gate with its operands."""
        if type(node) is Scalar and node.text:
            name, number, indices = declared[0]
            if not (indices or len(declared) > 1) and self._connect_alike(
                scope, name, number, node.text, scope.problems.start(node)
            ):
                return
            steps = self.read(scope, node)
            if steps is not None:
                self._templates.learn(node.text, steps)
                self._connect_each(scope, declared, [(node, steps)], None)
        elif type(node) is Mapping and self._is_formula(node):
            name, formula = declared[0].name, ", ".join(key.text for key, _ in node)
            hint = f"write {visible(name)}: {visible(formula)}" if len(formula) <= LONGEST_QUOTE else "leave them out"
            scope.problems.add(node, f"the braces make a mapping of the formula of {quote(name)}", hint)
        elif type(node) is Mapping and len(node) == 1:
            gate, operands = node[0]
            self._connect_gate(scope, declared, gate, operands if type(operands) is Sequence else [operands])
        else:
            _refuse_gate(scope, declared, node)

    def _is_formula(self, node: Mapping) -> bool:
        """Tell whether a mapping has no values, and no gate before them: it is a formula in braces."""
        first = node[0][0].text if node else ""
        return (
            not (first in NAMES or normalise(first) in self.definitions or (len(node) > 1 and is_name(first)))
            and first != ""
            and all(type(value) is Scalar and not value.text for _, value in node)
        )

    def _connect_alike(self, scope: Scope, name: str, number: int, text: str, at: int | None) -> bool:
        """Connect a wire to a formula that has a template, if its wires exist; tell whether it was connected.

        Args:
            scope: the names that it may use.
            name: the wire's name.
            number: its number.
            text: the formula.
            at: the offset at which it stands, character by character, or `NOWHERE`; None where it stands otherwise.
        """
        wires = self.wires
        instance = self._templates.find(text, scope.numbers, wires.constant)
        if instance is None or at is None:
            return False
        operations, numbers, starts = instance
        parent, start, final = scope.prefix + name, len(wires.names), len(operations) - 1
        fixed = at if scope.at is None else scope.at
        moving = scope.at is None and at != NOWHERE
        for index, (rule, pick, part, offset) in enumerate(operations):
            operands = pick(numbers)
            place = fixed + starts[part] + offset if moving else fixed
            if rule.name == "pow":
                numbers.append(self._gate(parent, rule, operands, place))
            elif index < final or not wires.last(number, rule, operands, place):
                numbers.append(wires.gate(parent, rule, operands, place))
            else:
                return True
        wires.settle(number, numbers[-1], start, fixed)
        return True

    def _connect_gate(self, scope: Scope, declared: Several[Declared], gate: Scalar, nodes: Several[Node]) -> None:
        names = [node.text for node in nodes if type(node) is Scalar]
        plain = len(declared) == 1 and len(names) == len(nodes)
        if plain and self._connect_plainly(scope, declared[0].number, gate.text, gate.at, names):
            return
        known_gate = NAMES.get(gate.text) or self.definitions.get(normalise(gate.text))
        families = self.families.get(normalise(gate.text), ())
        read = (
            self._operand(scope, node, family=position < len(families) and families[position])
            for position, node in enumerate(nodes)
        )
        operands = [operand for operand in read if operand is not None]
        problems_before = len(scope.problems)
        if known_gate is None:
            scope.problems.add(gate, *unknown_gate(gate.text, self.definitions, near=scope.problems.near))
        elif (wrong := _misfit(known_gate, len(nodes))) is not None:
            known = self.definitions.get(normalise(gate.text)) if families else None
            scope.problems.add(gate, wrong, f"declared: {known.signature}" if known is not None else None)
        # After a problem the operands are read all the same, for what is wrong with them.
        right = len(scope.problems) == problems_before and len(operands) == len(nodes)
        self._connect_each(scope, declared, operands, gate if right else None)

    def _connect_each(
        self,
        scope: Scope,
        declared: Several[Declared],
        operands: Several[tuple[Scalar, Operand]],
        gate: Scalar | None,
    ) -> None:
        """Connect wires to a formula, or to a gate of formulas, up to the first problem: all wires have the same."""
        problems_before = len(scope.problems)
        for name, number, indices in declared if operands else ():
            start, parent = len(self.wires.names), scope.prefix + name
            contexts = [
                (Context(scope, parent, text, scope.at, {**scope.sizes, **indices}, outer=gate is None), steps)
                for text, steps in operands
            ]
            written = operands[0][0] if gate is None else gate
            if gate is not None:
                context = Context(scope, parent, gate, scope.at, {}, outer=True)
                result = finish(self._explicit(context, gate, contexts))
            else:
                result = next(iter(self._finished(contexts)), UNKNOWN_SLOT)
            if len(scope.problems) > problems_before:
                return
            self.wires.settle(number, result, start, written.at if scope.at is None else scope.at)

    def _finished(self, operands: Iterable[tuple[Context, Operand]]) -> list[int]:
        """Return the numbers of formulas."""
        return [finish(self.expand(context, steps)) for context, steps in operands if not isinstance(steps, Slice)]

    def _explicit(self, context: Context, gate: Scalar, written: list[tuple[Context, Operand]]) -> Task:
        """Apply the gate of the explicit form, which is never replaced by another one."""
        rule, step = NAMES.get(gate.text), Call(normalise(gate.text), len(written), 0)
        if step.gate in self.families:
            taking: int = yield self._family_call(context, step, written, last=True)
            return taking
        operands = self._finished(written)
        if rule is not None and UNKNOWN_SLOT not in operands:
            return self.wires.gate(context.parent, rule, operands, context.offset(step))
        number: int = yield self._call(context, step, operands, last=True)
        return number

    def _operand(self, scope: Scope, node: Node, *, family: bool = False) -> tuple[Scalar, Operand] | None:
        """Return an operand of the explicit form as a formula, or as a family; None after noting a problem."""
        if type(node) is not Scalar:
            hint = "give the inner gate a wire of its own, or write a formula" if type(node) is Mapping else None
            scope.problems.add(node, f"an operand is a name, a number or a formula, not {kind(node)}", hint)
            return None
        if not node.text:
            scope.problems.add(node, "an operand is missing", "is there a comma too many?")
            return None
        try:
            read_number(node.text)
        except ValueError as error:
            scope.problems.add(node, str(error))
            return None
        if not family:
            steps = self.read(scope, node)
            return None if steps is None else (node, steps)
        try:
            return node, read_slice(node.text, self.families)
        except ExpressionError as error:
            _refuse_text(scope, node, error)
            return None

    def read(self, scope: Scope, text: Scalar) -> tuple[Step, ...] | None:
        """Return a formula's steps; None after noting a problem."""
        try:
            return read_formula(text.text, self.families)
        except ExpressionError as error:
            _refuse_text(scope, text, error)
            return None

    # Formulas

    def expand(self, context: Context, steps: tuple[Step, ...]) -> Task:
        """Return the number of a formula's result."""
        stack: list[int] = []
        last = len(steps) - 1
        for position, step in enumerate(steps):
            if isinstance(step, Name):
                stack.append(self._name(context, step))
            elif isinstance(step, Call):
                first = len(stack) - step.arity
                operands = stack[first:]
                rule = NAMES.get(step.gate)
                # Most calls are of gates that fit: they need no computation to wait for.
                if (
                    rule is not None
                    and rule.arity == step.arity
                    and UNKNOWN_SLOT not in operands
                    and step.gate != "pow"
                ):
                    number = self.wires.gate(context.parent, rule, operands, context.offset(step))
                else:
                    number = yield self._call(context, step, operands, last=position == last)
                stack[first:] = [number]
            elif isinstance(step, Member):
                stack.append(self._member(context, step))
            elif isinstance(step, Loop):
                stack.append((yield self._loop(context, step)))
            elif isinstance(step, FamilyCall):
                part = context.part()
                written = [(part, operand) for operand in step.operands]
                stack.append((yield self._family_call(context, step, written, last=position == last)))
            else:
                stack.append(self.wires.constant(step.value))
        return stack[0]

    def _name(self, context: Context, step: Name) -> int:
        name, scope = step.name, context.scope
        if name in context.indices:
            return self.wires.constant(float(context.indices[name]))
        number = scope.numbers.get(name)
        if number is not None:
            return number
        if name in CONSTANTS:
            return self.wires.constant(CONSTANTS[name])
        if name in scope.refused:
            return UNKNOWN_SLOT
        if name in scope.families:
            return context.refuse(step, *scope.families[name].no_wire(), len(name))
        if name in scope.operands:
            first = member(name, scope.operands[name].lows)
            return context.refuse(step, *no_wire(name, first), len(name))
        parent = name.partition(".")[0]
        if "." in name and scope.numbers.get(parent, -1) >= len(self.wires.inputs):
            message = f"{quote(name)} cannot be an operand: it stands inside the formula of {quote(parent)}"
            return context.refuse(step, message, "give it a wire of its own", len(name))
        return self._unknown(context, step, "wire")

    def _unknown(self, context: Context, step: Name | Member | Slice, what: str) -> int:
        name, scope = step.name, context.scope
        hint = scope.problems.near(name, [*scope.declared, *context.indices]) or _SYMBOLS.get(name)
        if hint is None and (last := name.rpartition(".")[2]) in CONSTANTS:
            hint = f"written {last}"  # as in math.pi
        if hint is None and (name in NAMES or name in self.definitions):
            hint = f"{quote(name)} is a gate: its operands belong in parentheses behind it"
        if hint is None and scope.closed:
            hint = "a definition sees its operands and nothing else"
        return context.refuse(step, f"no {what} is called {quote(name)}", hint, len(name))

    def _member(self, context: Context, step: Member) -> int:
        scope, name = context.scope, step.name
        if name in scope.refused:
            return UNKNOWN_SLOT
        family = scope.families.get(name) or scope.operands.get(name)
        if family is None:
            return self._no_family(context, step)
        try:
            subscripts = [whole_number(steps, context.indices) for steps in step.subscripts]
        except NotWholeError as error:
            return context.refuse_number(step, error)
        full = member(name, subscripts)
        number = scope.numbers.get(full)
        if isinstance(family, Members) and len(subscripts) == family.dimension:
            number = family.number(subscripts)
        if number is None:
            if len(subscripts) != family.dimension:
                wanted = f"{family.dimension} subscript{'s' * (family.dimension != 1)}"
                return context.refuse(step, f"{quote(name)} takes {wanted}, not {len(subscripts)}", None, len(name))
            hint = _hints(_extent(family), scope.call)
            return context.refuse(step, f"there is no {quote(full)}", hint, len(name))
        return number

    def _no_family(self, context: Context, step: Member | Slice, hint: str | None = None) -> int:
        """Note that a name is not that of a family."""
        name = step.name
        if name in context.scope.numbers:
            return context.refuse(step, f"{quote(name)} is one wire, not a family", hint, len(name))
        if name in context.indices:
            return context.refuse(step, f"{quote(name)} is a number, not a family", hint, len(name))
        return self._unknown(context, step, "family")

    def _members(self, context: Context, step: Slice, definition: Definition) -> Members | None:
        """Return the members of a family that is an operand of a definition; None after noting a problem."""
        scope, name = context.scope, step.name
        if name in scope.refused:
            return None
        family = scope.families.get(name) or scope.operands.get(name)
        if family is None:
            self._no_family(context, step, f"declared: {definition.signature}")
            return None
        try:
            members = family if isinstance(family, Members) else family.members
            if isinstance(members.numbers, dict):  # members are missing: those of the slice are looked for
                self.wires.turn(context.offset(step), len(members.numbers))
            if not step.subscripts:
                return members.whole
            if len(step.subscripts) != members.dimension:
                wanted = f"{members.dimension} subscript{'s' * (members.dimension != 1)}"
                message = f"{quote(name)} takes {wanted}, not {len(step.subscripts)}"
                context.refuse(step, message, None, len(name))
                return None
            return members.sliced([_subscript(span, context.indices) for span in step.subscripts])
        except NotWholeError as error:
            context.refuse_number(step, error)
        except SliceError as error:
            context.refuse(step, str(error), _hints(error.hint or _extent(family), scope.call), step.width)
        return None

    def _family_call(
        self, context: Context, step: Call | FamilyCall, written: Several[tuple[Context, Operand]], *, last: bool
    ) -> Task:
        """Apply a definition that takes families; the sizes of what it is given say what its own sizes are."""
        definition = self.definitions[step.gate]
        if not definition.sound:
            self.sound = False
            return UNKNOWN_SLOT
        if (wrong := _misfit(definition, len(written))) is not None:
            return context.refuse(step, wrong, f"declared: {definition.signature}", len(step.gate))
        given: list[int | Members] = []
        slices: dict[str, tuple[Context, Slice]] = {}
        for name, (part, operand) in zip(definition.operands, written, strict=True):
            if isinstance(operand, Slice):
                slices[name] = part, operand
                members = self._members(part, operand, definition)
                given += [members] if members is not None else []
                continue
            if name not in definition.families:
                number: int = yield self.expand(part, operand)
            else:
                first = min(operand, key=lambda inner: inner.at)
                message = f"{quote(name)} of {definition.signature} is a family, not one number"
                number = part.refuse(first, message, "name a family, or a slice of it such as a[0:3] or w[2, 0:3]")
            given += [number] if number != UNKNOWN_SLOT else []
        if len(given) < len(written):
            return UNKNOWN_SLOT
        families = [
            (name, definition.families[name], members)
            for name, members in zip(definition.operands, given, strict=True)
            if not isinstance(members, int)
        ]
        try:
            sizes = inferred_sizes(families, definition.signature)
        except SizeError as error:
            part, family = slices[error.operand]
            return part.refuse(family, str(error), f"declared: {definition.signature}", family.width)
        sized, at = definition.sized(sizes), context.offset(step)
        if not sized.settled:
            sized.place = context.place(step)
            if self.settle is not None:
                self.settle(sized)
        if not sized.sound:
            self.sound = False
            return UNKNOWN_SLOT
        self.calls[sized] += 1
        if self.shallow or (sized.rule is not None and not self.values):
            flat: list[int] = []
            for taken in given:
                flat += [taken] if isinstance(taken, int) else taken.flat()
            self.wires.count_operands(len(flat), at)
            return self.wires.gate(context.parent, None if self.shallow else sized.rule, flat, at)
        self.wires.reserve(sized.weight, at)
        number = yield self._definition(context, sized, given, at, last=last)
        return number

    def _call(self, context: Context, step: Call, operands: list[int], *, last: bool) -> Task:
        """Apply a gate or a definition to operands."""
        gate = NAMES.get(step.gate) or self.definitions.get(step.gate)
        width = len(step.gate)
        if gate is None:
            scope = context.scope
            message, hint = unknown_gate(step.gate, self.definitions, wires=scope.numbers, near=scope.problems.near)
            return context.refuse(step, message, hint, width)
        if not isinstance(gate, Rule) and not gate.sound:
            self.sound = False
            return UNKNOWN_SLOT
        if (wrong := _misfit(gate, len(operands))) is not None:
            return context.refuse(step, wrong, None, width)
        if UNKNOWN_SLOT in operands:
            return UNKNOWN_SLOT
        if isinstance(gate, Rule):
            return self._gate(context.parent, gate, operands, context.offset(step))
        self.calls[gate] += 1
        if self.shallow:
            return self.wires.gate(context.parent, None, operands, context.offset(step))
        if gate.rule is not None and not self.values:
            return self.wires.gate(context.parent, gate.rule, operands, context.offset(step))
        self.wires.reserve(gate.weight, context.offset(step))
        number: int = yield self._definition(context, gate, operands, context.offset(step), last=last)
        return number

    def _gate(self, parent: str, rule: Rule, operands: Several[int], at: int) -> int:
        """Apply a gate; small whole powers become products, exact at 0 and for negative bases."""
        exponent = self.wires.value(operands[-1]) if rule.name == "pow" else None
        if exponent not in PRODUCTS:
            return self.wires.gate(parent, rule, operands, at)
        square = self.wires.gate(parent, NAMES["square"], operands[:1], at)
        if exponent == 3:
            return self.wires.gate(parent, NAMES["mul"], (square, operands[0]), at)
        return square if exponent == 2 else self.wires.gate(parent, NAMES["square"], (square,), at)

    def _definition(
        self, context: Context, definition: Definition, operands: Several[int | Members], at: int, *, last: bool
    ) -> Task:
        """Put a definition in place of its call."""
        self.wires.turn(at)
        outer, inner = context.outer and last, context.inner
        prefix = f"{context.parent}."
        if definition.gates:
            # Where a definition's value is a call of another one, both would call their inner wires after the parent.
            if outer and inner.isdisjoint(definition.inner_names):
                inner |= definition.inner_names
            else:
                prefix = f"{self.wires.inner_name(context.parent)}."
        scope = definition.scope(self.wires, prefix, at)
        for name, operand in zip(definition.operands, operands, strict=True):
            if isinstance(operand, int):
                scope.numbers[name] = operand
            else:
                scope.operands[name] = operand._replace(text=name)
        self.connect_all(scope, definition.gates)
        indices = {**definition.sizes}
        body = Context(scope, context.parent, definition.value, at, indices, outer=outer, inner=inner)
        number: int = yield self.expand(body, definition.steps)
        return number

    def _loop(self, context: Context, loop: Loop) -> Task:
        """Fold a gate over what the body is for all values of the indices."""
        rule = NAMES.get(loop.gate)
        if rule is None or not rule.folds:
            hint = "sum, prod, min, max and logsumexp take one"
            return context.refuse(loop, f"{quote(loop.gate)} takes no loop", hint, len(loop.gate))
        result: int | None = None
        together: list[int] = []
        body = context.part()
        try:
            at = context.offset(loop)
            self.wires.reserve(weight((loop,), context.indices, self.definitions), at)
            for _ in iterations(loop.clauses, context.indices, lambda: self.wires.turn(at)):
                number: int = yield self.expand(body, loop.body)
                if number == UNKNOWN_SLOT:
                    return UNKNOWN_SLOT
                if rule is LOGSUMEXP:
                    together.append(number)
                elif result is not None:
                    number = self.wires.gate(context.parent, rule, (result, number), at)
                result = number
        except NotWholeError as error:
            return context.refuse_number(loop, error)
        if len(together) > 1:
            return self.wires.gate(context.parent, rule, together, at)
        if result is not None:
            return result
        if rule.name not in _EMPTY:
            message = f"{loop.gate} of nothing: the range is empty"
            return context.refuse(loop, message, context.scope.call or None, len(loop.gate))
        return self.wires.constant(_EMPTY[rule.name])


def taking_families(definitions: Values[str, Definition]) -> dict[str, tuple[bool, ...]]:
    """Return the definitions that take families: per operand, whether it is one."""
    taken = ((name, definition.takes_families) for name, definition in definitions.items())
    return {name: families for name, families in taken if any(families)}


def finish(task: Task) -> int:
    """Run a computation, and all that it waits for, without recursion; return its number."""
    stack = [task]
    number: Any = None
    while stack:
        try:
            child = stack[-1].send(number)
        except StopIteration as end:  # noqa: PERF203 - how a generator returns
            stack.pop()
            number = end.value
        else:
            stack.append(child)
            number = None
    result: int = number
    return result


def _hints(*hints: str | None) -> str | None:
    """Return hints as one; None if there are none."""
    return "; ".join(filter(None, hints)) or None


def _extent(family: Family | Members) -> str:
    """Return a hint that says which members there are."""
    if isinstance(family, Members):
        return f"{quote(family.text)} {family.extent}"
    return f"declared: {family.declaration()}"


def _subscript(span: tuple[Step, ...] | Span, indices: Indices) -> Subscript:
    """Return a subscript of a slice, or the ends of a span."""
    if not isinstance(span, Span):
        return whole_number(span, indices)
    low, high = (whole_number(end, indices) if end else None for end in span)
    return low, high


def _misfit(gate: Rule | Definition, count: int) -> str | None:
    """Return what is wrong with so many operands; None when they are right, or when the gate itself is wrong."""
    if not isinstance(gate, Rule) and not gate.sound:
        return None
    folds = isinstance(gate, Rule) and gate.folds
    if count == gate.arity or (folds and count > gate.arity):
        return None
    wanted = "2 or more operands" if folds else f"{gate.arity} operand{'s' * (gate.arity != 1)}"
    return f"{gate.name} takes {wanted}, not {count}"


def _refuse_text(scope: Scope, text: Scalar, error: ExpressionError) -> None:
    """Note what is wrong with a text that is no formula."""
    hint, problems = error.hint, scope.problems
    end = problems.offset(text, len(text.text))
    if text.plain and error.at == len(text.text) and problems.source.text[end : end + 1] in (",", "]"):
        hint = COMMA_HINT
    problems.add(text, error.message, hint, offset=error.at, width=error.width)


def _refuse_gate(scope: Scope, declared: Several[Declared], node: Node) -> None:
    """Note what is wrong with a node that is neither a formula nor a gate with its operands."""
    name, problems = quote(declared[0].name), scope.problems
    if type(node) is Mapping and len(node) > 1:
        first, second = node[0][0], node[1]
        if type(second[1]) is Scalar and not second[1].text:
            hint = f"write {{{visible(first.text)}: [a, b]}}"
            problems.add(second[0], f"the operands of {name} need a list around them", hint)
        else:
            problems.add(second[0], f"the gate of {name} is given twice", "a wire has one gate")
        return
    problems.add(node, f"{name} needs a gate, not {kind(node)}", "write {gate: [operands]}, or a formula")
