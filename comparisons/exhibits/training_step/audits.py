"""Audits: what loss.backward() and a whole step write into, and a step that writes nowhere."""

import jax.numpy as jnp

import purenet
from comparisons.claims import Audit, Claim, found
from comparisons.exhibits.training_step import mutating, pure


def run(weight, bias, x, t, base_lr: float) -> tuple[list[Audit], list[Claim]]:
    """The audits of a loss with backward, of the trainer's step, of the twin's loss and step."""
    module = mutating.Linear(weight, bias)

    def loss_of(weight):  # noqa: ARG001 - that it ignores its argument is what is shown
        loss = mutating.MeanSquaredError(module, x, t)
        loss.backward()
        return loss.value

    trainer = mutating.Trainer(mutating.Linear(weight, bias), base_lr)
    params = {"weight": jnp.array(weight), "bias": jnp.array(bias)}
    optimizer = pure.sgd(base_lr)
    state = pure.start(optimizer, params)

    def next_params(params, x, t):
        return pure.step(optimizer, state._replace(params=params), x, t)[0].params

    backward = Audit(
        "MeanSquaredError(module, x, t) with backward(), at module.weight.data",
        purenet.audit(loss_of, module.weight.data),
    )
    step = Audit(
        "trainer.optimize_parameters, at x", purenet.audit(trainer.optimize_parameters, x, t, 0)
    )
    pure_loss = Audit("loss(params, x, t)", purenet.audit(pure.loss, params, x, t))
    pure_step = Audit("step, from params to params", purenet.audit(next_params, params, x, t))
    return [backward, step, pure_loss, pure_step], [
        found(
            "the audit finds the gradients that backward adds to, and that the weight is ignored",
            backward,
            ("mutates-state", "module.weight.grad"),
            ("mutates-state", "module.bias.grad"),
            ("ignored-parameter", "weight"),
            ("aliased-state", "module.weight.data"),
        ),
        found(
            "the audit finds that a whole step writes into seven arrays of two objects",
            step,
            ("mutates-state", "self.module.x"),
            *(
                ("mutates-state", f"self.module.{name}.{part}")
                for name in ("weight", "bias")
                for part in ("data", "grad")
            ),
            ("mutates-state", "self.optimizer.velocity[0]"),
            ("mutates-state", "self.optimizer.velocity[1]"),
        ),
        found("the audit finds nothing in the pure loss", pure_loss, is_original=False),
        found("the audit finds nothing in the pure step", pure_step, is_original=False),
    ]
