"""Senders that behave as Meta does: signed bodies, sent again until they are acknowledged, and a log of what was."""

import hashlib
import hmac
import http.client
import json
import pathlib
import sqlite3
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

CUSTOMERS = 500


def envelope(changes):
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "100", "changes": changes}]},
                      separators=(",", ":")).encode()


def change(field, **value):
    frame = {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "551140000001", "phone_number_id": "201"}}
    return {"field": field, "value": frame | value}


def text(number, begun):
    """One customer's message."""
    customer = number % CUSTOMERS
    phone = f"55119{10_000_000 + customer}"
    message = {"from": phone, "id": f"wamid.{number:012d}", "timestamp": str(begun + number // 1000), "type": "text",
               "text": {"body": f"mensagem {number}"}}
    card = {"profile": {"name": f"Cliente {customer}"}, "wa_id": phone}
    return envelope([change("messages", contacts=[card], messages=[message])])


class Sender(threading.Thread):
    """Sends one body after the other, each until it is acknowledged."""

    def __init__(self, port, bodies):
        super().__init__(daemon=True)
        self.port, self.bodies, self.stopped = port, bodies, threading.Event()
        self.acknowledged, self.answers, self.connection = [], {}, None
        self.last_ok = time.monotonic()

    def run(self):
        for name, body in self.bodies:
            while not self.stopped.is_set():
                status = self._send(body)
                self.answers[status] = self.answers.get(status, 0) + 1
                if status == 200:
                    self.acknowledged.append(name)
                    self.last_ok = time.monotonic()
                    break
                time.sleep(0.02)
            if self.stopped.is_set():
                return

    def _send(self, body):
        """The status; 0 when there was no answer, and nobody can say what became of it."""
        signature = hmac.new(b"bench secret", body, hashlib.sha256).hexdigest()
        headers = {"content-type": "application/json", "x-hub-signature-256": f"sha256={signature}"}
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            self.connection.request("POST", "/webhooks/whatsapp/bench", body, headers)
            answer = self.connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            self.connection = None
            return 0


def in_turn(senders, place, begun):
    """A sender's own share of an endless row of messages."""
    number = place
    while True:
        yield f"wamid.{number:012d}", text(number, begun)
        number += senders


def all_answers(senders):
    total = {}
    for sender in senders:
        for status, count in sender.answers.items():
            total[status] = total.get(status, 0) + count
    return total


class Books:
    """What the database says."""

    def __init__(self, home, server=None, name=None):
        self.home, self.server, self.name = home, server, name

    def ask(self, sql):
        """Rows of text."""
        if self.server:
            rows = self.server.psql(self.name, f"COPY ({sql}) TO STDOUT WITH (DELIMITER E'\\x01', NULL '')")
            return [tuple(row.split("\x01")) for row in rows.splitlines()]
        with sqlite3.connect(f"file:{self.home}/portaria.db?mode=ro", uri=True, timeout=30) as database:
            return [tuple("" if cell is None else str(cell) for cell in row) for row in database.execute(sql)]

    def number(self, sql):
        return int(self.ask(sql)[0][0] or 0)

    def wait_until_worked_through(self, seconds=600):
        began = time.monotonic()
        while self.number("SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'pending'"):
            if time.monotonic() - began > seconds:
                raise SystemExit("deliveries are still pending")
            time.sleep(0.2)

    def judge(self, acknowledged):
        """Says what is wrong: lost, doubled, set aside, or counted twice."""
        stored = [row[0] for row in self.ask("SELECT whatsapp_id FROM messages")]
        faults = {
            "lost": len(set(acknowledged) - set(stored)),
            "doubled": len(stored) - len(set(stored)),
            "dead": self.number("SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'dead'"),
            "unread beside": self.number("SELECT SUM(unread_count) FROM conversations") - len(stored),
            "events beside": self.number("SELECT COUNT(*) FROM events WHERE kind = 'message_received'") - len(stored),
            "split conversations": self.number("SELECT COUNT(*) FROM conversations") - min(CUSTOMERS, len(stored)),
        }
        return faults, len(stored)
