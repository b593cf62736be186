"""One end of a session in another language: the end that dials, over TCP.

The format is in src/transport/wrap/session/README.md. Standard library only. A socket is
lost, another one is dialled, and each byte arrives once and in order, or `why` says how it
ended. Nothing waits: `lines` does what this frame can do.
"""
import errno
import os
import random
import socket
import struct
import time

MAGIC, NEW, RESUME, WELCOME, REFUSED = b"TWS\x01", 1, 2, 3, 4
DATA, ACK, PING, PONG, ECHO, FIN, BYE, RESET = range(1, 9)
REFUSALS = ("unknown", "expired", "overflow", "elsewhere", "ended", "aborted", "not allowed", "full", "version")
PING_S, DEAD_S, DIAL_S, WINDOW_S, LINGER_S = 1, 5, 5, 30, 0.5
ACK_BYTES, KEPT_BYTES, BATCH_BYTES, LONGEST_LINE, FOR_EVER = 65536, 1 << 20, 16384, 65536, 0xFFFFFFFF

LEFT = "this side closed the connection"


class Short(Exception):
    """The rest has not come yet, the usual case."""


class Cursor:
    """Reads the front of some bytes; a ValueError is the peer's fault."""

    def __init__(self, came):
        self.came, self.at = came, 0

    def bytes(self, size):
        self.at += size
        if self.at > len(self.came):
            raise Short
        return bytes(self.came[self.at - size : self.at])

    def number(self, kind):
        return struct.unpack("<" + kind, self.bytes(struct.calcsize("<" + kind)))[0]

    def text(self, longest=255):
        size = self.number("B")
        if size > longest:
            raise ValueError("a text of %d bytes" % size)
        return self.bytes(size).decode()  # a UnicodeDecodeError is a ValueError

    def varint(self):
        value = 0
        for shift in range(0, 35, 7):
            byte = self.number("B")
            value |= (byte & 0x7F) << shift
            if byte < 0x80 and (byte > 0 or shift == 0) and value <= 0xFFFFFFFF:
                return value
            if byte < 0x80:
                break
        raise ValueError("a number that is too long")


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


class Session:
    """A link of the cube that outlives its sockets. `say` is told what happens to it."""

    def __init__(self, address, name, say):
        self.address, self.name, self.say = address, name, say
        self.key, self.token, self.epoch, self.gateway = os.urandom(8), os.urandom(16), 0, ""
        self.opened, self.why, self.over = False, None, None
        # This side's stream, as positions in it: [acked, written) is kept, [0, sent) was given to this socket.
        self.kept, self.acked, self.written, self.sent, self.most_sent = bytearray(), 0, 0, 0, 0
        self.goodbye = None  # (code, text): counts as one byte behind what was written
        # The peer's stream.
        self.received, self.told, self.has_ended, self.half = 0, 0, False, b""
        self.sock, self.stage, self.tries, self.pings = None, "down", 0, 0
        self.out, self.came, self.data_left, self.broken = bytearray(), bytearray(), 0, None
        self.now, self.seen = 0.0, time.monotonic()
        self.due = self.lost_at = self.since = self.heard_at = self.ping_at = 0.0
        self.window, self.ack_bytes, self.lost_by = WINDOW_S, ACK_BYTES, "nobody answered"

    # What the game calls.

    def lines(self):
        """This frame's lines; none when nothing came, the usual case."""
        seen = time.monotonic()
        self.now += min(1, seen - self.seen)  # who was stopped for a minute has not waited for one
        self.seen = seen
        got = b""
        try:
            got = self.step()
        except ValueError as error:  # what the peer sent is no frame
            if self.stage == "up":
                self.frame(RESET)
                self.flush()
            self.finish("the peer breaks the rules of sessions: %s" % error)
        *whole, self.half = (self.half + got).split(b"\n")
        if len(self.half) > LONGEST_LINE:
            self.close(1000, "a line without an end")
        return [line.decode("utf-8", "replace") for line in whole]

    def send(self, line):
        """Keeps a line until the peer has it, however many sockets that takes."""
        if self.why or self.over or self.goodbye or self.has_ended:
            return
        data = line.encode() + b"\n"
        if len(self.kept) + len(data) > KEPT_BYTES:
            self.finish("the peer does not read")
            return
        self.kept += data
        self.written += len(data)
        self.push()

    def close(self, code=0, text=""):
        """Ends the session behind what was sent; `why` says when the peer knows."""
        if not self.opened:
            self.finish(LEFT)
        elif not self.goodbye:
            self.goodbye = (code, text)
            self.push()

    # One frame.

    def step(self):
        if self.why is None and self.stage == "down" and self.now >= self.due:
            self.dial()
        if self.stage == "dialling":
            self.look()
        got = self.read() if self.stage in ("hello", "up") else b""
        if self.broken and self.sock is not None:
            self.lose(self.broken)
        if self.why is None:
            self.keep_alive()
        return got

    def keep_alive(self):
        if self.over and (self.stage == "down" or self.now >= self.since + LINGER_S):
            self.finish(self.over)
        elif self.stage == "up" and not self.over:
            if self.now >= self.heard_at + DEAD_S:
                self.lose("the line was silent for too long")
                return
            if self.now >= self.ping_at:
                self.ping_at = self.now + PING_S
                self.frame(PING, bytes([self.pings % 256]))
                self.pings += 1
            if self.received - self.told >= self.ack_bytes:
                self.frame(ACK)
            self.push()
        elif self.stage in ("dialling", "hello") and self.now >= self.since + DIAL_S:
            self.lose("the peer did not answer as a session does; does it listen with session()?")
        if self.why is None and self.stage != "up" and self.now >= self.lost_at + self.window:
            self.finish("the session was not resumed in time: %s" % self.lost_by)

    # Sockets.

    def dial(self):
        self.stage, self.since = "dialling", self.now
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.setblocking(False)
        self.out, self.came, self.data_left, self.broken = bytearray(), bytearray(), 0, None
        try:
            self.sock.connect(self.address)
        except BlockingIOError:  # it is under way
            pass
        except OSError as error:
            self.lose(words_of(error))

    def look(self):
        """Says hello once the socket is connected."""
        try:
            code = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
            self.sock.getpeername()
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            if error.errno != errno.ENOTCONN:  # which it is not yet
                self.lose(words_of(error))
            return
        self.epoch += 1
        self.stage = "hello"
        kind = bytes([RESUME if self.opened else NEW])
        gateway = self.gateway.encode()
        numbers = struct.pack("<IQIB", self.epoch, self.received, ACK_BYTES, len(gateway))
        self.out += MAGIC + kind + self.key + self.token + numbers + gateway
        self.flush()

    def read(self):
        """The bytes of the peer's stream that have come."""
        got = bytearray()
        while self.sock is not None:
            try:
                data = self.sock.recv(65536)
            except BlockingIOError:  # nothing more in this frame
                break
            except OSError as error:
                self.lose(words_of(error))
                break
            if not data:
                self.lose("the peer closed the line")
                break
            self.heard_at = self.now
            if self.over is None:
                self.came += data
                self.parse(got)
        return bytes(got)

    def lose(self, reason):
        """The socket is of no use any more: the next one is dialled after a while, drawn from a range that doubles."""
        if self.sock is not None:
            self.sock.close()
        was, self.sock, self.stage = self.stage, None, "down"
        if self.over:
            self.finish(self.over)
        elif self.epoch == 0:  # nobody was ever there: that is no session
            self.finish(reason)
        else:
            self.lost_by = reason
            if was == "up":
                self.lost_at = self.now
                self.say("link held %s: %s" % (self.name, reason))
            self.due = self.now + (random.uniform(0, min(5, 0.1 * 2 ** (self.tries - 1))) if self.tries else 0)
            self.tries = min(self.tries + 1, 10)

    def finish(self, reason):
        if self.why is None:
            self.why = reason
        if self.sock is not None:
            self.sock.close()
        self.sock, self.stage = None, "down"

    def leave(self, reason):
        """Both ends know that it is over: ends the line in order, and waits a little for the peer's end."""
        self.over, self.since = reason, self.now
        self.flush()
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    # What is sent.

    def push(self):
        """Gives the socket what it has not had, unless it is behind."""
        if self.stage != "up" or self.over:
            return
        while self.sent < self.written and len(self.out) < BATCH_BYTES:
            at = self.sent - self.acked
            piece = bytes(self.kept[at : at + BATCH_BYTES])
            self.sent += len(piece)
            self.frame(DATA, varint(len(piece)) + piece)
        if self.goodbye and self.sent == self.written:
            code, text = self.goodbye
            self.sent += 1
            self.frame(BYE, struct.pack("<HB", code, len(text.encode())) + text.encode())
        self.most_sent = max(self.most_sent, self.sent)
        self.flush()

    def frame(self, kind, body=b""):
        self.out += bytes([kind]) + varint(self.received - self.told) + body
        self.told = self.received

    def flush(self):
        try:
            while self.out and not self.broken:
                del self.out[: self.sock.send(self.out)]
        except BlockingIOError:  # the rest goes in a later frame
            pass
        except OSError as error:
            self.broken = words_of(error)  # what came before it is still read

    # What is received.

    def parse(self, got):
        while self.why is None and self.over is None and self.stage != "down":
            if self.data_left:
                piece = self.came[: self.data_left]
                if not piece:
                    return
                del self.came[: len(piece)]
                self.data_left -= len(piece)
                self.received += len(piece)  # as they come: the line may break within the frame
                self.tries = 0  # the line was good for something
                if not self.goodbye:
                    got += piece
                continue
            cursor = Cursor(self.came)
            try:
                act = self.greeted(cursor) if self.stage == "hello" else self.framed(cursor)
            except Short:
                return
            del self.came[: cursor.at]
            act()

    def greeted(self, cursor):
        """Reads the answer to the hello, and returns what is to be done."""
        magic, kind = cursor.bytes(len(MAGIC)), cursor.number("B")
        if magic != MAGIC or kind not in (WELCOME, REFUSED):
            raise ValueError("the answer is none; does it listen with session()?")
        if kind == WELCOME:
            facts = (cursor.number("Q"), cursor.number("I"), cursor.number("I"), cursor.text())
            return lambda: self.welcome(*facts)
        why, code, text = cursor.number("B"), cursor.number("H"), cursor.text(123)
        if not 1 <= why <= len(REFUSALS):
            raise ValueError("a refusal of kind %d" % why)
        if REFUSALS[why - 1] == "ended":
            return lambda: self.finish(LEFT if self.goodbye else goodbye_words(code, text))
        return lambda: self.finish("the session was refused: %s" % REFUSALS[why - 1])

    def welcome(self, received, ack_bytes, window_ms, gateway):
        if not self.acked <= received <= self.most_sent or ack_bytes == 0:
            self.finish("the two ends of the session do not fit together")
            return
        self.take_acked(received - self.acked)
        self.sent, self.told = received, self.received
        self.ack_bytes, self.gateway = min(ack_bytes, ACK_BYTES), gateway
        self.window = WINDOW_S if window_ms == FOR_EVER else min(WINDOW_S, window_ms / 1000)
        self.stage, self.since, self.ping_at = "up", self.now, self.now
        self.say("link %s %s" % ("resumed" if self.opened else "up", self.name))
        self.opened = True
        if self.goodbye and self.acked > self.written:
            self.leave(LEFT)
        self.push()

    def framed(self, cursor):
        """Reads a frame, or the head of one with data, and returns what is to be done."""
        kind, taken = cursor.number("B"), cursor.varint()
        if not DATA <= kind <= RESET:
            raise ValueError("a frame of type %d" % kind)
        body = ()
        if kind == DATA:
            body = (cursor.varint(),)
        elif kind in (PING, ECHO):
            body = (cursor.number("B"),)
        elif kind == PONG:
            body = (cursor.number("B"), cursor.number("d"))
        elif kind == BYE:
            body = (cursor.number("H"), cursor.text(123))
        return lambda: self.take(kind, taken, *body)

    def take(self, kind, taken, *body):
        if self.acked + taken > self.sent:
            raise ValueError("it has taken more than was sent")
        if self.has_ended and kind in (DATA, FIN):
            raise ValueError("something behind the end of its stream")
        self.take_acked(taken)
        if kind == DATA:
            if body[0] == 0:
                raise ValueError("a frame of data without data")
            self.data_left = body[0]
        elif kind == PING:  # a program that reads in its frames alone answers both in one
            self.frame(PONG, struct.pack("<Bd", body[0], time.monotonic() * 1000))
            self.frame(ECHO, bytes(body))
        elif kind in (FIN, BYE):
            self.received += 1
            self.has_ended = True
            self.frame(ACK)
            if kind == BYE:
                self.leave(goodbye_words(*body))
            else:  # the cube has nothing to say to a peer that says nothing more
                self.close()
        elif kind == RESET:
            self.finish("the peer aborted the session")
        if self.goodbye and self.acked > self.written and self.over is None and self.why is None:
            self.leave(LEFT)

    def take_acked(self, size):
        if size:
            self.tries = 0
        self.acked += size
        del self.kept[:size]  # which is less than `size` by one when the goodbye is among it


def goodbye_words(code, text):
    return "the peer closed the connection" + (' (%d) "%s"' % (code, text) if code or text else "")


def words_of(error):
    return error.strerror or str(error)
