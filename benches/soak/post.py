"""A mail server of moods: it is slow, refuses for now or for good, greets and hangs up, takes a mail and is gone before it
says so, and shuts its door for a while. It remembers every mail that it took."""

import email.parser
import hashlib
import random
import socketserver
import threading
import time

# Of a hundred conversations so many, each.
MOODS = {"busy": 6, "hangs up": 6, "slow": 6, "put off": 8, "data put off": 5, "lost": 5, "lost late": 2}


class Post(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True

    def __init__(self, refused, seed):
        super().__init__(("127.0.0.1", 0), Conversation)
        self.port, self.refused, self.chance = self.server_address[1], refused, random.Random(seed)
        self.is_open, self.is_kind, self.lock = True, False, threading.Lock()
        # By Message-ID: to whom, what it was, whether that was said, and when.
        self.taken, self.moods = {}, {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """A client that is killed in the middle is part of the test."""

    def mood(self):
        with self.lock:
            draw, mood = self.chance.uniform(0, 100), "well"
            for name, share in MOODS.items():
                if 0 <= draw < share:
                    mood = name
                draw -= share
            mood = "well" if self.is_kind else mood if self.is_open else "shut"
            self.moods[mood] = self.moods.get(mood, 0) + 1
            return mood

    def take(self, to, mail, is_said):
        message = email.parser.BytesHeaderParser().parsebytes(mail)
        with self.lock:
            copies = self.taken.setdefault(message["message-id"], [])
            copies.append({"to": to, "hash": hashlib.sha256(mail).hexdigest(), "said": is_said, "at": time.monotonic()})


class Conversation(socketserver.StreamRequestHandler):
    timeout = 30

    def say(self, line):
        if self.mood == "slow":
            time.sleep(0.3)
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.mood, to = self.server.mood(), ""
        if self.mood in ("shut", "busy"):
            return self.say("421 4.3.2 come again later") if self.mood == "busy" else None
        self.say("220 post.test ESMTP")
        if self.mood == "hangs up":
            return None
        while line := self.rfile.readline():
            verb = line.split(b":")[0].split()[0].upper() if line.split() else b""
            if verb == b"QUIT":
                return self.say("221 2.0.0 bye")
            if verb == b"RCPT":
                to = line.split(b"<")[1].split(b">")[0].decode()
                if to in self.server.refused:
                    self.say("550 5.1.1 nobody of that name")
                elif self.mood == "put off":
                    self.say("451 4.3.0 not now")
                else:
                    self.say("250 2.1.5 ok")
            elif verb == b"DATA":
                if not self.data(to):
                    return None
            else:
                self.say("250 2.0.0 ok")
        return None

    def data(self, to):
        """Whether the conversation goes on after it."""
        self.say("354 go ahead")
        mail = bytearray()
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return False
            mail += line
        if self.mood == "data put off":
            self.say("452 4.2.2 no room now")
            return True
        is_lost = self.mood in ("lost", "lost late")
        self.server.take(to, bytes(mail), not is_lost)
        if is_lost:
            time.sleep(1.5 if self.mood == "lost late" else 0)
            return False
        self.say("250 2.6.0 taken")
        return True
