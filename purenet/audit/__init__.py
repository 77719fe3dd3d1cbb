"""What a function reads beside its arguments: captured arrays, by name."""

from purenet.audit.captures import Captured as Captured
from purenet.audit.captures import captured_arrays as captured_arrays
from purenet.audit.reads import read_instead as read_instead
