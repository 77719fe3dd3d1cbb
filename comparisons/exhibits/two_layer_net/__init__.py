"""Exhibit 2: the book's TwoLayerNet, trained on real handwritten digits by both sides."""
