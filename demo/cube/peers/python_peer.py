"""A peer of the cube in another language, to show that the protocol is real.

    python3 python_peer.py mirror [--connect HOST:PORT | --listen HOST:PORT]
    python3 python_peer.py mover  [--connect HOST:PORT | --listen HOST:PORT]

Standard library only. The protocol is described in demo/cube/wire.ts. Each frame
asks every socket, and each socket that has nothing says so by an exception:
compare `except BlockingIOError` below with `tryRecv() === undefined`.
"""
import argparse
import math
import socket
import time

RATE_HZ, REACH, REFRESH_S, RETRY_S = 60, 10, 0.9, 0.5
LONGEST_LINE, UNREAD = 65536, 1048576  # bytes, as in tickwire


def say(*words):
    print(*words, flush=True)


def address_of(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def words(address):
    host, port = address[:2]
    return "[%s]:%d" % (host, port) if ":" in host else "%s:%d" % (host, port)


class Link:
    """One connection: bytes in, lines out, and the other way round."""

    def __init__(self, sock):
        sock.setblocking(False)
        self.sock, self.half, self.unsent, self.why = sock, b"", b"", None
        self.name = words(sock.getpeername())

    def lines(self):
        while self.why is None:
            try:
                data = self.sock.recv(65536)
            except BlockingIOError:  # nothing in this frame: the usual case, as an exception
                return
            except OSError as error:
                self.why = error.strerror
                return
            if not data:
                self.why = "the peer closed the connection"
            *whole, self.half = (self.half + data).split(b"\n")
            if len(self.half) > LONGEST_LINE:
                self.why = "a line without an end"
            for line in whole:
                yield line.decode("utf-8", "replace").rstrip("\r")

    def send(self, text=None):
        self.unsent += b"" if text is None else text.encode() + b"\n"
        try:
            self.unsent = self.unsent[self.sock.send(self.unsent):] if self.unsent else b""
        except BlockingIOError:  # the system takes no more now: what is left waits here
            pass
        except OSError as error:
            self.why = error.strerror
        if len(self.unsent) > UNREAD:
            self.why = "the peer does not read"


class Peer:
    def __init__(self, options):
        self.options, self.links, self.door = options, [], None
        self.place, self.known, self.tick = (0.0, 0.0, 0.0), False, 0
        self.drives_from = self.last_word = self.retry_at = 0.0
        if options.listen:
            host, port = address_of(options.listen)
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self.door = socket.create_server((host, port), family=family)
            self.door.setblocking(False)
            say("link listening", words(self.door.getsockname()))

    def frame(self, now):
        self.tick += 1
        self.meet(now)
        for link in list(self.links):
            for line in link.lines():
                self.hear(line, link, now)
            link.send()
            if link.why is not None:
                say("link down %s: %s" % (link.name, link.why))
                self.links.remove(link)
                link.sock.close()
        if self.options.role == "mover" and self.links:
            self.drive(now)

    def meet(self, now):
        try:
            if self.door:
                self.join(Link(self.door.accept()[0]), now)
            elif not self.links and now >= self.retry_at:  # this one call waits, up to two seconds
                self.join(Link(socket.create_connection(address_of(self.options.connect), timeout=2)), now)
        except BlockingIOError:  # nobody is waiting at the door
            pass
        except OSError as error:
            say("link down %s: %s" % (self.options.connect, error))
            say("link retry in %d ms" % (RETRY_S * 1000))
            self.retry_at = now + RETRY_S

    def join(self, link, now):
        self.links.append(link)
        say("link up", link.name)
        self.drives_from = self.last_word = now
        if self.door and self.known:
            link.send(self.line())

    def hear(self, line, link, now):
        word, *parts = line.split() or [""]
        try:
            if word == "cube":
                x, y, z = (float(part) for part in parts)
                if not all(abs(value) <= REACH for value in (x, y, z)):  # nan is not, either
                    raise ValueError("out of the world")
                self.last_word = now
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
        """Goes round in a circle, or stays and says so once a second while it may not know where it is."""
        if self.options.auto and now - self.drives_from > 0.25:
            turn = now - self.drives_from
            wanted = (7 * math.sin(turn / 2), 3 * math.sin(turn), 7 * math.cos(turn / 2))
            pace = min(1, 8 / RATE_HZ / max(math.dist(wanted, self.place), 1e-9))
            self.move(tuple(p + (w - p) * pace for p, w in zip(self.place, wanted)))
            self.last_word = 0.0
        if now - self.last_word >= REFRESH_S:
            self.last_word = now
            for link in self.links:
                link.send(self.line())

    def move(self, place):
        before, self.place, self.known = self.line(), place, True
        if self.line() != before:
            say("tick", self.tick, self.line())

    def line(self):
        return "cube " + " ".join("%g" % round(value, 3) for value in self.place)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=("mover", "mirror"))
    parser.add_argument("--connect", default="127.0.0.1:14900", metavar="HOST:PORT")
    parser.add_argument("--listen", metavar="HOST:PORT")
    parser.add_argument("--still", dest="auto", action="store_false", help="a mover that does not drive")
    peer = Peer(parser.parse_args())
    started = time.monotonic()
    while True:
        peer.frame(time.monotonic())
        time.sleep(max(0.0, started + peer.tick / RATE_HZ - time.monotonic()))


if __name__ == "__main__":
    try:
        main()
    except (KeyboardInterrupt, BrokenPipeError):
        pass
