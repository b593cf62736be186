// A program in TypeScript, as a user of the package writes it. Only compiled, against the declarations.
import {
  type CloseReason,
  type Codec,
  type Connection,
  DecodeError,
  type Frame,
  formatAddress,
  json,
  type Listener,
  lines,
  memory,
  Poller,
  runLoop,
  tcp,
} from "tickwire";

interface Input {
  readonly move: "left" | "right";
}

const digits: Codec<number, string> = {
  decoder: () => ({
    decode(bytes, sink) {
      for (const byte of bytes) {
        if (byte > 9) throw new DecodeError(`${byte} is over 9`);
        sink.put(byte, 1);
      }
    },
  }),
  encode: (message) => new TextEncoder().encode(message),
};

const net = new Poller({ frameBudget: { messages: 100 } });
const server: Listener<Input, { x: number }> = net.listen(tcp({ port: 0 }), json<Input, { x: number }>());
const client: Connection<string> = net.connect(memory(), lines());
const counter: Connection<number, string> = net.connect(memory(), digits);

net.on("close", ({ connection, reason }: { connection: { readonly id: number }; reason: CloseReason }) =>
  console.log(connection.id, reason.kind),
);

await runLoop({
  rateHz: 60,
  poller: net,
  signal: AbortSignal.timeout(10),
  tick(dtMs: number, frame: Frame) {
    for (
      let connection: Connection<Input, { x: number }> | undefined;
      (connection = server.tryAccept()) !== undefined;
    ) {
      connection.trySend({ x: dtMs * frame.tick });
    }
    server.drain((connection, input) => console.log(connection.id, input.move));
    const line: string | undefined = client.tryRecv();
    const count: number | undefined = counter.tryRecv();
    if (server.address !== undefined) console.log(formatAddress(server.address), line, count);
  },
});

// @ts-expect-error a line is no number
client.trySend(7);
// @ts-expect-error what the poller asks of a connection is not in the declarations
client.update();
// @ts-expect-error nor what a connection asks of its listener
server.offerTurn(client, 1);

await net[Symbol.asyncDispose]();
