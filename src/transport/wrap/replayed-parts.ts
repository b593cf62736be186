/**
 * The other parts of a replay: acceptors, datagram links, and queries for names. As links
 * do, they tell what was told, and compare what is asked.
 */
import type { Acceptor, AcceptorEvents, Handshake } from "../../port/acceptor.ts";
import type { Address } from "../../port/address.ts";
import type { DatagramEvents, DatagramLink, Destination } from "../../port/datagram-link.ts";
import type { NameAnswer, NameQuery } from "../../port/name-query.ts";
import { problemOfDestination, problemOfGroup } from "../../port/subject.ts";
import { CALL, type CallKind, type Entry, EVENT } from "./log-entry.ts";
import { type LinkValue, reasonOfValue } from "./log-values.ts";
import { destinationOf } from "./recorded-datagrams.ts";
import { firstDifference, type ReplayTarget } from "./replay-divergence.ts";
import { LOCAL, type Player, ReplayedLink, replayedCarriesCode } from "./replayed-link.ts";

/** An acceptor of a replay. */
export class ReplayedAcceptor implements Acceptor, ReplayTarget {
  declare carriesCode?: (code: number) => boolean;
  readonly #player: Player;
  readonly #id: number;
  #events: AcceptorEvents | undefined;

  /** @param has the calls that not every acceptor has, and this one had */
  constructor(player: Player, id: number, has: readonly string[]) {
    this.#player = player;
    this.#id = id;
    player.script.targets.set(id, this);
    if (has.includes("carriesCode"))
      this.carriesCode = (code) => replayedCarriesCode(player.script, id, code);
  }

  attach(events: AcceptorEvents): void {
    this.#events = events;
    this.#player.script.call(CALL.attach, this.#id);
  }

  close(): void {
    this.#player.script.call(CALL.close, this.#id);
  }

  beginTimedDrain(): number | undefined {
    const { script } = this.#player;
    const visited = script.beginCall(CALL.drain, this.#id)?.args[0];
    return script.state === "running" ? (visited as number | undefined) : undefined;
  }

  endTimedDrain(): void {
    this.#player.script.endCall();
  }

  pump(_nowMs: number, _poller?: object, beginsFrame?: boolean): number {
    if (beginsFrame === true) this.#player.script.pump(this.#id);
    return Infinity;
  }

  tell({ kind, args: [first, second] }: Entry): void {
    const events = this.#events;
    if (events === undefined) return;
    if (kind === EVENT.listening) events.listening(first as Address | undefined);
    else if (kind === EVENT.incoming) events.incoming(linkOf(this.#player, first, second));
    else if (kind === EVENT.rejected) events.rejected(reasonOfValue(first as never));
    else if (kind === EVENT.closed) events.closed(reasonOfValue(first as never));
    else if (kind === EVENT.handshaking)
      this.#shakeHands(events, first as number, second as Address | undefined);
  }

  #shakeHands(events: AcceptorEvents, id: number, from: Address | undefined): void {
    const { script } = this.#player;
    let handshake: Handshake | undefined;
    const told: Entry[] = []; // while `handshaking` runs
    const tell = (entry: Entry): void => {
      if (handshake === undefined) told.push(entry);
      else tellHandshake(this.#player, handshake, entry);
    };
    script.targets.set(id, { tell });
    handshake = events.handshaking(from, () => void script.call(CALL.drop, id));
    for (const entry of told) tell(entry);
  }
}

function tellHandshake(player: Player, handshake: Handshake, { kind, args: [first, second] }: Entry): void {
  if (kind === EVENT.identified) handshake.identified(first as Address | undefined);
  else if (kind === EVENT.admitted) handshake.incoming(linkOf(player, first, second));
  else if (kind === EVENT.rejected) handshake.rejected(reasonOfValue(first as never));
}

function linkOf(player: Player, id: unknown, value: unknown): ReplayedLink {
  return new ReplayedLink(player, id as number, value as LinkValue);
}

/** A datagram link of a replay. */
export class ReplayedDatagrams implements DatagramLink, ReplayTarget {
  declare refuse?: (to: Destination) => string | undefined;
  declare refuseGroup?: (group: string, within?: string) => string | undefined;
  sentBytes = 0;
  readonly #player: Player;
  readonly #id: number;
  #events: DatagramEvents | undefined;
  #isClosed = false;

  /** @param has what it could send to beside ports, as `rules` of the recorded one says */
  constructor(player: Player, id: number, has: readonly string[]) {
    this.#player = player;
    this.#id = id;
    player.script.targets.set(id, this);
    if (!has.includes("subjects")) return;
    this.refuse = (to) => problemOfDestination(to, has.includes("ports"));
    this.refuseGroup = problemOfGroup;
  }

  attach(events: DatagramEvents): void {
    this.#events = events;
    this.#player.script.call(CALL.attach, this.#id);
  }

  send(given: Uint8Array, to: Destination | undefined): void {
    const { redact, script } = this.#player;
    const bytes = redact?.(given, { direction: "sent", remoteAddress: undefined }) ?? given;
    const destination = JSON.stringify(to && destinationOf(to));
    const entry = script.call(CALL.send, this.#id, bytes, ({ args: [recorded, then] }) => {
      const at = firstDifference(recorded as Uint8Array, bytes);
      if (at !== undefined) return { actual: bytes, at };
      if (JSON.stringify(then) === destination) return undefined;
      return {
        actual: bytes,
        message: `a datagram went to ${destination} instead of ${JSON.stringify(then)}`,
      };
    });
    this.sentBytes += given.length;
    if (entry === undefined) this.#events?.sent(given.length);
  }

  join(group: string, within?: string): void {
    this.#player.script.call(CALL.join, this.#id, undefined, sameJson([group, within]));
  }

  leave(group: string, within?: string): void {
    this.#player.script.call(CALL.leave, this.#id, undefined, sameJson([group, within]));
  }

  close(): void {
    this.#end(CALL.close);
  }

  abort(): void {
    this.#end(CALL.abort);
  }

  pump(_nowMs: number, _poller?: object, beginsFrame?: boolean): number {
    if (beginsFrame === true) this.#player.script.pump(this.#id);
    return Infinity;
  }

  tell({ kind, args: [first, second, third] }: Entry): void {
    const events = this.#events;
    if (events === undefined || this.#isClosed) return;
    if (kind === EVENT.bound) events.bound(first as Address | undefined, second as Address | undefined);
    else if (kind === EVENT.datagram)
      events.received(first as Uint8Array, second as Address, third as string | undefined);
    else if (kind === EVENT.lost) events.lost(first as number);
    else if (kind === EVENT.suspended) events.suspended();
    else if (kind === EVENT.resumed) events.resumed();
    else if (kind === EVENT.trouble) events.trouble(reasonOfValue(first as never));
    else if (kind === EVENT.sent) events.sent(first as number);
    else if (kind === EVENT.failed) events.failed(reasonOfValue(first as never));
    else if (kind === EVENT.closed) {
      this.#isClosed = true;
      events.closed(reasonOfValue(first as never));
    }
  }

  #end(kind: CallKind): void {
    const { script } = this.#player;
    const entry = script.call(kind, this.#id);
    if (entry !== undefined || script.state === "running" || this.#isClosed) return;
    this.#isClosed = true;
    this.#events?.closed(LOCAL);
  }
}

/** A query of a replay. */
export function replayedQuery(player: Player, id: number): NameQuery {
  return {
    ask(answer) {
      const entry = player.script.call(CALL.ask, id);
      if (entry === undefined) return;
      player.script.targets.set(entry.args[0] as number, { tell: (told) => tellAnswer(answer, told) });
    },
  };
}

function tellAnswer(answer: NameAnswer, { kind, args: [first] }: Entry): void {
  if (kind === EVENT.found) answer.found(first as readonly Address[]);
  else if (kind === EVENT.failed) answer.failed(reasonOfValue(first as never));
}

/** Whether a call has the arguments that it had. */
function sameJson(given: unknown): (entry: Entry) => { readonly message: string } | undefined {
  const now = JSON.stringify(given);
  return ({ args: [recorded] }) => {
    const then = JSON.stringify(recorded);
    return then === now ? undefined : { message: `a group is ${now} instead of ${then}` };
  };
}
