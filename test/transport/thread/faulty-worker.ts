/**
 * The network thread, with a fault on demand: a test names it on a channel that every
 * thread of the process has. It works as the real one until then.
 */
import { BroadcastChannel } from "node:worker_threads";
import "../../../src/network-worker.ts";

const faults = new BroadcastChannel("tickwire-faults") as unknown as {
  onmessage: (event: { data: unknown }) => void;
  unref(): void;
};
faults.onmessage = ({ data }) => {
  if (data === "hang") for (;;);
  if (data === "throw") setImmediate(() => throwOutside());
  if (data === "exit") process.exit(3);
};
faults.unref();

function throwOutside(): never {
  throw new Error("a fault on demand");
}
