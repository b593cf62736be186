"""A stranger on a raw socket, for those who kill and stop it: as node_peer.mjs.

    python3 python_peer.py PORT [HOST]

Prints "linked", "gap ..." when there was one, and "heard N" at the end.
"""

import select
import socket
import sys


def main() -> None:
    host = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1"
    peer = socket.create_connection((host, int(sys.argv[1])))
    print("linked", flush=True)
    said = heard = 0
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
                if number != heard:
                    print(f"gap: {number} came, and not {heard}", flush=True)
                heard += 1
        elif writable:
            peer.sendall(b"say %d\n" % said)
            said += 1
            select.select([peer], [], [], 0.002)
    print(f"heard {heard}", flush=True)
    peer.close()


main()
