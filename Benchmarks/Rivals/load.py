"""Threads at work at the same time, and the lines that tell Martlet's bench what they did."""

import threading
import time


def append(seconds, call_makers):
    """Runs one thread a maker; each makes its call, tries it once untimed, and repeats it until the time is up."""
    count = len(call_makers)
    latencies = [[] for _ in range(count)]
    failures = []
    ready = threading.Barrier(count + 1)

    def work(number):
        try:
            call = call_makers[number]()
            call()
            ready.wait()
            end = time.perf_counter() + seconds
            began = time.perf_counter()
            while began < end:
                call()
                now = time.perf_counter()
                latencies[number].append(now - began)
                began = now
        except Exception as failure:
            failures.append(failure)
            ready.abort()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    try:
        ready.wait()
    except threading.BrokenBarrierError:
        pass
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - start
    if failures:
        raise failures[0]
    report(f"append-{count}", sorted(sum(latencies, [])), elapsed)


def report(name, latencies, elapsed):
    p50 = latencies[len(latencies) // 2] * 1000
    p99 = latencies[len(latencies) * 99 // 100] * 1000
    print(name, len(latencies), f"{elapsed:.6f} {p50:.3f} {p99:.3f}", flush=True)


def read(payloads):
    """Reads an iterable of the events' payloads to its end, and counts them."""
    start = time.perf_counter()
    count = 0
    for payload in payloads:
        if not payload:
            raise ValueError(f"expected a payload, found none after {count} events")
        count += 1
    print("read", count, f"{time.perf_counter() - start:.6f}", flush=True)
