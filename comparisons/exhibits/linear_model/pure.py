"""The pure twin: the weight goes in, the loss comes out, and the caller's array is never written."""

from purenet import nn

model = nn.linear_model()

loss = nn.loss_fn(model, nn.mean_squared_error)
