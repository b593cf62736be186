"""A peer on a raw socket, to be killed and stopped: as node_peer.mjs.

    python3 python_peer.py PORT [HOST]

Prints "linked", "gap ..." when there was one, and "received N" at the end.
"""

import select
import socket
import sys


def main() -> None:
    host = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"
    peer = socket.create_connection((host, int(sys.argv[1])))
    print("linked", flush=True)
    said = received = 0
    half = b""
    while True:
        readable, writable, _ = select.select([peer], [peer], [], 0.002)
        if readable:
            piece = peer.recv(65536)
            if not piece:
                break
            *lines, half = (half + piece).split(b"\n")
            for line in lines:
                if not line.startswith(b"word "):
                    continue
                number = int(line.split(b" ")[1])
                if number != received:
                    print(f"gap: {number} came, and not {received}", flush=True)
                received += 1
        elif writable:
            peer.sendall(b"say %d\n" % said)
            said += 1
            select.select([peer], [], [], 0.002)
    print(f"received {received}", flush=True)
    peer.close()


main()
