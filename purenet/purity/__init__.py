"""What a loss reads beside its parameters, ignores of them, captures and changes."""

from purenet.purity.auditing import assert_pure as assert_pure
from purenet.purity.auditing import audit as audit
from purenet.purity.effects import profiled as profiled
from purenet.purity.findings import Finding as Finding
from purenet.purity.kinds import KINDS as KINDS
from purenet.purity.object_graph import captured_arrays as captured_arrays
from purenet.purity.pure_versions import PureVersion as PureVersion
from purenet.purity.pure_versions import pure_version as pure_version
from purenet.purity.reads import read_instead as read_instead
from purenet.purity.report import ImpureLoss as ImpureLoss
from purenet.purity.report import PurityReport as PurityReport
from purenet.purity.source import is_library as is_library
from purenet.purity.source import last_own_line as last_own_line
