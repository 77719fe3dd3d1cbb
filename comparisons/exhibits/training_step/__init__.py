"""Exhibit 6: the object-style training step, in PyTorch or NumPy, and as one pure function."""
