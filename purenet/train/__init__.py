"""Training as a pure function: a state and a batch in, the next state and the loss out."""

from purenet.train.checkpoint import CheckpointError as CheckpointError
from purenet.train.divergence import DivergenceError as DivergenceError
from purenet.train.fitting import fit as fit
from purenet.train.history import History as History
from purenet.train.metrics import accuracy as accuracy
from purenet.train.run import Fit as Fit
from purenet.train.state import TrainState as TrainState
from purenet.train.state import init as init
from purenet.train.step import train_step as train_step
