"""UmaDB: its server and its Python client are both in the package umadb.

    umadb_rival.py SECONDS FOLDER PAYLOAD

The server's defaults are kept: it answers an append after fdatasync, and appends that arrive together share one. That a
stream is new is checked by a condition that no event bears its tag. Each thread has a client, faster than one for all.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.metadata import version
from uuid import uuid4

from umadb import AppendCondition, Client, Event, Query, QueryItem

import load


@contextmanager
def server(folder):
    """A server for the time of the block, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    os.makedirs(folder)
    program = os.path.join(os.path.dirname(sys.executable), "umadb")
    arguments = [program, "--listen", address, "--db-path", os.path.join(folder, "uma.db")]
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    try:
        wait_until_ready(process, f"http://{address}")
        yield f"http://{address}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def wait_until_ready(process, url):
    deadline = time.monotonic() + 20
    while True:
        try:
            Client(url).head()
            return
        except Exception:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def appending(url, payload):
    """What one thread calls."""
    client = Client(url)

    def append():
        stream = f"account-{uuid4()}"
        is_new = AppendCondition(Query([QueryItem(tags=[stream])]))
        client.append([Event("account.received", payload, tags=[stream], uuid=uuid4())], is_new)

    return append


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    seconds, folder, payload = int(sys.argv[1]), sys.argv[2], sys.argv[3].encode()
    print(f"# umadb {version('umadb')}, fdatasync before it answers, appends that arrive together share one")
    with server(folder) as url:
        for callers in (1, 16, 64):
            load.append(seconds, [lambda: appending(url, payload)] * callers)
        client = Client(url)  # kept: a client that is gone cancels its reads
        client.head()  # opens the connection
        load.read(found.event.data for found in client.read())


main()
