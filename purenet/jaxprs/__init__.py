"""The only folder that touches JAX's program representation: trace, compare, replay, widen."""

from purenet.jaxprs.program import Program as Program
from purenet.jaxprs.program import Traced as Traced
from purenet.jaxprs.program import is_traced as is_traced
from purenet.jaxprs.program import primitive_names as primitive_names
from purenet.jaxprs.program import trace as trace
from purenet.jaxprs.replay import DOUBLE as DOUBLE
from purenet.jaxprs.replay import NATIVE as NATIVE
from purenet.jaxprs.replay import Replay as Replay
from purenet.jaxprs.replay import bind_complex as bind_complex
from purenet.jaxprs.widening import is_extended as is_extended
from purenet.jaxprs.widening import wide_dtype as wide_dtype
from purenet.jaxprs.widening import widen as widen
from purenet.jaxprs.widening import working_precision as working_precision
