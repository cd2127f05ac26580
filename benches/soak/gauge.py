#!/usr/bin/env python3
"""Stands between a sender and its server and notes when each request arrives: a process of its own, so that what else a bench does at
that moment does not make arrivals look as if they came together. Prints its port; on SIGTERM writes {number: [seconds, ...]}.

usage: benches/soak/gauge.py SERVER_PORT FILE
"""

import asyncio
import json
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
    except OSError:
        pass
    finally:
        writer.close()


async def main():
    port, file = int(sys.argv[1]), pathlib.Path(sys.argv[2])

    async def connection(reader, writer):
        there = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pass_on(reader, there[1], True), pass_on(there[0], writer, False))

    server = await asyncio.start_server(connection, "127.0.0.1", 0, backlog=2048)
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    print(server.sockets[0].getsockname()[1], flush=True)
    await over.wait()
    file.write_text(json.dumps(ARRIVALS))


asyncio.run(main())
