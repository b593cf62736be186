"""The server as Python's tutorials write it: non-blocking sockets, and in each
frame a recv on every one of them that mostly raises BlockingIOError. Speaks the
same JSON on stdin and stdout as the servers in Node."""

import json
import resource
import select
import socket
import sys
import time

RATE_HZ = 60
LINE_BYTES = 24
HOT_S = 0.2


class Client:
    def __init__(self, sock):
        self.sock = sock
        self.rest = b""


def quantile(ordered, part):
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] if ordered else 0


def cpu_ms():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1000, used.ru_stime * 1000


class Server:
    def __init__(self, task):
        self.task = task
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.listener.setblocking(False)
        self.clients = []
        self.positions = {}
        self.number = 0
        self.begin()

    def begin(self):
        self.frames_us = []
        self.taken = 0
        self.sent = 0
        self.start = time.perf_counter()
        self.start_cpu, self.start_system = cpu_ms()

    def end(self):
        elapsed = time.perf_counter() - self.start
        cpu, system = cpu_ms()
        report = {
            "elapsedMs": elapsed * 1000,
            "cpuMs": cpu - self.start_cpu,
            "systemMs": system - self.start_system,
            "frames": len(self.frames_us),
            "connections": len(self.clients),
            "taken": self.taken,
            "sent": self.sent,
            "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        ordered = sorted(self.frames_us)
        for name, part in (("frameP50Us", 0.5), ("frameP99Us", 0.99), ("frameMaxUs", 1)):
            report[name] = quantile(ordered, part)
        if self.task["kind"] == "idle":
            report["hotFrameUs"] = self.hot_frame_us()
        return report

    def hot_frame_us(self):
        times = []
        until = time.perf_counter() + HOT_S
        while time.perf_counter() < until:
            before = time.perf_counter()
            self.frame()
            times.append((time.perf_counter() - before) * 1e6)
        return quantile(sorted(times), 0.5)

    def frame(self):
        self.accept()
        for client in self.clients[:]:
            for line in self.receive(client):
                self.taken += 1
                if self.task["kind"] == "everyone":
                    self.positions[client] = line
        if self.task["kind"] == "broadcast":
            for _ in range(self.task["perTick"]):
                self.send_to_all(f"cube {self.number}".ljust(LINE_BYTES - 1, "."))
                self.number += 1
        for position in self.positions.values():
            self.send_to_all(position)

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except BlockingIOError:
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.clients.append(Client(sock))

    def receive(self, client):
        try:
            data = client.sock.recv(65536)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            client.sock.close()
            self.clients.remove(client)
            self.positions.pop(client, None)
            return []
        *found, client.rest = (client.rest + data).split(b"\n")
        return [line.decode() for line in found]

    def send_to_all(self, line):
        data = (line + "\n").encode()
        for client in self.clients:
            try:
                client.sock.sendall(data)
                self.sent += 1
            except OSError:
                pass


def tell(what):
    print(json.dumps(what), flush=True)


def main():
    server = Server(json.loads(sys.argv[1])["work"]["task"])
    tell({"ready": True, "port": server.listener.getsockname()[1]})
    due = time.perf_counter()
    while True:
        before = time.perf_counter()
        server.frame()
        after = time.perf_counter()
        server.frames_us.append((after - before) * 1e6)
        due = max(due + 1 / RATE_HZ, after - 1 / RATE_HZ)
        readable, _, _ = select.select([sys.stdin], [], [], max(0, due - after))
        if readable:
            command = sys.stdin.readline().strip()
            if command == "begin":
                server.begin()
                tell({"begun": True})
            elif command == "end":
                tell(server.end())
            else:
                return
            time.sleep(max(0, due - time.perf_counter()))


main()
