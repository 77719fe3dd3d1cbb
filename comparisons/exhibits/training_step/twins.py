"""Which lines of the two programs correspond."""

from comparisons.programs import Twin

TWINS = (
    Twin(
        "a step: five lines that change something elsewhere; or a state in, a state out",
        "Trainer.optimize_parameters: self.update ... return",
        "step: value, grads ... return",
    ),
    Twin(
        "the learning rate: written into the optimizer, or a function of the iteration",
        "Trainer.update_learning_rate: self.optimizer.lr",
        "learning_rate: return",
    ),
    Twin(
        "the gradient: added to what is there, or a value",
        "Linear.backward: self.weight.grad ... self.bias.grad",
        "step: value, grads",
    ),
    Twin("zero_grad, which must not be forgotten", "SGD.zero_grad: for p ... p.grad", ""),
    Twin(
        "momentum: arrays that the optimizer writes into, or part of the state",
        "SGD.step: for p ... p.data",
        "start: return",
    ),
)
