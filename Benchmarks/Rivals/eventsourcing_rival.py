"""The Python library eventsourcing on PostgreSQL: its application recorder, without its mapper and transcoder.

    eventsourcing_rival.py SECONDS DATABASE PAYLOAD

The recorder's defaults are kept: each insert locks the table, so that a reader meets the events in their order, and
commits durably by itself. That a stream is new is checked by the primary key of stream and version.
"""

import os
import sys
from importlib.metadata import version
from uuid import uuid4

from eventsourcing.persistence import InfrastructureFactory, StoredEvent
from eventsourcing.utils import Environment

import load

PAGE = 1000


def recorder_of(database, connections):
    """A recorder whose pool has a connection for each thread."""
    settings = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": database,
        "POSTGRES_HOST": os.environ.get("PGHOST", "localhost"),
        "POSTGRES_PORT": os.environ.get("PGPORT", "5432"),
        "POSTGRES_USER": os.environ.get("PGUSER", ""),
        "POSTGRES_PASSWORD": os.environ.get("PGPASSWORD", "none"),
        "POSTGRES_POOL_SIZE": str(connections),
        "POSTGRES_MAX_OVERFLOW": "0",
    }
    factory = InfrastructureFactory.construct(Environment(name="rival", env=settings))
    return factory, factory.application_recorder()


def all_events(recorder):
    last = 0
    while page := recorder.select_notifications(last, PAGE, inclusive_of_start=False):
        yield from page
        last = page[-1].id


def main():
    seconds, database, payload = int(sys.argv[1]), sys.argv[2], sys.argv[3].encode()
    print(f"# eventsourcing {version('eventsourcing')} on psycopg {version('psycopg')}, a durable commit an append")
    for callers in (1, 16, 64):
        factory, recorder = recorder_of(database, callers)

        def append():
            recorder.insert_events([StoredEvent(uuid4(), 1, "account.received", payload)])

        load.append(seconds, [lambda: append] * callers)
        factory.close()
    factory, recorder = recorder_of(database, 1)
    recorder.max_notification_id()  # opens the connection
    load.read(event.state for event in all_events(recorder))
    factory.close()


main()
