"""A peer of the cube in another language, to show that the protocol is real.

    python3 python_peer.py mirror|mover [--connect HOST:PORT [--session] | --listen HOST:PORT]

Standard library only; the protocol is described in demo/cube/shared/wire.ts, and a session
to connect with is in python_session.py. A socket
that has nothing for this frame says so by an exception: compare each `except
BlockingIOError` with `tryRecv() === undefined`.
"""
import argparse
import math
import signal
import socket
import time

from python_session import Session

RATE_HZ, REACH, RETRY_S, LONGEST_LINE, LEAVE_S = 60, 10, 0.5, 65536, 2


class Link:
    opened = True  # as it was connected when it began

    def __init__(self, sock):
        sock.setblocking(False)
        self.sock, self.half, self.why, self.name = sock, b"", None, words(sock.getpeername())

    def lines(self):
        """This frame's lines; none when nothing came, the usual case."""
        while self.why is None:
            try:
                data = self.sock.recv(65536)
            except BlockingIOError:  # nothing more in this frame
                return
            except OSError as error:
                self.why = error.strerror
                return
            *whole, self.half = (self.half + data).split(b"\n")
            if not data or len(self.half) > LONGEST_LINE:
                self.why = "a line without an end" if data else "the peer closed the connection"
            yield from (line.decode("utf-8", "replace") for line in whole)

    def send(self, line):
        try:
            self.sock.sendall(line.encode() + b"\n")
        except BlockingIOError:  # the system holds all it can
            self.why = "the peer does not read"
        except OSError as error:
            self.why = error.strerror

    def close(self, *_goodbye):  # which TCP has no place for
        self.why = "this side closed the connection"
        self.sock.close()


class Peer:
    def __init__(self, options):
        self.options, self.links, self.tick, self.listener = options, [], 0, None
        self.place, self.known = (0.0, 0.0, 0.0), False
        self.joined = self.retry_at = 0.0
        self.leaving = False
        if options.listen:
            family = socket.AF_INET6 if ":" in options.listen[0] else socket.AF_INET
            self.listener = socket.create_server(options.listen, family=family)
            self.listener.setblocking(False)
            say("link listening", words(self.listener.getsockname()))

    def frame(self, now):
        self.tick += 1
        self.meet(now)
        for link in list(self.links):
            for line in link.lines():
                self.receive(line, link, now)
            if link.why is not None:
                say("link down %s: %s" % (link.name, link.why))
                self.links.remove(link)
                link.close()
                if self.options.session:
                    self.retry_at = now + RETRY_S
        if not all(link.opened for link in self.links):
            self.joined = now
        elif self.options.role == "mover" and self.links and not self.leaving:
            self.drive(now)

    def meet(self, now):
        try:
            if self.leaving:
                return
            if self.listener:
                self.join(Link(self.listener.accept()[0]), now)
            elif self.options.session:
                if not self.links and now >= self.retry_at:
                    self.links.append(Session(self.options.connect, words(self.options.connect), say))
            elif not self.links and now >= self.retry_at:  # this one call waits, up to two seconds
                self.join(Link(socket.create_connection(self.options.connect, timeout=2)), now)
        except BlockingIOError:  # no connection waits
            pass
        except OSError as error:
            say("link down %s: %s\nlink retry in %d ms" % (words(self.options.connect), error, RETRY_S * 1000))
            self.retry_at = now + RETRY_S

    def join(self, link, now):
        say("link up", link.name)
        self.links.append(link)
        self.joined = now
        if self.listener and self.known:
            link.send(self.line())

    def receive(self, line, link, now):
        word, *parts = line.split() or [""]
        try:
            if word == "cube":
                x, y, z = map(float, parts)
                if not all(abs(value) <= REACH for value in (x, y, z)):  # nan is not, either
                    raise ValueError("cube: out of the world")
                self.move((x, y, z))
                for other in self.links:
                    if other is not link:
                        other.send(self.line())
            elif word == "ping":
                link.send("pong %d" % int(parts[0]))
            elif word not in ("pong", "error"):
                raise ValueError("unknown word")
        except (ValueError, IndexError) as error:
            link.send("error %s" % error)

    def drive(self, now):
        """Goes round, once it had the time to receive where the cube is, and sends each place."""
        turn = now - self.joined
        if turn > 0.25:
            wanted = (7 * math.sin(turn / 2), 3 * math.sin(turn), 7 * math.cos(turn / 2))
            pace = min(1, 8 / RATE_HZ / max(math.dist(wanted, self.place), 1e-9))
            self.move(tuple(at + (to - at) * pace for at, to in zip(self.place, wanted)))
            for link in self.links:
                link.send(self.line())

    def leave(self):
        """Says goodbye. A session has it behind all that was sent, over another line if it must."""
        self.leaving = True
        for link in self.links:
            link.close(1000, "the peer leaves")

    def move(self, place):
        before, self.place, self.known = self.line(), place, True
        if self.line() != before:
            say("tick", self.tick, self.line())

    def line(self):
        return "cube %g %g %g" % tuple(round(value, 3) for value in self.place)


def address_of(text):
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError("expected HOST:PORT, such as 127.0.0.1:14900")
    return host.strip("[]"), int(port)


def words(address):
    return ("[%s]:%d" if ":" in address[0] else "%s:%d") % address[:2]


def say(*text):
    print(*text, flush=True)


parser = argparse.ArgumentParser()
parser.add_argument("role", choices=("mover", "mirror"))
parser.add_argument("--connect", default="127.0.0.1:14900", metavar="HOST:PORT", type=address_of)
parser.add_argument("--listen", metavar="HOST:PORT", type=address_of)
parser.add_argument("--session", action="store_true", help="connect with a session, which outlives its sockets")
try:
    options = parser.parse_args()
    if options.session and options.listen:
        parser.error("--session is for the end that connects")
    peer, started, wanted = Peer(options), time.monotonic(), []
    signal.signal(signal.SIGINT, lambda *_: wanted.append(time.monotonic()))
    while not wanted:
        peer.frame(time.monotonic())
        time.sleep(max(0.0, started + peer.tick / RATE_HZ - time.monotonic()))
    peer.leave()
    while peer.links and time.monotonic() < wanted[0] + LEAVE_S:
        peer.frame(time.monotonic())
        time.sleep(1 / RATE_HZ)
except (KeyboardInterrupt, BrokenPipeError):
    pass
except OSError as error:  # of the listener alone: a link has a `why`
    parser.exit(1, "python_peer.py: %s\n" % error)
