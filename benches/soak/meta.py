"""A stand-in for Meta that takes messages, and does worse when it is told to; and a queue that is filled beside the API."""

import asyncio
import atexit
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import random
import sqlite3
import sys
import threading
import time
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
SECRET = b"bench secret"


def new_id():
    """A UUID of version 7."""
    millis = time.time_ns() // 1_000_000
    value = millis << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 7 << 76
    return uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def text_of(prefix, one):
    """How the API writes an id."""
    return prefix + "_" + "".join(ALPHABET[one.int >> 5 * place & 31] for place in range(25, -1, -1))


class Meta(threading.Thread):
    """Answers the Cloud API on loopback. `fate(request)` says what becomes of each message: `take`, `cut` (taken, and not
    answered), `drop` (not taken, and not answered), `garbage` (taken, answered with nonsense), or a status and a code."""

    def __init__(self, portaria_port, fate=lambda chance: "take", latency=lambda chance: 0.02, statuses=("sent", "delivered"), seed=1):
        super().__init__(daemon=True)
        self.portaria_port, self.fate, self.latency, self.statuses = portaria_port, fate, latency, statuses
        self.chance, self.ready = random.Random(seed), threading.Event()
        self.requests, self.taken, self.begun, self.by_pair, self.fates = 0, {}, {}, {}, {}
        self.told, self.stopped, self.owed = 0, threading.Event(), []
        self.lock = threading.Lock()

    def run(self):
        asyncio.run(self._serve())

    async def _serve(self):
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0, backlog=2048)
        self.port = server.sockets[0].getsockname()[1]
        threading.Thread(target=self._tell, daemon=True).start()
        self.ready.set()
        async with server:
            await server.serve_forever()

    async def _connection(self, reader, writer):
        try:
            while await self._exchange(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
        body = json.loads(await reader.readexactly(length))
        number = first.split(" ")[1].split("/")[2]
        fate, given = self._judge(number, body)
        await asyncio.sleep(self.latency(self.chance))
        if fate in ("cut", "drop"):
            return False
        extra = ""
        if fate == "take":
            status, answer = 200, {"messaging_product": "whatsapp", "contacts": [{"input": "1", "wa_id": "1"}], "messages": [{"id": given}]}
        elif fate == "garbage":
            status, answer = 200, "<html>"
        else:
            status, code = fate
            answer = {"error": {"message": f"(#{code})", "type": "OAuthException", "code": code, "fbtrace_id": "A1"}}
            extra = "retry-after: 1\r\n" if status == 429 else ""
        payload = answer if isinstance(answer, str) else json.dumps(answer)
        writer.write(f"HTTP/1.1 {status} X\r\n{extra}content-length: {len(payload)}\r\n\r\n{payload}".encode())
        await writer.drain()
        return True

    def _judge(self, number, body):
        with self.lock:
            now, callback = time.time(), body.get("biz_opaque_callback_data")
            self.requests += 1
            fate = self.fate(self.chance)
            self.fates[str(fate)] = self.fates.get(str(fate), 0) + 1
            self.begun.setdefault(number, []).append(now)
            self.by_pair.setdefault((number, body.get("to")), []).append(now)
            given = f"wamid.B{self.requests:09d}"
            if fate in ("take", "cut", "garbage"):
                self.taken.setdefault(callback, []).append(given)
                self.owed.append((number, given, callback, body.get("to", "").lstrip("+")))
            return fate, given

    def _tell(self):
        """Delivers statuses, many in one body, each until it is acknowledged."""
        while not self.stopped.is_set():
            with self.lock:
                owed, self.owed = self.owed[:200], self.owed[200:]
            if not owed:
                time.sleep(0.05)
                continue
            body = self._statuses(owed)
            while not self.stopped.is_set() and not self._deliver(body):
                time.sleep(0.05)
            self.told += len(owed)

    def _statuses(self, owed):
        changes = []
        for number in sorted({number for number, *_ in owed}):
            now = str(int(time.time()))
            statuses = [
                {"id": given, "status": status, "timestamp": now, "recipient_id": to, "biz_opaque_callback_data": callback}
                for of, given, callback, to in owed if of == number for status in self.statuses
            ]
            metadata = {"display_phone_number": "551140000001", "phone_number_id": number}
            value = {"messaging_product": "whatsapp", "metadata": metadata, "statuses": statuses}
            changes.append({"field": "messages", "value": value})
        return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "100", "changes": changes}]}).encode()

    def _deliver(self, body):
        signature = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={signature}"}
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.portaria_port, timeout=20)
            connection.request("POST", "/webhooks/whatsapp/bench", body, headers)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

    def doubled(self):
        return sum(len(given) > 1 for given in self.taken.values())

    def most_within(self, seconds, times):
        """The most requests in any so many seconds."""
        most, first = 0, 0
        for place, at in enumerate(times):
            while at - times[first] >= seconds:
                first += 1
            most = max(most, place - first + 1)
        return most


class Queue:
    """Customers, conversations, and messages to be sent, written as the API writes them."""

    def __init__(self, home, books):
        self.home, self.books = home, books
        ids = books.ask("SELECT " + ("id, workspace_id" if books.server else "hex(id), hex(workspace_id)") + " FROM channels ORDER BY phone_number_id")
        self.workspace = uuid.UUID(ids[0][1])
        self.channels = [uuid.UUID(channel) for channel, _ in ids]
        self.author = uuid.UUID(books.ask("SELECT " + ("id" if books.server else "hex(id)") + " FROM members ORDER BY id LIMIT 1")[0][0])
        self.conversations = {channel: [] for channel in self.channels}
        self.written = []

    def literal(self, one):
        return f"'{one}'" if self.books.server else f"x'{one.hex}'"

    def execute(self, statements):
        sql = "BEGIN;" + "".join(statements) + "COMMIT;"
        if self.books.server:
            return self.books.server.psql(self.books.name, sql)
        database = sqlite3.connect(f"{self.home}/portaria.db", timeout=60, isolation_level=None)
        try:
            database.executescript(sql.replace("BEGIN;", "BEGIN IMMEDIATE;", 1))
        finally:
            database.close()

    def add_customers(self, each):
        now, statements = time.time_ns() // 1000, []
        workspace = self.literal(self.workspace)
        for place, channel in enumerate(self.channels):
            for number in range(each):
                contact, identity, conversation = new_id(), new_id(), new_id()
                phone = f"5511{place}{number:07d}"
                statements.append(f"INSERT INTO contacts (workspace_id, id, name, created_at, updated_at) VALUES ({workspace}, {self.literal(contact)}, 'Ana', {now}, {now});")
                statements.append(
                    "INSERT INTO contact_identities (workspace_id, id, contact_id, kind, portfolio, value, created_at, last_seen_at) "
                    f"VALUES ({workspace}, {self.literal(identity)}, {self.literal(contact)}, 'phone', '', '{phone}', {now}, {now});")
                statements.append(
                    "INSERT INTO conversations (workspace_id, id, contact_id, channel_id, status, last_activity_at, last_inbound_at, unread_count, created_at) "
                    f"VALUES ({workspace}, {self.literal(conversation)}, {self.literal(contact)}, {self.literal(channel)}, 'resolved', {now}, {now}, 0, {now});")
                self.conversations[channel].append(conversation)
        self.execute(statements)

    def write(self, count, channel=0):
        """So many messages from a number, to its customers in turn."""
        channel, workspace, statements = self.channels[channel], self.literal(self.workspace), []
        payload = json.dumps({"type": "text", "text": {"body": "oi", "preview_url": False}})
        for _ in range(count):
            now, one = time.time_ns() // 1000, new_id()
            while self.written and one <= self.written[-1]:
                one = new_id()
            in_line = self.conversations[channel]
            conversation = in_line.pop(0)
            in_line.append(conversation)
            place = f"{workspace}, {self.literal(one)}, {self.literal(conversation)}, {self.literal(channel)}"
            statements.append(
                "INSERT INTO messages (workspace_id, id, conversation_id, channel_id, direction, whatsapp_id, kind, body, payload, author_id, sent_at, received_at, status, source, sending) "
                f"VALUES ({place}, 'outbound', '{text_of('msg', one)}', 'text', 'oi', '{payload}', {self.literal(self.author)}, {now}, {now}, 'none', 'live', 'queued');")
            empty = "''" if self.books.server else "x''"
            statements.append(
                "INSERT INTO outgoing_messages (workspace_id, message_id, conversation_id, channel_id, sender_id, idempotency_key, content_hash, category, state, attempts, next_attempt_at, created_at) "
                f"VALUES ({place}, {self.literal(self.author)}, '{one}', {empty}, 'service', 'queued', 0, {now}, {now});")
            self.written.append(one)
        self.execute(statements)

    def states(self):
        return {state: int(count) for state, count in self.books.ask("SELECT state, COUNT(*) FROM outgoing_messages GROUP BY state")}

    def wait_until_sent(self, seconds, also=()):
        """Until nothing waits or is under way any more, nor is in one of these states."""
        began = time.monotonic()
        while any(self.states().get(state) for state in ("queued", "sending", *also)):
            if time.monotonic() - began > seconds:
                raise SystemExit(f"messages are still waiting: {self.states()}")
            time.sleep(0.25)


def bench(program, home, on_server, server, stand, meta, numbers=2, **settings):
    """An installation whose numbers send to the stand-in."""
    home.mkdir()
    url = server.create("bench") if on_server else f"sqlite:{home}/portaria.db"
    portaria = stand.Portaria(program, home, url, **settings)
    portaria.found(numbers, "bench token")
    # Also when something goes wrong nothing is left running.
    atexit.register(lambda: portaria.process and portaria.process.kill())
    meta.portaria_port = portaria.port
    meta.start()
    meta.ready.wait()
    portaria.environment["PORTARIA_CLOUD_API__BASE_URL"] = f"http://127.0.0.1:{meta.port}"
    return portaria
