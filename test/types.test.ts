/**
 * Wrong programs, and what the types say of right ones. The compiler is the
 * judge (`npm run check:types`): a line under `@ts-expect-error` that compiles
 * is an error. None of the programs is ever run.
 */
import { BlockList } from "node:net";
import { describe, expectTypeOf, test } from "vitest";
import * as tickwire from "../src/index.ts";
import {
  type Address,
  type AnyConnection,
  type AnyListener,
  bytes,
  type CloseKind,
  type CloseReason,
  type Codec,
  type Connection,
  type ConnectionState,
  DecodeError,
  type Decoder,
  duplex,
  type Frame,
  formatAddress,
  type Goodbye,
  type Handler,
  json,
  type Listener,
  type LoopFrame,
  type LoopReport,
  lengthPrefixed,
  lines,
  list,
  type MessageOf,
  memory,
  mixed,
  optional,
  type PeerClock,
  Poller,
  type PollerEvents,
  type ReadonlyConnectionSet,
  runLoop,
  type SentMessageOf,
  struct,
  structs,
  type Transport,
  tcp,
  waitForActivity,
} from "../src/index.ts";

interface Input {
  readonly move: "left" | "right";
}
interface World {
  readonly x: number;
}

declare const poller: Poller;
declare const connection: Connection<string>;
declare const listener: Listener<string>;
declare const frame: Frame;
declare const anyone: AnyConnection;
declare const isInput: (value: unknown) => value is Input;

describe("messages have the codec's types", () => {
  program("lines carry strings, both ways", () => {
    const player = poller.connect(tcp({ port: 14_900 }), lines());
    expectTypeOf(player).toEqualTypeOf<Connection<string, string>>();
    expectTypeOf(player.tryRecv()).toEqualTypeOf<string | undefined>();
    expectTypeOf(player.trySend).toEqualTypeOf<(message: string) => boolean>();
    for (const line of player) expectTypeOf(line).toEqualTypeOf<string>();
    // @ts-expect-error a number is no line
    player.trySend(7);
    // @ts-expect-error nothing is no line
    player.trySend(undefined);
    // @ts-expect-error a message is an argument
    player.trySend();
  });

  program("nothing this frame must be thought of", () => {
    // @ts-expect-error tryRecv may answer undefined
    const line: string = connection.tryRecv();
    // @ts-expect-error so nothing can be read of it at once
    connection.tryRecv().length;
    // @ts-expect-error tryAccept may answer undefined
    const accepted: Connection<string> = listener.tryAccept();
    // @ts-expect-error null is never the answer
    const isNull = connection.tryRecv() === (null as null | number);
    return [line, accepted, isNull];
  });

  program("bytes and length-prefixed messages are Uint8Arrays", () => {
    expectTypeOf(bytes()).toEqualTypeOf<Codec<Uint8Array, Uint8Array>>();
    expectTypeOf(lengthPrefixed()).toEqualTypeOf<Codec<Uint8Array, Uint8Array>>();
    poller.connect(memory(), bytes()).trySend(Buffer.from("a Buffer is one"));
    // @ts-expect-error text is none
    poller.connect(memory(), bytes()).trySend("text");
    // @ts-expect-error numbers are none
    poller.connect(memory(), lengthPrefixed()).trySend([1, 2]);
  });

  program("JSON is unknown until the caller says more", () => {
    expectTypeOf(json()).toEqualTypeOf<Codec<unknown, unknown>>();
    const player = poller.connect(memory(), json());
    const value = player.tryRecv();
    // @ts-expect-error so it must be narrowed before use
    value.move;
  });

  program("JSON may have a type for each way", () => {
    const player = poller.connect(memory(), json<Input, World>());
    expectTypeOf(player).toEqualTypeOf<Connection<Input, World>>();
    expectTypeOf(player.tryRecv()).toEqualTypeOf<Input | undefined>();
    player.trySend({ x: 1 });
    // @ts-expect-error what comes in does not go out
    player.trySend({ move: "left" });
    // @ts-expect-error a member of the wrong kind
    player.trySend({ x: "1" });
  });

  program("a guard gives JSON its type, and must fit the one that is given", () => {
    expectTypeOf(json({ guard: isInput })).toEqualTypeOf<Codec<Input, Input>>();
    // @ts-expect-error this guard is for something else
    json<World>({ guard: isInput });
    // @ts-expect-error a boolean narrows nothing
    json<Input>({ guard: (value: unknown): boolean => value !== null });
  });

  program("a struct's records have the types of its schema", () => {
    const codec = struct({ x: "f32", id: "u16", time: "u64", alive: "bool" });
    expectTypeOf(codec).toEqualTypeOf<Codec<{ x: number; id: number; time: bigint; alive: boolean }>>();
    const player = poller.connect(memory(), codec);
    expectTypeOf(player.tryRecv()?.alive).toEqualTypeOf<boolean | undefined>();
    const frozen: Readonly<{ x: number; id: number; time: bigint; alive: boolean }> =
      player.tryRecv() as never;
    player.trySend(frozen);
    // @ts-expect-error a field is missing
    player.trySend({ x: 1, id: 2, time: 3n });
    // @ts-expect-error a u64 is a bigint
    player.trySend({ x: 1, id: 2, time: 3, alive: true });
    // @ts-expect-error a field that the schema does not have
    player.trySend({ x: 1, id: 2, time: 3n, alive: true, y: 4 });
    // @ts-expect-error no such field
    player.tryRecv()?.y;
    // @ts-expect-error no such type
    struct({ x: "f16" });
    // @ts-expect-error the guard knows the fields
    struct({ x: "f32" }, { guard: ({ y }) => y > 0 });
    // @ts-expect-error no such byte order
    struct({ x: "f32" }, { endian: "network" });
  });

  program("a struct may have text, arrays, lists and what is optional", () => {
    const codec = struct({
      name: "text8",
      icon: "bytes16",
      at: ["f32", 3],
      tiles: ["u8", 100],
      items: list({ id: "u16", note: optional("text8") }, { maxItems: 8 }),
      words: list("text8"),
      team: optional("u8"),
    });
    type Message = {
      name: string;
      icon: Uint8Array;
      at: [number, number, number];
      tiles: number[];
      items: { id: number; note?: string | undefined }[];
      words: string[];
      team?: number | undefined;
    };
    expectTypeOf<MessageOf<typeof codec>>().toEqualTypeOf<Message>();
    const good: Message = {
      name: "",
      icon: Buffer.of(1),
      at: [1, 2, 3],
      tiles: [],
      items: [{ id: 1 }],
      words: [],
    };
    poller.connect(memory(), codec).trySend(good);
    // @ts-expect-error two of three values
    poller.connect(memory(), codec).trySend({ ...good, at: [1, 2] });
    // @ts-expect-error an item lacks a field
    poller.connect(memory(), codec).trySend({ ...good, items: [{}] });
    // @ts-expect-error null is not undefined
    poller.connect(memory(), codec).trySend({ ...good, team: null });
    // @ts-expect-error no such type in a list
    struct({ x: list("text32") });
    // @ts-expect-error arrays are of numbers and booleans
    struct({ x: ["text8", 3] });
    // @ts-expect-error a list has its fields by its own call
    struct({ x: [{ id: "u8" }] });
  });

  program("structs may have other kinds each way", () => {
    const codec = structs({ move: { x: "f32" } }, { state: { xs: list("f32") }, stop: {} });
    type Sent = { kind: "state"; xs: number[] } | { kind: "stop" };
    expectTypeOf(codec).toEqualTypeOf<Codec<{ kind: "move"; x: number }, Sent>>();
    structs({ move: { x: "f32" } }, { stop: {} }, { guard: ({ x }) => x > 0 });
    // @ts-expect-error the guard looks at what is received
    structs({ move: { x: "f32" } }, { stop: {} }, { guard: ({ kind }) => kind === "stop" });
  });

  program("mixed codecs are told apart by kind, and their bodies have the types of each", () => {
    const codec = mixed({ chat: json<Input, World>(), move: struct({ x: "f32" }), say: lines() });
    const player = poller.connect(memory(), codec);
    const message = player.tryRecv();
    if (message?.kind === "chat") expectTypeOf(message.body).toEqualTypeOf<Input>();
    if (message?.kind === "move") expectTypeOf(message.body).toEqualTypeOf<{ x: number }>();
    if (message?.kind === "say") expectTypeOf(message.body).toEqualTypeOf<string>();
    player.trySend({ kind: "chat", body: { x: 1 } });
    // @ts-expect-error what comes in does not go out
    player.trySend({ kind: "chat", body: { move: "left" } });
    // @ts-expect-error a body of another kind
    player.trySend({ kind: "say", body: { x: 1 } });
    // @ts-expect-error no such kind
    player.trySend({ kind: "fly", body: "" });
    // @ts-expect-error a schema is no codec
    mixed({ move: { x: "f32" } });
  });

  program("the records of structs are told apart by their kind", () => {
    const codec = structs({ move: { x: "f32" }, stop: {}, shoot: { power: "u8" } });
    type Message = { kind: "move"; x: number } | { kind: "stop" } | { kind: "shoot"; power: number };
    expectTypeOf(codec).toEqualTypeOf<Codec<Message>>();
    const player = poller.connect(memory(), codec);
    player.trySend({ kind: "stop" });
    const message = player.tryRecv();
    if (message?.kind === "shoot") expectTypeOf(message.power).toEqualTypeOf<number>();
    // @ts-expect-error which kind it is must be asked first
    message?.power;
    // @ts-expect-error no such kind
    player.trySend({ kind: "fly" });
    // @ts-expect-error a field of another kind
    player.trySend({ kind: "move", power: 1 });
  });

  program("a codec for each way has the types of both, and any codec tells those of its messages", () => {
    const codec = duplex(struct({ x: "f32" }), json<World>());
    expectTypeOf(codec).toEqualTypeOf<Codec<{ x: number }, World>>();
    expectTypeOf<MessageOf<typeof codec>>().toEqualTypeOf<{ x: number }>();
    expectTypeOf<SentMessageOf<typeof codec>>().toEqualTypeOf<World>();
    const position = struct({ x: "f32", id: "u16" });
    expectTypeOf<MessageOf<typeof position>>().toEqualTypeOf<{ x: number; id: number }>();
    expectTypeOf<SentMessageOf<typeof position>>().toEqualTypeOf<{ x: number; id: number }>();
    // @ts-expect-error a transport is no codec
    duplex(memory(), codec);
  });

  program("connections have the types of their listener", () => {
    const server = poller.listen(memory(), json<Input, World>());
    expectTypeOf(server).toEqualTypeOf<Listener<Input, World>>();
    expectTypeOf(server.tryAccept()).toEqualTypeOf<Connection<Input, World> | undefined>();
    expectTypeOf(server.connections).toEqualTypeOf<ReadonlyConnectionSet<Connection<Input, World>>>();
    server.drain((connection, input) => {
      expectTypeOf(connection).toEqualTypeOf<Connection<Input, World>>();
      expectTypeOf(input).toEqualTypeOf<Input>();
    });
    server.broadcast({ x: 1 });
    // @ts-expect-error what comes in does not go out
    server.broadcast({ move: "left" });
    const players = new Set(server.connections);
    expectTypeOf(server.broadcast({ x: 1 }, { to: players, except: players })).toBeNumber();
    server.broadcastLatest("x", { x: 1 }, { to: [], undelivered: [] as Connection<Input, World>[] });
    // @ts-expect-error a room that may not be there is no room
    server.broadcast({ x: 1 }, { to: new Map<string, typeof players>().get("room") });
    // @ts-expect-error the callback takes another kind of message
    server.drain((_connection, _world: World) => {});
    // @ts-expect-error a connection of another kind was never among these
    server.broadcast({ x: 1 }, { except: connection });
  });

  program("a player is inferred from the option that makes it, and found wherever its connection is", () => {
    const server = poller.listen(memory(), lines(), { data: () => ({ score: 0 }), maxConnections: 8 });
    expectTypeOf(server).toEqualTypeOf<Listener<string, string, { score: number }>>();
    expectTypeOf(server.tryAccept()?.data).toEqualTypeOf<{ score: number } | undefined>();
    server.drain((player) => expectTypeOf(player.data).toEqualTypeOf<{ score: number }>());
    for (const player of server.connections) player.data.score++;
    const client = poller.connect(memory(), json<Input, World>(), { data: () => 7, timeoutMs: 1 });
    expectTypeOf(client).toEqualTypeOf<Connection<Input, World, number>>();
    expectTypeOf(server).toExtend<AnyListener>();
    expectTypeOf(client).toExtend<AnyConnection>();
    for (const player of server.connections) {
      // @ts-expect-error the player stays; what is in it is the game's
      player.data = { score: 1 };
    }
    // @ts-expect-error a function makes the data
    poller.listen(memory(), lines(), { data: { score: 0 } });
  });

  program("without that option there is no player", () => {
    expectTypeOf(poller.connect(memory(), lines()).data).toEqualTypeOf<undefined>();
    expectTypeOf(poller.listen(memory(), lines()).tryAccept()?.data).toEqualTypeOf<undefined>();
    expectTypeOf(anyone.data).toBeUnknown();
  });

  program("a player may know its connection, with its own type or without", () => {
    interface Typed {
      readonly connection: Connection<string, string, Typed>;
    }
    interface Plain {
      readonly connection: Connection<string>;
    }
    const typed = poller.listen(memory(), lines(), { data: (connection): Typed => ({ connection }) });
    expectTypeOf(typed).toEqualTypeOf<Listener<string, string, Typed>>();
    expectTypeOf(typed.tryAccept()?.data.connection.data).toEqualTypeOf<Typed | undefined>();
    const plain = poller.listen(memory(), lines(), { data: (connection): Plain => ({ connection }) });
    expectTypeOf(plain).toEqualTypeOf<Listener<string, string, Plain>>();
    // @ts-expect-error a connection of other messages
    poller.listen(memory(), bytes(), { data: (connection): Plain => ({ connection }) });
  });

  program("to a connection of unknown kind nothing can be sent", () => {
    expectTypeOf(connection).toExtend<AnyConnection>();
    expectTypeOf(listener).toExtend<AnyListener>();
    expectTypeOf(anyone.tryRecv()).toBeUnknown();
    expectTypeOf(anyone.trySend).parameter(0).toBeNever();
    // @ts-expect-error its codec may not carry this
    anyone.trySend("hello");
  });
});

describe("a codec of the user's own", () => {
  const decoder: Decoder<number> = { decode: (piece, sink) => sink.put(piece.length, piece.length) };

  program("may have another type each way", () => {
    const own: Codec<number, string> = { decoder: () => decoder, encode: () => new Uint8Array() };
    const player = poller.connect(memory(), own);
    expectTypeOf(player).toEqualTypeOf<Connection<number, string>>();
    // @ts-expect-error numbers only come in
    player.trySend(1);
    // @ts-expect-error strings only go out
    const line: string | undefined = player.tryRecv();
    // @ts-expect-error the two ways are not the same
    const swapped: Codec<string, number> = own;
    return [line, swapped];
  });

  program("answers bytes, and puts what it says it puts", () => {
    // @ts-expect-error text is no bytes
    const text: Codec<number, string> = { decoder: () => decoder, encode: (message: string) => message };
    // @ts-expect-error the decoder gives numbers
    const wrongIn: Codec<string> = { decoder: () => decoder, encode: () => new Uint8Array() };
    const noSize: Decoder<number> = {
      // @ts-expect-error a message is put with its size
      decode: (piece, sink) => sink.put(piece.length),
    };
    // @ts-expect-error a decoder is a method's answer, one for each stream
    const shared: Codec<number> = { decoder, encode: () => new Uint8Array() };
    return [text, wrongIn, noSize, shared];
  });

  program("refuses with a sentence", () => {
    expectTypeOf(new DecodeError("message 1 is wrong")).toExtend<Error>();
    // @ts-expect-error a sentence is asked for
    new DecodeError();
  });
});

describe("what a frame shows can only be read", () => {
  program("a connection", () => {
    // @ts-expect-error it changes in poll()
    connection.state = "closed";
    // @ts-expect-error it is given once
    connection.id = 7;
    // @ts-expect-error it is set where the connection ends
    connection.closeReason = { kind: "local", message: "no" };
    // @ts-expect-error it is counted by the connection
    connection.pendingBytes = 0;
    // @ts-expect-error statistics are read
    connection.stats.sentBytes = 0;
    // @ts-expect-error "half-open" is no state
    const isHalfOpen = connection.state === "half-open";
    return isHalfOpen;
  });

  program("a listener", () => {
    // @ts-expect-error it changes in poll() and by close()
    listener.state = "closed";
    // @ts-expect-error the system chose it
    listener.address = { family: "IPv4", host: "127.0.0.1", port: 1 };
    // @ts-expect-error connections come in by tryAccept()
    listener.connections.add(connection);
  });

  program("a frame, and what is ready in it", () => {
    expectTypeOf(poller.poll()).toEqualTypeOf<Frame>();
    // @ts-expect-error frames count themselves
    frame.tick = 1;
    // @ts-expect-error a frame is no memory of the game's
    frame.received = 0;
    // @ts-expect-error what is ready is found by poll()
    poller.ready.push(connection);
    // @ts-expect-error statistics are read
    poller.stats.polls = 0;
    // @ts-expect-error time is a number of milliseconds
    poller.poll(new Date());
  });

  program("an address and a reason", () => {
    const address: Address = { family: "IPv6", host: "::1", port: 14_900 };
    // @ts-expect-error an address stays what it is
    address.port = 1;
    expectTypeOf(connection.closeReason).toEqualTypeOf<CloseReason | undefined>();
    // @ts-expect-error there is none before the close
    connection.closeReason.kind;
    // @ts-expect-error the address of a connecting peer is not known yet
    formatAddress(connection.remoteAddress);
  });
});

describe("a session's outages and a game's last words", () => {
  program("are looked at", () => {
    expectTypeOf(connection.linked).toEqualTypeOf<boolean>();
    expectTypeOf(connection.downMs).toEqualTypeOf<number>();
    expectTypeOf(connection.frameRttMs).toEqualTypeOf<number | undefined>();
    expectTypeOf(connection.clock).toEqualTypeOf<PeerClock | undefined>();
    expectTypeOf(connection.closeReason?.goodbye).toEqualTypeOf<Goodbye | undefined>();
    // @ts-expect-error the line is the network's
    connection.linked = false;
    // @ts-expect-error there may be no clock
    connection.clock.serverNowMs;
    listener.on("suspend", (event) => expectTypeOf(event.connection).toEqualTypeOf<typeof connection>());
    // @ts-expect-error there is no such event
    poller.on("suspended", () => {});
  });

  program("have a code, and perhaps a text", () => {
    connection.close({ code: 4001, text: "kicked" });
    listener.close({ code: 4002 });
    // @ts-expect-error a reason alone is no goodbye
    connection.close("kicked");
    // @ts-expect-error a code is a number
    connection.close({ code: "4001" });
    // @ts-expect-error a goodbye has a code
    listener.close({ text: "restart" });
    // @ts-expect-error an abort says nothing
    connection.abort({ code: 4001 });
  });
});

describe("every ending is on the list", () => {
  program("so a switch over all kinds is complete", () => {
    const wordOf = (kind: CloseKind): string => {
      switch (kind) {
        case "local":
        case "remote":
          return "said goodbye";
        case "reset":
        case "failed":
          return "broke";
        case "refused":
        case "unreachable":
        case "unknown-host":
        case "address-in-use":
        case "denied":
        case "handshake":
          return "never began";
        case "timeout":
        case "aborted":
          return "took too long";
        case "overflow":
        case "protocol":
          return "was too much";
      }
    };
    return wordOf;
  });

  program("and a switch that leaves one out is not", () => {
    // @ts-expect-error "protocol" and others have no answer
    const wordOf = (kind: CloseKind): string => {
      switch (kind) {
        case "local":
          return "goodbye";
      }
    };
    const restOf = (state: ConnectionState): string => {
      if (state === "connecting" || state === "open" || state === "closed") return state;
      // @ts-expect-error "closing" is left
      const none: never = state;
      return none;
    };
    // @ts-expect-error no such kind
    const isBroken = connection.closeReason?.kind === "broken";
    return [wordOf, restOf, isBroken];
  });
});

describe("events have names and payloads", () => {
  program("each handler is given what its event says", () => {
    poller.on("close", (event) => {
      expectTypeOf(event.connection).toEqualTypeOf<AnyConnection>();
      expectTypeOf(event.reason).toEqualTypeOf<CloseReason>();
    });
    poller.on("drop", ({ count }) => expectTypeOf(count).toBeNumber());
    poller.on("accept", ({ listener }) => expectTypeOf(listener).toEqualTypeOf<AnyListener>());
    expectTypeOf<keyof PollerEvents>().toEqualTypeOf<
      | "listen"
      | "unlisten"
      | "accept"
      | "drop"
      | "open"
      | "lose"
      | "link"
      | "unlink"
      | "drain"
      | "suspend"
      | "resume"
      | "bind"
      | "unbind"
      | "malformed"
      | "hold"
      | "unhold"
      | "close"
    >();
    expectTypeOf<Handler<"open">>().toEqualTypeOf<(event: { readonly connection: AnyConnection }) => void>();
  });

  program("and no other", () => {
    // @ts-expect-error messages are pulled, never events
    poller.on("message", () => {});
    // @ts-expect-error there is no word for everything
    poller.on("*", () => {});
    // @ts-expect-error an opening has no reason
    poller.on("open", ({ reason }) => reason);
    // @ts-expect-error a close is of no listener
    poller.on("close", ({ listener }) => listener);
    // @ts-expect-error a handler for drops cannot take a close
    poller.off("close", (({ count }) => count) as Handler<"drop">);
    // @ts-expect-error a payload stays what it is
    poller.on("drop", (event) => event.count++);
  });
});

describe("options are spelt as they are", () => {
  program("of a poller, a listener and a connection", () => {
    new Poller({ frameBudget: { messages: 100 }, receiveLimitBytes: Infinity, maxFrameMs: 100 });
    // @ts-expect-error receiveLimitBytes
    poller.listen(memory(), lines(), { recieveLimitBytes: 1 });
    // @ts-expect-error datagrams have no policy: the oldest is lost
    poller.bind(memory(), lines(), { receiveOverflow: "close" });
    // @ts-expect-error there is no such policy
    poller.connect(memory(), lines(), { receiveOverflow: "refuse" });
    // @ts-expect-error who may come in is the listener's matter
    poller.connect(memory(), lines(), { maxConnections: 1 });
    poller.listen(memory(), lines(), { denyList: new BlockList(), receiveOverflow: "drop-oldest" });
    poller.connect(memory(), lines(), { idleTimeoutMs: 1, sendOverflow: "close" });
    // @ts-expect-error a listener does not connect
    poller.listen(memory(), lines(), { timeoutMs: 1 });
    // @ts-expect-error a connection accepts nobody
    poller.connect(memory(), lines(), { acceptLimit: 1 });
    // @ts-expect-error an AbortSignal, not its controller
    poller.connect(memory(), lines(), { signal: new AbortController() });
    // @ts-expect-error frameBudget.messages
    new Poller({ frameBudget: { message: 1 } });
    // @ts-expect-error a limit that is not given is left out, and never undefined
    new Poller({ sendLimitBytes: undefined });
    // @ts-expect-error numbers, not text
    new Poller({ closeTimeoutMs: "5s" });
    // @ts-expect-error milliseconds are called ms
    listener.drain(() => {}, { milliseconds: 2 });
  });

  program("of transports and codecs", () => {
    // @ts-expect-error a port is needed
    tcp({});
    // @ts-expect-error a port is a number
    tcp({ port: "14900" });
    // @ts-expect-error noDelay
    tcp({ port: 14_900, nodelay: true });
    // @ts-expect-error pieceBytes
    memory({ chunkBytes: 1 });
    // @ts-expect-error u32 is the largest
    lengthPrefixed({ prefix: "u64" });
    // @ts-expect-error "big" or "little"
    lengthPrefixed({ endian: "network" });
    // @ts-expect-error maxLineBytes
    lines({ maxBytes: 1 });
    // @ts-expect-error maxChunkBytes
    bytes({ maxLineBytes: 1 });
  });

  program("and transport and codec are values, in that order", () => {
    // @ts-expect-error a function is no codec; call it
    poller.listen(memory(), lines);
    // @ts-expect-error a function is no transport; call it
    poller.listen(memory, lines());
    // @ts-expect-error the transport comes first
    poller.listen(lines(), memory());
    // @ts-expect-error how messages are cut must be said
    poller.listen(memory());
    expectTypeOf(tcp({ port: 0 })).toExtend<Transport>();
  });
});

describe("connections and listeners are made by the poller alone", () => {
  program("their names are types", () => {
    // @ts-expect-error a connection comes from connect or tryAccept
    new tickwire.Connection();
    // @ts-expect-error a listener comes from listen
    new tickwire.Listener();
    // @ts-expect-error an object of the same shape is no connection
    const fake: Connection<string> = { ...connection };
    return fake;
  });
});

describe("loops", () => {
  program("tell a tick its time and its frame, and answer a report", () => {
    const running = runLoop({
      rateHz: 60,
      poller,
      tick(dtMs, now) {
        expectTypeOf(dtMs).toBeNumber();
        expectTypeOf(now).toEqualTypeOf<LoopFrame>();
        expectTypeOf(now).toExtend<Frame>();
      },
    });
    expectTypeOf(running).toEqualTypeOf<Promise<LoopReport>>();
    expectTypeOf(waitForActivity(poller, 10)).toEqualTypeOf<Promise<boolean>>();
    // @ts-expect-error a loop without a rate
    runLoop({ poller, tick: () => {} });
    // @ts-expect-error a loop without a tick
    runLoop({ rateHz: 60, poller });
    // @ts-expect-error waiting takes a poller
    waitForActivity(connection);
  });

  program("a poller can be held by using, either way", () => {
    expectTypeOf(poller).toExtend<Disposable>();
    expectTypeOf(poller).toExtend<AsyncDisposable>();
  });
});

/** One program. Compiled with the rest, and never run. */
function program(title: string, _compiledOnly: () => unknown): void {
  test(title, () => {});
}
