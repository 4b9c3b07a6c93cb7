"""NATS JetStream: Debian's nats-server with a stream in files, called through its Python client.

    nats_rival.py SECONDS FOLDER BYTES

Sixteen tasks publish and wait for the server's acknowledgement: one message at a time, then a hundred at once. Servers
from 2.10 are told to sync each message; older ones cannot be, and acknowledge what only the kernel has.
"""

import asyncio
import glob
import json
import os
import re
import subprocess
import sys
import time

import nats

PUBLISHERS = 16


async def run(seconds, folder, size):
    os.makedirs(folder)
    version = subprocess.run(["nats-server", "--version"], check=True, capture_output=True, text=True).stdout
    number = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    syncs = number >= (2, 10)
    config = os.path.join(folder, "nats.conf")
    with open(config, "w", encoding="utf-8") as file:
        sync = "sync_interval: always" if syncs else ""
        file.write(f'jetstream {{ store_dir: "{folder}" {sync} }}\n')
    server = subprocess.Popen(
        ["nats-server", "--config", config, "--addr", "127.0.0.1", "--port", "-1", "--ports_file_dir", folder],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        print("#", version.strip(), "every message synced" if syncs else "no sync before an answer", flush=True)
        client = await nats.connect(await address(folder))
        stream = client.jetstream(publish_async_max_pending=100_000)
        await stream.add_stream(name="bench", subjects=["bench.*"], storage="file")
        await produce("produce-single", stream, seconds, 1, size)
        await produce("produce-batch", stream, seconds, 100, size)
        await client.close()
    finally:
        server.terminate()
        server.wait()


async def address(folder):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for path in glob.glob(os.path.join(folder, "*.ports")):
            with open(path, encoding="utf-8") as file:
                return json.load(file)["nats"][0]
        await asyncio.sleep(0.05)
    raise TimeoutError("expected nats-server to say where it listens")


async def produce(name, stream, seconds, count, size):
    value = b"x" * size
    end = time.perf_counter() + seconds
    latencies = []

    async def publisher(number):
        subject = f"bench.{number}"
        while time.perf_counter() < end:
            began = time.perf_counter()
            if count == 1:
                await stream.publish(subject, value)
            else:
                futures = [await stream.publish_async(subject, value) for _ in range(count)]
                await asyncio.gather(*futures)
            latencies.append(time.perf_counter() - began)

    start = time.perf_counter()
    await asyncio.gather(*(publisher(number) for number in range(PUBLISHERS)))
    elapsed = time.perf_counter() - start
    latencies.sort()
    p50, p99 = latencies[len(latencies) // 2] * 1000, latencies[len(latencies) * 99 // 100] * 1000
    print(name, len(latencies) * count, f"{elapsed:.6f} {p50:.3f} {p99:.3f}", flush=True)


asyncio.run(run(int(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
