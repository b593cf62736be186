/**
 * Players of the recipes over WebSocket who know nothing of this library: the ws package
 * alone, and Python with a bare socket; and the strangers among them.
 */
import type { Socket } from "node:net";
import { expect } from "vitest";
import type { WebSocket } from "ws";
import { Child } from "../demo/children.ts";
import { WebPlayer } from "./web-player.ts";

/** A player at `path` of a program here. */
export function playerAt(port: number, path = "/", headers: Record<string, string> = {}): WebPlayer {
  return new WebPlayer(`ws://127.0.0.1:${port}${path}`, { headers });
}

/**
 * Opens WebSockets at `path`, sends what no player sends, as a text and as a binary message, and
 * leaves with a close frame, without one, and in the middle of a frame. The program must still
 * run, without a word of an error.
 *
 * @param pathOf the path of the next one, with what lets it in
 */
export async function insultByWebSocket(
  child: Child,
  port: number,
  pathOf: () => string | Promise<string>,
  headers: Record<string, string> = {},
): Promise<void> {
  for (const message of MESSAGES) {
    for (const leave of LEAVES) {
      const { socket, status } = playerAt(port, await pathOf(), headers);
      expect(await status).toBe(101);
      const gone = new Promise((resolve) => socket.once("close", resolve));
      socket.send(message);
      leave(socket);
      await gone;
    }
  }
  expect([child.process.exitCode, child.process.signalCode]).toEqual([null, null]);
  expect(child.err.all).toEqual([]);
}

/**
 * A player of Python's with a bare socket. `send(text)`, `receive()` (a text, or None at the
 * end), and `print`; a ping is answered only where `answers_pings`.
 */
export function pythonPlayer(port: number, path: string, script: string, headers = ""): Child {
  return new Child("python3", ["-uc", PYTHON + script, `${port}`, path, headers]);
}

const PYTHON = `
import base64, hashlib, os, socket, struct, sys, time
port, path, headers = int(sys.argv[1]), sys.argv[2], sys.argv[3]
key = base64.b64encode(os.urandom(16)).decode()
sock = socket.create_connection(("127.0.0.1", port))
sock.sendall(f"GET {path} HTTP/1.1\\r\\nHost: 127.0.0.1:{port}\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
  f"Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: {key}\\r\\n{headers}\\r\\n".encode())
stream = sock.makefile("rb")
status = stream.readline().split()[1].decode()
head = {}
while (line := stream.readline().decode().strip()):
    name, value = line.split(": ", 1)
    head[name.lower()] = value
print("status", status)
if status != "101": sys.exit()
proof = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
assert head["sec-websocket-accept"] == base64.b64encode(proof).decode()
def frame(opcode, body):
    mask = os.urandom(4)
    size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\\xfe" + struct.pack(">H", len(body))
    sock.sendall(bytes([0x80 | opcode]) + size + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(body)))
def send(text): frame(1, text.encode())
def receive(answers_pings=True):
    while (two := stream.read(2)) and len(two) == 2:
        size = two[1] if two[1] < 126 else struct.unpack(">H", stream.read(2))[0]
        body = stream.read(size)
        opcode = two[0] & 15
        if opcode == 9 and answers_pings: frame(10, body)
        if opcode == 1: return body.decode()
        if opcode == 8: return None
`;

const MESSAGES: readonly (string | Uint8Array)[] = [
  "",
  "\n\n\n",
  "half\na line\n",
  "x".repeat(200_000),
  "__proto__ constructor NaN 1e999 {}[] \u202e\0\x1b[2J",
  new Uint8Array(4_096).fill(0xff),
  Uint8Array.from({ length: 4_096 }, (_, index) => (index * 167 + (index >> 8) * 59) & 0xff),
];

const LEAVES: readonly ((socket: WebSocket) => void)[] = [
  (socket) => socket.close(),
  (socket) => socket.close(4_999, "\x1b[2J"),
  (socket) => socket.terminate(),
  (socket) => bare(socket).end(Uint8Array.of(0x81, 0xfe, 0xff)), // half a frame
  (socket) => bare(socket).end(Uint8Array.of(0xff, 0xff, 0xff, 0xff)), // no frame
];

/** The socket under a WebSocket, which ws has no public name for. */
function bare(socket: WebSocket): Socket {
  return (socket as unknown as { readonly _socket: Socket })._socket;
}
