"""Build the wheel, install it in a fresh environment, run a copy of the tests there.

Tests in the tree read the tree: a file that the wheel forgot is never missed
there. Here the package comes from the wheel alone, and the tests run in a folder
that holds no ``sdsync`` folder. Run by ``make wheel-check``; needs the locked
requirements, nothing else of the checkout's environment.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Beside tests/: what tests may read of the repository, but never the package.
COMPANIONS = (
    "pyproject.toml",
    "sdsync.toml",
    "README.md",
    "examples",
    "docs",
    "mkdocs.yml",
    "requirements",
)
#: They change, boot or read the tree itself, or were run already.
LEFT_OUT = (
    "tests/real",
    "tests/laws/breaks",
    "tests/promises",
    "tests/unit/test_house.py",
    "tests/unit/test_links.py",
)
#: Copied, since others import them, and not run: they judge at length what the daemon
#: does, which the tree's own runs did, and not what the wheel holds.
NOT_RUN = ("tests/crash", "tests/faults", "tests/simulation")
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")


def main() -> int:
    """Run the check; the exit code is pytest's, or that of the step that failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep the folder and print its path")
    parser.add_argument("rest", nargs="*", help="passed to pytest")
    args = parser.parse_args()
    room = Path(tempfile.mkdtemp(prefix="sdsync-wheel-"))
    room.chmod(0o755)  # some tests run what is installed there as another account
    try:
        return check(room, args.rest)
    except subprocess.CalledProcessError as problem:
        print(f"wheel check: {problem}", file=sys.stderr)
        return problem.returncode
    finally:
        if args.keep:
            print(f"kept {room}")
        else:
            shutil.rmtree(room, ignore_errors=True)


def check(room: Path, rest: list[str]) -> int:
    """Do the whole of it in ``room``, an empty folder."""
    wheel = build(room / "dist")
    python = environment(room / "venv")
    for name in ("runtime.txt", "build.txt", "dev.txt"):
        run(python, *PIP, "install", "--require-hashes", "-r", str(ROOT / "requirements" / name))
    run(python, *PIP, "install", "--no-deps", str(wheel))
    away = copy_tests(room / "away")
    run(python, "-c", PROOF, cwd=away)
    command = [str(python), "-m", "pytest", "-m", "not real", "-p", "no:cacheprovider"]
    command += ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"]
    command += ["--hypothesis-profile", "brief", "--no-loadscope-reorder"]
    command += [*(f"--ignore={one}" for one in NOT_RUN), *rest]
    return subprocess.run(command, cwd=away, env=clean_environment(), check=False).returncode


#: The package must come from the environment, with its types and mapping files.
PROOF = """
import pathlib, sys, sdsync
home = pathlib.Path(sdsync.__file__).resolve().parent
assert home.is_relative_to(pathlib.Path(sys.prefix).resolve()), home
assert (home / "py.typed").is_file(), "py.typed is not in the wheel"
assert any((home / "mappings" / "packs").rglob("*.yaml")), "no mapping file is in the wheel"
print(f"wheel check: sdsync {sdsync.__version__} from {home}")
"""


def build(target: Path) -> Path:
    """The wheel, built without network and without isolation."""
    run(
        sys.executable,
        *PIP,
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(target),
        str(ROOT),
    )
    (wheel,) = target.glob("sdsync-*.whl")
    return wheel


def environment(target: Path) -> Path:
    """The interpreter of a fresh virtual environment."""
    venv.create(target, with_pip=True)
    return target / "bin" / "python"


def copy_tests(target: Path) -> Path:
    """Copy tests and companions; what a test writes never reaches the checkout."""
    left_out = {ROOT / one for one in LEFT_OUT}

    def ignored(folder: str, names: list[str]) -> set[str]:
        here = Path(folder)
        return {name for name in names if name == "__pycache__" or here / name in left_out}

    target.mkdir()
    shutil.copytree(ROOT / "tests", target / "tests", ignore=ignored)
    for name in COMPANIONS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name)
        elif source.exists():
            shutil.copy2(source, target / name)
    return target


def clean_environment() -> dict[str, str]:
    """Ours without what would let the tree's package in."""
    return {
        key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "VIRTUAL_ENV"}
    }


def run(*command: str | Path, cwd: Path | None = None) -> None:
    """Run one step; raises CalledProcessError when it fails."""
    subprocess.run([str(part) for part in command], cwd=cwd, env=clean_environment(), check=True)


if __name__ == "__main__":
    raise SystemExit(main())
