"""The pure twin: the weight goes in, the loss comes out, and no array is written to."""

from purenet import nn

model = nn.linear_model()

loss = nn.loss_fn(model, nn.mean_squared_error)
