"""What the watch takes for the caller's own doing: a script, whose module is the outermost frame.

Under pytest and under ``python -m`` the outermost frame is a library's, so a script it must be.
"""

import subprocess
import sys

import pytest

SCRIPT = """
import logging
import jax.numpy as jnp
import purenet

def logging_loss(w):
    logging.getLogger("mine").warning("a loss")
    return jnp.sum(w**2)

def asking_loss(w):
    logging.getLogger("mine").isEnabledFor(logging.INFO)
    return jnp.sum(w**2)

for loss in (lambda w: jnp.sum(w**2), asking_loss, logging_loss):
    report = purenet.audit(loss, jnp.ones(3))
    print([(finding.kind, finding.subject, finding.where) for finding in report.findings])
"""


@pytest.mark.full
def test_in_a_script_only_the_loss_that_logs_is_told_of(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    run = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    silent, asking, logs = run.stdout.splitlines()
    assert (silent, asking) == ("[]", "[]")
    assert logs == "[('side-effect', 'logging', 'script.py:7')]"
