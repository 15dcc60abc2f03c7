"""Private brokers for the tests: own folder, own ports, loopback only."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

#: Debian lays the server's own scripts here; the one on PATH changes the user.
RABBIT_HOME = Path("/usr/lib/rabbitmq/bin")
BOOT_S = 120.0
STOP_S = 20.0


class Broker(Protocol):
    """A broker that a test may end, freeze and bring back."""

    url: str

    def away(self) -> None:
        """End it as an outage does: connections are cut, nobody listens."""

    def back(self) -> None:
        """Bring it back at the same address; it takes bells when this returns."""

    def freeze(self) -> None:
        """Let it stand still: connections stay, nothing is answered."""

    def thaw(self) -> None:
        """Let it go on."""

    def stop(self) -> None:
        """End it for good and remove its folder."""


class Redis:
    """``redis-server`` that keeps what it was told, as the doorbell wants it."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sdsync-redis-"))
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.back()

    def away(self) -> None:
        self._child.kill()
        self._child.wait(STOP_S)

    def back(self) -> None:
        options = {"port": self._port, "bind": "127.0.0.1", "dir": self._folder}
        command = ["redis-server", "--appendonly", "yes", "--save", ""]
        command += [str(part) for name, one in options.items() for part in (f"--{name}", one)]
        self._child = _spawn(command, {}, self._folder)
        await_port(self._port, self._child)

    def freeze(self) -> None:
        self._child.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._child.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self.away()
        shutil.rmtree(self._folder, ignore_errors=True)


class RabbitMQ:
    """``rabbitmq-server``: one boot of some seconds, then its application stops and starts."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="sdsync-rabbit-"))
        self._port, nodes, names = free_port(), free_port(), free_port()
        self.url = f"amqp://guest:guest@127.0.0.1:{self._port}/%2F"
        (self._folder / "plugins").write_text("[].\n")
        self._environment = {
            **{name: one for name, one in os.environ.items() if not name.startswith("RABBITMQ_")},
            "HOME": str(self._folder),  # its cookie
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(names),
            "RABBITMQ_NODENAME": f"sdsync{self._port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self._port),
            "RABBITMQ_DIST_PORT": str(nodes),
            "RABBITMQ_MNESIA_BASE": str(self._folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self._folder),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._folder / "plugins"),
            "RABBITMQ_PLUGINS_EXPAND_DIR": str(self._folder / "expanded"),
            "RABBITMQ_CONFIG_FILE": str(self._folder / "none"),
            "RABBITMQ_CONF_ENV_FILE": str(self._folder / "none"),
            "RABBITMQ_PID_FILE": str(self._folder / "pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        }
        # Else the first node would start it as a daemon that outlives everybody.
        self._names = _spawn(["epmd"], self._environment, self._folder)
        await_port(names, self._names)
        self._child = _spawn([RABBIT_HOME / "rabbitmq-server"], self._environment, self._folder)
        await_port(self._port, self._child)

    def away(self) -> None:
        self._control("stop_app")

    def back(self) -> None:
        self._control("start_app")
        await_port(self._port, self._child)

    def freeze(self) -> None:
        os.kill(self._pid(), signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._pid(), signal.SIGCONT)

    def stop(self) -> None:
        os.kill(self._pid(), signal.SIGKILL)
        self._child.wait(STOP_S)
        self._names.kill()
        self._names.wait(STOP_S)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _pid(self) -> int:
        return int((self._folder / "pid").read_text())

    def queues(self) -> set[str]:
        """The names of all that it holds."""
        return set(self._control("list_queues", "name", "--quiet", "--no-table-headers").split())

    def _control(self, *words: str) -> str:
        done = subprocess.run(
            [RABBIT_HOME / "rabbitmqctl", *words],
            env=self._environment, cwd=self._folder, capture_output=True, check=False,
        )  # fmt: skip
        said = done.stdout.decode()
        if done.returncode:
            raise RuntimeError(f"rabbitmqctl {' '.join(words)}: {done.stderr.decode()}{said}")
        return said


def free_port() -> int:
    """A port that nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_port(port: int, child: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens, as long as the child lives."""
    pause = threading.Event()
    for _ in range(int(BOOT_S / 0.05)):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if child.poll() is not None:
            break
        pause.wait(0.05)
    raise RuntimeError(f"{child.args!r} does not listen on {port}; it ended with {child.poll()}")


def _spawn(
    command: Sequence[str | Path], environment: Mapping[str, str], folder: Path
) -> subprocess.Popen[bytes]:
    with (folder / "out").open("ab") as out:
        return subprocess.Popen(
            [str(one) for one in command], env=dict(environment) or None, cwd=folder,
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
