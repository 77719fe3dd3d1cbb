"""The incremental evaluation: one base, and for each coordinate only what it changes."""

from purenet.fd.incremental.evaluator import Incremental as Incremental
