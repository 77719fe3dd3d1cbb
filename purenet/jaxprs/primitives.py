"""What is known of JAX's primitives: one table, which all that reads a program asks."""

from math import inf
from typing import Literal, NamedTuple


class Primitive(NamedTuple):
    """The facts about a primitive; the defaults are safe for one that nobody knows.

    Attributes:
        cost: what an element of its output costs: nothing ("free"), an addition of those it reads
            and writes ("plain") or of those it writes alone ("part"), a call of a function
            ("special"), a place looked up in memory ("gathered").
        rounds: whether a value in float64 may be other than that of exact arithmetic: "always",
            "sometimes" (as the operands are), "complex" (that of complex numbers alone), "never".
        analytic: whether it takes complex numbers in the place of real ones, and continues its
            function of them. Not what JAX has for complex numbers but is not analytic (abs), nor
            what is analytic in pieces (max): at a kink, no piece's derivative is that of the whole.
        elementwise: whether each element of its one output is made of those in the same place.
        commutative: whether its two operands may change places.
        flat: whether jax.grad goes through it, and gets zero. What gives whole numbers for real
            ones ends a derivative too, and is told by the dtypes.
        keeps_dtype: whether what it computes depends on the very dtype of its operands.
        callback: as what JAX offers it, where it calls back into Python for an effect.
        silent: whether a replay leaves it out: the caller's own call has shown it already.
        call: the parameter that holds the program, of a primitive that only calls one.
        rule: the parameter that holds a derivative rule of the user's.
        writes: whether it writes to its first operand, a mutable reference.
        of_distribution: whether JAX's derivative of it is that of the distribution that it draws
            from, its quantiles held (Figurnov, Mohamed and Mnih, 2018), not of the numbers drawn.
        use: what it does to its first operand, a random key, that may be done once.
        key: what its outputs are as keys: "new" ones, the "same" as its operands in their order, or
            "made" of them, so that of equal operands they are equal.
        since: the first version of JAX that has it, where it is not all that are supported; those
            before write the same with others.
        until: the first one that has it no more.
    """

    cost: Literal["free", "plain", "part", "special", "gathered"] = "plain"
    rounds: Literal["always", "sometimes", "complex", "never"] = "always"
    analytic: bool = False
    elementwise: bool = False
    commutative: bool = False
    flat: bool = False
    keeps_dtype: bool = False
    callback: str = ""
    silent: bool = False
    call: str = ""
    rule: str = ""
    writes: bool = False
    of_distribution: bool = False
    use: Literal["", "drawn from", "split"] = ""
    key: Literal["new", "same", "made"] = "new"
    since: tuple[int, ...] = (0,)
    until: tuple[float, ...] = (inf,)


def facts(name: str) -> Primitive:
    """What is known of the primitive of a name."""
    return PRIMITIVES.get(name, _UNKNOWN)


_UNKNOWN = Primitive()
_FUNCTION = Primitive(cost="special", elementwise=True)
_ARITHMETIC = Primitive(analytic=True, elementwise=True)
_CHOICE = Primitive(rounds="never", elementwise=True)
_MOVE = Primitive(rounds="never", analytic=True, key="made")
_PASS = Primitive(cost="free", rounds="never", analytic=True, key="same")
_OUTSIDE = Primitive(keeps_dtype=True)
_RANDOM = Primitive(cost="special", keeps_dtype=True)

_ROWS: tuple[tuple[str, Primitive], ...] = (
    # elementary functions
    ("acos acosh asin asinh atan atanh cos cosh exp exp2 expm1 log log1p logistic pow sin sinh tan "
     "tanh", _FUNCTION._replace(analytic=True)),
    ("log2 polynomial", _FUNCTION._replace(analytic=True, since=(0, 12))),
    # functions that JAX has for real numbers alone
    ("atan2 bessel_i0e bessel_i1e cbrt digamma erf erf_inv erfc igamma igamma_grad_a igammac "
     "lgamma polygamma regularized_incomplete_beta zeta", _FUNCTION),
    # arithmetic
    ("add", _ARITHMETIC._replace(rounds="sometimes", commutative=True, key="made")),  # a position
    ("add_any mul", _ARITHMETIC._replace(rounds="sometimes", commutative=True)),
    ("div sub", _ARITHMETIC._replace(rounds="sometimes")),
    ("integer_pow rsqrt sqrt square", _ARITHMETIC),
    ("one_minus_square", _ARITHMETIC._replace(since=(0, 12))),
    ("neg", _ARITHMETIC._replace(rounds="never")),
    ("abs", _CHOICE._replace(rounds="complex")),
    ("sign", _CHOICE._replace(rounds="complex", flat=True)),
    ("clamp complex conj imag real", _CHOICE),
    ("rem", _CHOICE),  # no digit of it lies below those of its operands
    ("max min", _CHOICE._replace(commutative=True)),
    ("ceil floor round", _CHOICE._replace(flat=True)),
    ("nextafter", _CHOICE._replace(keeps_dtype=True)),
    # comparisons, bits and choices
    ("and eq ne or xor", _CHOICE._replace(commutative=True)),
    ("clz eq_to ge gt is_finite le le_to lt_to not population_count shift_left "
     "shift_right_arithmetic shift_right_logical", _CHOICE),
    ("lt", _CHOICE._replace(key="made")),  # whether a position counts from the end
    ("select_n", _CHOICE._replace(analytic=True, key="made")),
    # the same numbers in other clothes
    ("copy name", _PASS._replace(elementwise=True)),
    ("convert_element_type", _PASS._replace(cost="plain", elementwise=True)),
    ("device_put optimization_barrier", _PASS),
    ("reduce_precision", _CHOICE),  # in float64 it is left out
    ("bitcast_convert_type", Primitive(rounds="never", flat=True, keeps_dtype=True)),
    ("stop_gradient", Primitive(cost="free", rounds="never", flat=True)),
    # moving values; those that are free become part of what reads them
    ("broadcast_in_dim reshape squeeze", _MOVE._replace(cost="free")),
    ("tile", _MOVE._replace(cost="free", since=(0, 10, 2))),
    ("iota", Primitive(cost="free", rounds="never")),
    ("concatenate pad rev", _MOVE),
    ("stack", _MOVE._replace(since=(0, 10, 2))),
    ("dynamic_slice slice split", _MOVE._replace(cost="part")),
    ("unstack", _MOVE._replace(cost="part", since=(0, 10, 2))),
    ("dynamic_update_slice gather scatter transpose", _MOVE._replace(cost="gathered")),
    ("scatter-add scatter-mul scatter-sub", Primitive(cost="gathered", analytic=True)),
    ("scatter-max scatter-min select_and_gather_add", Primitive(cost="gathered", rounds="never")),
    ("select_and_scatter_add", Primitive(cost="gathered")),
    # reductions and scans along an axis
    ("reduce_prod reduce_sum reduce_window_sum", Primitive(analytic=True)),
    ("reduce reduce_window", Primitive()),  # by a function of the caller's own
    ("argmax argmin reduce_and reduce_max reduce_min reduce_or reduce_window_max "
     "reduce_window_min reduce_xor", Primitive(rounds="never")),
    ("cumprod cumsum", Primitive(cost="special", analytic=True)),
    ("cumlogsumexp", Primitive(cost="special")),
    ("cummax cummin sort top_k", Primitive(cost="special", rounds="never")),
    # linear algebra; the work of the first two is counted by their parameters
    ("conv_general_dilated dot_general", Primitive(analytic=True)),
    ("triangular_solve", Primitive(cost="special", analytic=True)),
    ("cholesky eig eigh fft householder_product lu qr svd tridiagonal_solve",
     Primitive(cost="special")),
    # random numbers: other draws in another dtype
    ("random_bits rng_bit_generator", _RANDOM._replace(use="drawn from")),
    ("random_gamma", _RANDOM._replace(use="drawn from", of_distribution=True)),
    ("rng_uniform", _RANDOM),
    ("random_fold_in random_unwrap random_wrap", Primitive(key="made")),
    ("random_seed", Primitive(flat=True, key="made")),  # what a leaf that is a seed comes to
    ("random_split", Primitive(use="split", key="made")),
    # calls and control flow; whoever walks a program enters these
    ("jit remat2", Primitive(call="jaxpr")),
    ("call closed_call", Primitive(call="call_jaxpr", until=(0, 11))),
    ("custom_partitioning custom_vmap_call", Primitive(call="call")),
    ("custom_jvp_call", Primitive(call="call_jaxpr", rule="jvp_jaxpr_fun")),
    ("custom_vjp_call", Primitive(call="call_jaxpr", rule="bwd")),
    ("cond custom_linear_solve scan while", Primitive()),
    # code outside of the program, compiled or written for the dtypes that it was traced with
    ("call_exported ffi_call pallas_call pure_callback shard_map", _OUTSIDE),
    ("io_callback", _OUTSIDE._replace(callback="io_callback")),
    ("debug_callback", Primitive(callback="jax.debug.callback", silent=True)),
    ("debug_print", Primitive(callback="jax.debug.print", silent=True)),
    ("addupdate swap", Primitive(writes=True)),
)  # fmt: skip

PRIMITIVES: dict[str, Primitive] = {
    name: primitive for names, primitive in _ROWS for name in names.split()
}
