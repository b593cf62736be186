/**
 * The same on the client of NATS alone, as a careful program has it: what comes is kept until
 * the frame, and what the broker has not confirmed has a limit. Nothing is numbered, so
 * nobody knows what was lost.
 */
import { createRequire } from "node:module";
import { type Place, type Side, STATE, type Wire, WORLD } from "./wire.ts";

export async function openByHand({ servers }: Place, side: Side): Promise<Wire> {
  const connection = await client.connect({ servers });
  const [hears, to] = side === "world" ? [WORLD, STATE] : [STATE, WORLD];
  let arrived: Uint8Array[] = [];
  let unconfirmedBytes = 0;
  let wake = () => {};
  connection.subscribe(hears, {
    callback: (error, { data }) => {
      if (error !== null) throw error;
      arrived.push(data);
      wake();
    },
  });
  await connection.flush();
  let isConfirming = false;
  const confirm = async () => {
    isConfirming = true;
    const sizeBytes = unconfirmedBytes;
    await connection.flush();
    isConfirming = false;
    unconfirmedBytes -= sizeBytes;
    wake();
  };
  return {
    port: 0,
    lost: 0,
    activity: () =>
      new Promise<void>((resolve) => {
        const soon = () => void setImmediate(resolve); // all that comes in one turn is one frame
        if (arrived.length > 0) soon();
        else wake = soon;
      }),
    poll() {},
    trySend(message) {
      if (unconfirmedBytes > LIMIT_BYTES) return false;
      connection.publish(to, new Uint8Array(message)); // it keeps them until the end of this turn
      unconfirmedBytes += message.length;
      return true;
    },
    take(on) {
      const messages = arrived;
      arrived = [];
      for (const message of messages) on(message);
    },
    flush() {
      if (!isConfirming && unconfirmedBytes > 0) void confirm();
    },
  };
}

/** As much as tickwire's `sendLimitBytes` is by default. */
const LIMIT_BYTES = 1_048_576;

/** What is used of it. The types of the package do not compile under our options. */
interface Client {
  connect(options: { readonly servers: string }): Promise<{
    publish(subject: string, payload: Uint8Array): void;
    subscribe(
      subject: string,
      options: { callback(error: Error | null, message: { readonly data: Uint8Array }): void },
    ): unknown;
    flush(): Promise<void>;
  }>;
}

const client: Client = createRequire(import.meta.url)("@nats-io/transport-node");
