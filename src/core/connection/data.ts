/**
 * The game's own state of a connection, such as its player: the option that makes it,
 * and when. The object is the game's; nothing here looks into it.
 */
import type { Connection } from "./connection.ts";

/** The option by which each connection has the game's own state. */
export interface DataOptions<In, Out, Data> {
  /**
   * Makes `connection.data`: of an incoming connection in the call of `tryAccept` that
   * returns it, before it is among `listener.connections`; of one that this side makes
   * in the call of `connect`. Inside, `connection.data` is `undefined`, and messages can
   * be sent and taken. If it throws, the connection is aborted, and the call throws the
   * same error. Without it, `connection.data` is `undefined`.
   */
  readonly data: (connection: Connection<In, Out, never>) => Data;
}

/** The same for connections of any type. */
export type AnyDataOptions = DataOptions<never, never, unknown>;

/** Makes the data of `connection`. Throws what `make` throws, after it has aborted the connection. */
export function makeData<Data>(
  connection: Connection<unknown, never, Data>,
  make: (connection: never) => Data,
): void {
  try {
    (connection as { data: Data }).data = make(connection as never);
  } catch (error) {
    connection.abort();
    throw error;
  }
}
