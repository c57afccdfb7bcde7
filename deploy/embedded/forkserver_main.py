"""The process that services are forked from, after it has imported all of them.

Importing a service costs more than a second of processor time; a fork costs milliseconds.
multiprocessing's forkserver is not used: its children keep it alive when the supervisor is
killed (they inherit its "alive" pipe), it swallows import errors, and there is one per process.

Protocol, over a SOCK_SEQPACKET pair, one JSON object a message:
    in   {"module", "environment"} and one descriptor for stdout and stderr
    out  {"forked": pid}  for each request, in order
    out  {"ended": pid, "status": n}  n < 0: minus the number of the signal
If the supervisor closes its end, the forkserver exits. The kernel then kills the children.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import selectors
import socket
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

from deploy.embedded.linux import die_with_parent, open_process
from libs.shared.process_title import set_process_title

MAX_MESSAGE_BYTES = 128 * 1024
"""Bytes of a request to fork: most of it is the environment."""


def preload(modules: Sequence[str]) -> None:
    """Import the modules; one that fails is named, and fails again, visibly, in its service."""
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:
            print(f"could not preload {module}: {error!r}", file=sys.stderr)
    gc.collect()
    gc.freeze()  # imported objects stay in shared memory: no child's collector writes to them


def serve(control: socket.socket) -> None:
    """Fork on request and report ends, until the supervisor closes its side."""
    children: dict[int, int] = {}  # descriptor of the process -> pid
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not control:
                    _report_end(control, selector, children, key.fd)
                elif not _fork_on_request(control, selector, children):
                    return


def _fork_on_request(control: socket.socket, selector: selectors.BaseSelector, children: dict[int, int]) -> bool:
    message, descriptors, _, _ = socket.recv_fds(control, MAX_MESSAGE_BYTES, 1)
    if not message:
        return False
    request = json.loads(message)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        control.close()
        _run_child(request["module"], request["environment"], descriptors[0], parent)
    os.close(descriptors[0])
    descriptor = open_process(pid)
    children[descriptor] = pid
    selector.register(descriptor, selectors.EVENT_READ)
    _tell(control, {"forked": pid})
    return True


def _report_end(
    control: socket.socket, selector: selectors.BaseSelector, children: dict[int, int], descriptor: int
) -> None:
    selector.unregister(descriptor)
    os.close(descriptor)
    pid = children.pop(descriptor)
    _, status = os.waitpid(pid, 0)
    _tell(control, {"ended": pid, "status": os.waitstatus_to_exitcode(status)})


def _tell(control: socket.socket, message: dict[str, Any]) -> None:
    try:
        control.send(json.dumps(message).encode())
    except BrokenPipeError:
        return  # the supervisor is gone; the next read says so


def _run_child(module: str, environment: dict[str, str], output: int, parent: int) -> NoReturn:
    """Run `python -m module` in this fork, and exit: the forkserver's loop must not continue here."""
    status = 1
    try:
        die_with_parent(parent)
        _redirect(output)
        os.environ.update(environment)
        sys.argv = [module]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as leaving:
        status = _status_of(leaving)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _redirect(output: int) -> None:
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _status_of(leaving: SystemExit) -> int:
    if leaving.code is None or isinstance(leaving.code, int):
        return leaving.code or 0
    print(leaving.code, file=sys.stderr)
    return 1


def main() -> None:
    """Read the number of the control descriptor and the modules to preload from the command line."""
    set_process_title("forkserver")
    with socket.socket(fileno=int(sys.argv[1])) as control:
        preload(sys.argv[2:])
        serve(control)


if __name__ == "__main__":
    main()
