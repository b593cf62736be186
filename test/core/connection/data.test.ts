/** The game's own state of a connection: when it is made, where it is found, and what a mistake in making it does. */
import { describe, expect, test } from "vitest";
import { type Connection, lines, memory, Poller } from "../../../src/index.ts";

class Player {
  score = 0;
  readonly connection: Connection<string>;

  constructor(connection: Connection<string>) {
    this.connection = connection;
  }
}

/** A server whose connections have players, and a client's poller. */
function arena(data: (connection: Connection<string, string, never>) => unknown) {
  const wire = memory();
  const server = new Poller();
  const client = new Poller();
  const listener = server.listen(wire, lines(), { data });
  return { wire, server, client, listener };
}

describe("connection.data", () => {
  test("is made in tryAccept, once, and is there in every look at the connection", () => {
    const wire = memory();
    const server = new Poller();
    const client = new Poller();
    let made = 0;
    const listener = server.listen(wire, lines(), { data: (connection) => new Player(connection) });
    server.on("accept", ({ connection }) => expect(connection.data).toBeUndefined());
    const near = client.connect(wire, lines(), { data: () => ++made });
    expect([near.data, made]).toEqual([1, 1]);
    near.trySend("score");
    client.poll(0);
    client.flush();
    server.poll(0);
    const far = listener.tryAccept();
    expect(far?.data).toBeInstanceOf(Player);
    expect(far?.data.connection).toBe(far);
    listener.drain((connection) => connection.data.score++);
    expect([...listener.connections].map(({ data }) => data.score)).toEqual([1]);
    expect(server.ready[0]?.data).toBe(far?.data);
  });

  test("is undefined without the option", () => {
    const { wire, server, client } = arena(() => 1);
    const other = server.listen(wire, lines()); // the network has one listener already
    expect([other.tryAccept(), client.connect(wire, lines()).data]).toEqual([undefined, undefined]);
  });

  test("is made with an open connection, on which messages leave and are taken", () => {
    const { wire, server, client, listener } = arena((connection) => {
      connection.trySend("welcome");
      return [connection.state, connection.data, listener.connections.size, connection.tryRecv()];
    });
    const near = client.connect(wire, lines());
    near.trySend("my name");
    client.poll(0);
    client.flush();
    server.poll(0);
    expect(listener.tryAccept()?.data).toEqual(["open", undefined, 0, "my name"]);
    server.flush();
    client.poll(0);
    expect(near.tryRecv()).toBe("welcome");
  });

  test("aborts the connection that it cannot be made for, and throws its error at tryAccept", () => {
    const { wire, server, client, listener } = arena(() => {
      throw new Error("no place at the table");
    });
    const near = client.connect(wire, lines());
    client.poll(0);
    server.poll(0);
    expect(() => listener.tryAccept()).toThrow("no place at the table");
    expect([listener.tryAccept(), listener.connections.size]).toEqual([undefined, 0]);
    server.poll(16);
    client.poll(16);
    expect([near.state, near.closeReason?.kind, server.stats.closed]).toEqual(["closed", "reset", 1]);
  });

  test("throws its error at connect too, which leaves no connection behind", async () => {
    const { wire, client } = arena(() => 1);
    const data = (): never => {
      throw new Error("no name");
    };
    expect(() => client.connect(wire, lines(), { data })).toThrow("no name");
    client.poll(0);
    expect(client.stats.closed).toBe(1);
    await client[Symbol.asyncDispose]();
  });

  test("may close the connection, which is then accepted, and not among the connections", () => {
    const { wire, server, client, listener } = arena((connection) => connection.abort());
    client.connect(wire, lines());
    client.poll(0);
    server.poll(0);
    expect([listener.tryAccept()?.state, listener.connections.size]).toEqual(["closed", 0]);
  });

  test("may not accept another connection while it is made", () => {
    const { wire, server, client, listener } = arena(() => listener.tryAccept());
    for (let count = 0; count < 2; count++) client.connect(wire, lines());
    client.poll(0);
    server.poll(0);
    for (let count = 0; count < 2; count++) expect(() => listener.tryAccept()).toThrow(/^tryAccept: called/);
    expect(listener.tryAccept()).toBeUndefined();
  });
});
