"""All the losses, by name: ``python -m tests.clients.losses [--table] [NAME ...]``.

Without ``--table`` each is audited; with it, each is checked in a process of its own, and a row
says what came of it and what it cost. Where the packages lie says nothing of whose they are: run it
with PYTHONPATH at another folder.
"""

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec

import jax
import jax.numpy as jnp

import purenet
from tests.clients.case import Case

LIBRARIES = {  # a module of tests.clients.programs: the package it needs
    "blackjax": "blackjax", "diffrax": "diffrax", "distrax": "distrax", "e3nn": "e3nn_jax",
    "equinox": "equinox", "flax": "flax", "haiku": "haiku", "jax_md": "jax_md",
    "jaxopt": "jaxopt", "jraph": "jraph", "lineax": "lineax", "numpyro": "numpyro",
    "optax": "optax", "optimistix": "optimistix", "tfp": "tensorflow_probability",
    "networks": "jax", "precision": "jax", "generative": "jax", "reinforcement": "jax",
    "dynamics": "jax", "statistics": "jax",
}  # fmt: skip


def makers() -> dict[str, Callable[[], Case]]:
    """What makes each case, by ``module.name``; the libraries are imported by the makers alone."""
    return {
        f"{name}.{made.__name__}": made
        for name in LIBRARIES
        for made in importlib.import_module(f"tests.clients.programs.{name}").LOSSES
    }


def is_installed(name: str) -> bool:
    """Whether the library that a loss is written with is there."""
    return find_spec(LIBRARIES[name.split(".")[0]]) is not None


def row(name: str) -> dict:
    """What a check, an audit and a wrong gradient say of a loss, and the first check's CPU time."""
    case = makers()[name]()
    options = {"has_aux": case.has_aux}
    jax.block_until_ready(jax.jit(jnp.tanh)(1.0))
    start = time.process_time()
    jax.block_until_ready(jax.jit(jax.grad(case.loss, **options))(*case.args))
    compiled = time.process_time()
    report = purenet.compare_grads(case.loss, *case.args, **options)
    checked = time.process_time()
    audit = purenet.audit(case.loss, *case.args)
    wrong = purenet.compare_grads(case.loss, *case.args, gradient=case.mistake, **options)
    return {
        "loss": name, "verdict": report.verdict, "compared": report.compared,
        "check": checked - compiled, "gradient": compiled - start,
        "audit": "clean" if audit.ok else ", ".join(audit.kinds), "mistake": wrong.verdict,
        "where": [leaf.path for leaf in wrong.leaves if not leaf.ok],
    }  # fmt: skip


def print_table(names: list[str]) -> None:
    """A row for each loss, each from a process of its own."""
    print("| loss | verdict | derivatives | check, s | gradient, s | ratio | audit | mistake |")
    print("|---|---|---|---|---|---|---|---|")
    for name in names:
        command = [sys.executable, "-m", "tests.clients.losses", "--row", name]
        try:
            run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=True)
        except subprocess.SubprocessError as error:
            print(f"| {name} | {type(error).__name__} | | | | | | |", flush=True)
            continue
        r = json.loads(run.stdout.splitlines()[-1])
        ratio = r["check"] / r["gradient"]
        print(
            f"| {name} | {r['verdict']} | {r['compared']} | {r['check']:.1f} | {r['gradient']:.1f} "
            f"| {ratio:.1f} | {r['audit']} | {r['mistake']} at {', '.join(r['where'])} |",
            flush=True,
        )


if __name__ == "__main__":
    flags = [given for given in sys.argv[1:] if given.startswith("--")]
    names = [given for given in sys.argv[1:] if given not in flags]
    names = names or list(filter(is_installed, makers()))
    if "--row" in flags:
        print(json.dumps(row(*names)))
    elif "--table" in flags:
        print_table(names)
    else:
        for name in names:
            case = makers()[name]()
            report = purenet.audit(case.loss, *case.args)
            print(name, "ok" if report.ok else report, f"{report.seconds:.2f} s")
