"""Exhibit 3: a net that only adds, its weight a nested Python list."""
