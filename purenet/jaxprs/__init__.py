"""The only folder that touches JAX's program representation: trace, compare, replay, widen."""

from purenet.jaxprs.custom import CustomCall as CustomCall
from purenet.jaxprs.custom import custom_calls as custom_calls
from purenet.jaxprs.evaluate import evaluated as evaluated
from purenet.jaxprs.inline import Cone as Cone
from purenet.jaxprs.inline import Inlined as Inlined
from purenet.jaxprs.inline import Operation as Operation
from purenet.jaxprs.inline import inlined as inlined
from purenet.jaxprs.inline import outputs as outputs
from purenet.jaxprs.inline import walk as walk
from purenet.jaxprs.program import Program as Program
from purenet.jaxprs.program import is_traced as is_traced
from purenet.jaxprs.program import primitive_names as primitive_names
from purenet.jaxprs.replay import DOUBLE as DOUBLE
from purenet.jaxprs.replay import NATIVE as NATIVE
from purenet.jaxprs.replay import Replay as Replay
from purenet.jaxprs.replay import bind_complex as bind_complex
from purenet.jaxprs.rounding import moved_by_constants as moved_by_constants
from purenet.jaxprs.rounding import rounded as rounded
from purenet.jaxprs.tracing import Traced as Traced
from purenet.jaxprs.tracing import trace as trace
from purenet.jaxprs.widening import is_extended as is_extended
from purenet.jaxprs.widening import wide_dtype as wide_dtype
from purenet.jaxprs.widening import widen as widen
from purenet.jaxprs.widening import working_precision as working_precision
from purenet.jaxprs.work import Work as Work
from purenet.jaxprs.work import work as work
