"""Exhibit 4: the book's simpleNet and the lambda that ignores its W."""
