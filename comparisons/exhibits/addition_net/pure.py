"""The pure twin: the weight is the first argument, and nothing else is read."""

from purenet import nn

model = nn.addition_net()

loss = nn.loss_fn(model, nn.add)
