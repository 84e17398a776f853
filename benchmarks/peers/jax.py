"""JAX on the CPU in doubles: `jit(value_and_grad)`, `vmap` over rows, `fori_loop` for steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from circuits import columns, sampled

from peers import STEP_SIZE, Job, Peer, repeated
from peers.formulas import composed, kinds

if TYPE_CHECKING:
    from circuits import Description


def passes(description: Description) -> Any:
    """Return the function of the array of inputs that returns the value and the gradient, not compiled yet."""
    import jax

    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_enable_x64", True)
    return jax.value_and_grad(composed(description, {**kinds(jax.numpy), "sigmoid": jax.nn.sigmoid}))


def at_point(description: Description) -> Job:
    """Prepare the compiled function."""
    import jax

    call = jax.jit(passes(description))
    point = jax.numpy.array(description.point)

    def both() -> list[Any]:
        value, slopes = jax.block_until_ready(call(point))
        return [value, *slopes]

    return repeated(both)._replace(run=lambda times: [jax.block_until_ready(call(point)) for _ in range(times)][-1:])


def over_rows(description: Description, rows: int) -> Job:
    """Prepare the compiled function of all rows, a column an input."""
    import jax

    call = jax.jit(jax.vmap(passes(description), in_axes=1, out_axes=(0, 1)))
    given = jax.numpy.array(columns(description, rows))

    def both() -> Any:
        return jax.block_until_ready(call(given))

    def answer() -> list[float]:
        values, slopes = both()
        return [float(x) for place in sampled(rows) for x in (values[place], *slopes[:, place])]

    return Job(answer, lambda times: [both() for _ in range(times)][-1:])


def in_steps(description: Description, steps: int) -> Job:
    """Prepare the compiled loop."""
    import jax

    both = passes(description)
    ascend = jax.jit(lambda point: jax.lax.fori_loop(0, steps, lambda _, at: at + STEP_SIZE * both(at)[1], point))
    point = jax.numpy.array(description.point)
    return repeated(lambda: jax.block_until_ready(ascend(point)))


PEERS = [
    Peer(
        "JAX",
        "`jit(value_and_grad)`; `vmap` for rows, `fori_loop` for steps",
        needs=("jax", "jax.numpy", "jax.nn"),
        point=at_point,
        rows=over_rows,
        steps=in_steps,
    ),
]
