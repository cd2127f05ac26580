#!/usr/bin/env python3
"""Stands between a sender and its server and notes when each request arrives: a process of its own, so that what else a bench does at
that moment does not make arrivals look as if they came together. Prints its port; on SIGTERM writes {number: [seconds, ...]}.

usage: benches/soak/gauge.py SERVER_PORT FILE
"""

import asyncio
import json
import os
import pathlib
import re
import signal
import sys
import time

ARRIVALS, HEAD = {}, re.compile(rb"POST /[^/ ]*/(\d+)/messages ")


async def pass_on(reader, writer, note):
    try:
        while chunk := await reader.read(65536):
            if note:
                now = time.monotonic()
                for number in HEAD.findall(chunk):
                    ARRIVALS.setdefault(number.decode(), []).append(now)
            writer.write(chunk)
            await writer.drain()
    except (OSError, asyncio.CancelledError):
        pass
    finally:
        writer.close()


async def main():
    port, file = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    try:
        # Before all that it measures, where one may: a clock that is late itself sees what is late come together.
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except (AttributeError, OSError):
        print("the gauge has no precedence: it may see more in a second than there were", file=sys.stderr)

    async def connection(reader, writer):
        there = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pass_on(reader, there[1], True), pass_on(there[0], writer, False), return_exceptions=True)

    server = await asyncio.start_server(connection, "127.0.0.1", 0, backlog=2048)
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    print(server.sockets[0].getsockname()[1], flush=True)
    await over.wait()
    file.write_text(json.dumps(ARRIVALS))


asyncio.run(main())
