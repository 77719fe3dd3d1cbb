"""Exhibit 1: one weight, two functions said to be equivalent, and half a gradient."""
