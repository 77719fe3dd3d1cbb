"""Exhibit 7: lambdas built in a loop, with and without the defaults that freeze its variables."""
