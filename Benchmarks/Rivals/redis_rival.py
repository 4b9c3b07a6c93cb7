"""Redis streams: Debian's redis-server with its append-only file synced before each answer, loaded by redis-benchmark.

    redis_rival.py SECONDS FOLDER BYTES

redis-benchmark is a C program and cheaper than any library would be. Batches are pipelines of 100 commands.
"""

import os
import re
import subprocess
import sys
import time


def run(seconds, folder, size):
    os.makedirs(folder)
    socket = os.path.join(folder, "redis.sock")
    server = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", socket, "--dir", folder, "--appendonly", "yes",
         "--appendfsync", "always", "--save", "", "--loglevel", "warning"],
        stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while not os.path.exists(socket) and time.monotonic() < deadline:
            time.sleep(0.05)
        version = subprocess.run(["redis-server", "--version"], check=True, capture_output=True, text=True).stdout
        print("#", version.split(" sha=")[0].strip(), "appendfsync always", flush=True)
        produce("produce-single", socket, 20_000 * seconds, 1, size)
        produce("produce-batch", socket, 100_000 * seconds, 100, size)
    finally:
        server.terminate()
        server.wait()


def produce(name, socket, count, pipeline, size):
    began = time.monotonic()
    text = subprocess.run(
        ["redis-benchmark", "-s", socket, "-c", "16", "-P", str(pipeline), "-n", str(count), "-q",
         "XADD", "bench", "*", "key", "key-1", "value", "x" * size],
        check=True, capture_output=True, text=True).stdout
    rates = re.findall(r"([0-9.]+) requests per second", text)
    if not rates:
        raise ValueError(f"expected a rate, found {text!r} after {time.monotonic() - began:.1f} s")
    print(name, count, f"{count / float(rates[-1]):.6f}", flush=True)


run(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
