"""Exhibit 5: a define-by-run tape, its doubled gradients, and plain functions instead."""
