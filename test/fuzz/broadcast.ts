/** Broadcasts to everybody, and notes at each end what it was to get. */
import type { AnyConnection, Listener } from "../../src/index.ts";
import type { ConnectionEnd } from "./connection-end.ts";
import { Fault } from "./fault.ts";
import type { Message, Name } from "./messages.ts";

/** What is said to all. */
interface Broadcast {
  readonly name: Name;
  readonly message: Message;
  readonly key: string | undefined;
  readonly except: ConnectionEnd | undefined;
}

/** Says something to everybody of `listener` but `except`. Answers for how many it was queued. */
export function broadcastNoted(
  listener: Listener<Message, Message>,
  ends: ReadonlyMap<AnyConnection, ConnectionEnd>,
  { name, message, key, except }: Broadcast,
): number {
  const all = [...listener.connections].map((connection) => ends.get(connection as unknown as AnyConnection));
  const before = all.map((end) => end?.counts());
  const other = except?.connection;
  const count =
    key === undefined
      ? listener.broadcast(message, { except: other })
      : listener.broadcastLatest(key, message, { except: other });
  let noted = 0;
  for (const [index, end] of all.entries()) {
    const counts = before[index];
    if (end === undefined || counts === undefined || !end.note(name, key, counts)) continue;
    noted++;
    if (end === except) throw new Fault(`${end.told} was excepted from a broadcast, and got it`);
  }
  if (noted !== count) throw new Fault(`a broadcast was queued for ${count}, and ${noted} count it`);
  return count;
}
