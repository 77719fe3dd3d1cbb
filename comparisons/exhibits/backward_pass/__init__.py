"""Exhibit 8: the book's layers with their backward passes, and what three checkers say of them."""
