/**
 * The entries of a recording, in order, each with its frame, its depth in the calls around
 * it, and the connection that it is about. Decides nothing about how they are shown.
 */
import { CALL, END, type Entry, EVENT, isEvent } from "../transport/wrap/log-entry.ts";
import type { LinkValue } from "../transport/wrap/log-values.ts";
import type { Recording } from "../transport/wrap/recording.ts";

/** An entry in its place. */
export interface Step {
  readonly entry: Entry;
  /** How many frames have begun, its own included if it is one. */
  readonly frame: number;
  /** The frame that shows it to the game: the next one, unless it came in the pumps of this one. */
  readonly shownIn: number;
  /**
   * The frame under which it is told, with all that happens in it: one that comes between two
   * frames is the later one's, as that shows it.
   */
  readonly place: number;
  /** How many calls are around it. */
  readonly depth: number;
  /** The link that it is about, if any. */
  readonly link: SeenLink | undefined;
}

/** What is known of a link so far. */
export interface SeenLink {
  /** The number of its connection; 0 if it never becomes one. */
  readonly connection: number;
  /** Whether a listener has accepted it. */
  readonly isAccepted: boolean;
  /** What is on it, in the codec's words; `undefined` where the codec has none. */
  readonly codec: string | undefined;
  value: LinkValue;
}

/** Goes through a recording. */
export function* walk(recording: Recording): Generator<Step, void, undefined> {
  const links = new Map<number, SeenLink>();
  const codecs = new Map<number, string | undefined>();
  const around: number[] = [];
  const numbers = connectionNumbers(recording);
  let frame = 0;
  let place = 0;
  const add = (id: unknown, value: unknown, codec: string | undefined, isAccepted: boolean): void => {
    const connection = numbers.get(id as number) ?? 0;
    links.set(id as number, { connection, isAccepted, codec, value: value as LinkValue });
  };
  for (const entry of recording.entries()) {
    const { kind, target, args } = entry;
    if (kind === END) around.pop();
    if (kind === CALL.poll) frame++;
    if (kind === CALL.listen) codecs.set(args[0] as number, (args[1] as { codec?: string }).codec);
    if (kind === CALL.connect) add(args[0], args[1], (args[1] as { codec?: string }).codec, false);
    if (kind === EVENT.handshaking) codecs.set(args[0] as number, codecs.get(target));
    if (kind === EVENT.incoming || kind === EVENT.admitted) add(args[0], args[1], codecs.get(target), true);
    const made = kind === CALL.connect || kind === EVENT.incoming || kind === EVENT.admitted;
    const link = links.get(made ? (args[0] as number) : target);
    if (link !== undefined && kind === EVENT.info) link.value = args[0] as LinkValue;
    const isInPump = around[0] === CALL.poll || around[0] === CALL.pump;
    const shownIn = isEvent(kind) && !isInPump ? frame + 1 : frame;
    // The core attaches to what a listener is told of at once.
    const isTold = kind === CALL.attach && link?.isAccepted === true;
    if (around.length === 0 && kind !== END) place = isTold ? frame + 1 : shownIn;
    yield { entry, frame, shownIn, place, depth: around.length, link };
    if (entry.isBegun) around.push(kind);
  }
}

/** The numbers of the connections by those of their links: in the order in which somebody listened to them. */
export function connectionNumbers(recording: Recording): ReadonlyMap<number, number> {
  const links = new Set<number>();
  const numbers = new Map<number, number>();
  for (const { kind, target, args } of recording.entries()) {
    if (kind === CALL.connect || kind === EVENT.incoming || kind === EVENT.admitted)
      links.add(args[0] as number);
    else if (kind === CALL.attach && links.has(target) && !numbers.has(target))
      numbers.set(target, numbers.size + 1);
  }
  return numbers;
}
