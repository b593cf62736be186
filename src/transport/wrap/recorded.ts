/**
 * A transport whose links, acceptors and datagram links are recorded.
 *
 *     game ──▶ poller ──▶ recorded ──▶ transport
 *                            └── what was asked and told ──▶ recording
 *
 * Changes nothing: the same calls with the same bytes go on in the same order. The first
 * recorded transport that a poller pumps in a frame records the frame for all of them.
 */
import { kindOf } from "../../check.ts";
import type { NameQuery } from "../../port/name-query.ts";
import type { Pump, Transport } from "../../port/transport.ts";
import { MeasuredLinks } from "./link-measures.ts";
import { CALL, type CallKind, EVENT, NOTE } from "./log-entry.ts";
import { valueOfReason } from "./log-values.ts";
import { RecordedAcceptor } from "./recorded-acceptor.ts";
import { RecordedDatagrams } from "./recorded-datagrams.ts";
import { pumped, RecordedLink, type Recorder } from "./recorded-link.ts";
import { Recording } from "./recording.ts";

/**
 * The same transport with all that is asked of it and told by it written into `recording`,
 * which several may share. `replayed()` plays that again.
 *
 * @throws TypeError when `transport` is none, or `recording` is none
 * @throws RangeError when `recording` was read, and takes nothing more
 */
export function recorded<Wrapped extends Transport>(
  transport: Wrapped,
  recording: Recording,
): RecordedTransport<Wrapped>;
/** The same for a query of the addresses of a name, such as that of `dns()`. */
export function recorded(query: NameQuery, recording: Recording): NameQuery;
export function recorded(wrapped: Transport | NameQuery, recording: Recording): Transport | NameQuery {
  if (!(recording instanceof Recording))
    throw new TypeError(`recording: expected a Recording, got ${kindOf(recording)}`);
  const { ask, listen, connect, bind } = (wrapped ?? {}) as Partial<NameQuery> & Transport;
  if ((ask ?? listen ?? connect ?? bind) === undefined)
    throw new TypeError(`transport: expected one such as tcp({ port }), got ${kindOf(wrapped)}`);
  const recorder = recorderOf(recording);
  return ask === undefined
    ? recordedTransport(wrapped as Transport, recorder)
    : recordedQuery(wrapped as NameQuery, recorder);
}

/** What a transport is when it is recorded: without the controls that are its own, such as those of `memory()`. */
export type RecordedTransport<Wrapped> = Pick<Wrapped, Extract<keyof Wrapped, keyof Transport>>;

/** What all that goes into one recording shares. */
interface FullRecorder extends Recorder {
  /** The pumps of its transports, each by what it calls: transports with the same one share it. */
  readonly pumps: Map<Pump | undefined, NumberedPump>;
  /** The pump that records the frames of a poller: the first one that it has called. */
  readonly leading: WeakMap<object, NumberedPump>;
}

interface NumberedPump {
  readonly id: number;
  readonly pump: Pump;
  /** Those of the links that this side has connected. */
  readonly measured: MeasuredLinks;
}

function recordedTransport(transport: Transport, recorder: FullRecorder): Transport {
  const { journal } = recorder;
  const { framing, sleep, listen, connect, bind } = transport;
  const { id: pumpId, pump, measured } = pumpOf(transport.pump, recorder);
  const id = journal.newId();
  const verbs = VERBS.filter((verb) => transport[verb] !== undefined);
  journal.note(NOTE.transport, id, { verbs, pump: pumpId, ...(framing !== undefined && { framing }) });
  const note = (kind: CallKind, made: number, value: object): void => {
    journal.begin(kind, id, made, value);
    journal.end();
  };
  return {
    ...(listen !== undefined && {
      listen: (codec) => {
        const acceptor = new RecordedAcceptor(recorder, listen.call(transport, codec));
        const has = acceptor.carriesCode === undefined ? [] : ["carriesCode"];
        note(CALL.listen, acceptor.id, { codec, pump: acceptor.pump !== undefined, has });
        return acceptor;
      },
    }),
    ...(connect !== undefined && {
      connect: (codec) => {
        const link = new RecordedLink(recorder, connect.call(transport, codec));
        measured.add(link);
        note(CALL.connect, link.id, { codec, ...link.value });
        return link;
      },
    }),
    ...(bind !== undefined && {
      bind: (codec) => {
        const link = new RecordedDatagrams(recorder, bind.call(transport, codec));
        note(CALL.bind, link.id, { codec, pump: link.pump !== undefined, ...link.rules });
        return link;
      },
    }),
    ...(framing !== undefined && { framing }),
    ...(sleep !== undefined && { sleep }),
    pump,
  };
}

/** The recorded pump for transports with the pump `inner`. */
function pumpOf(inner: Pump | undefined, recorder: FullRecorder): NumberedPump {
  const known = recorder.pumps.get(inner);
  if (known !== undefined) return known;
  const { journal, leading } = recorder;
  const id = journal.newId();
  const measured = new MeasuredLinks();
  const run: Pump = (nowMs, poller, beginsFrame, wake) => {
    const dueInMs = inner?.(nowMs, poller, beginsFrame, wake);
    if (beginsFrame === true) measured.note();
    return dueInMs ?? (journal.isOpen ? Infinity : undefined); // while it is recorded, each frame is wanted
  };
  const made: NumberedPump = {
    id,
    measured,
    pump: (nowMs, poller, beginsFrame, wake) => {
      if (!leading.has(poller)) leading.set(poller, made);
      if (beginsFrame !== true || leading.get(poller) !== made) {
        return pumped(recorder, id, beginsFrame, () => run(nowMs, poller, beginsFrame, wake));
      }
      journal.beginFrame(poller, nowMs);
      try {
        return run(nowMs, poller, beginsFrame);
      } finally {
        journal.end();
      }
    },
  };
  recorder.pumps.set(inner, made);
  return made;
}

function recordedQuery(query: NameQuery, { journal }: Recorder): NameQuery {
  const id = journal.newId();
  journal.note(NOTE.query, id);
  return {
    ask(answer) {
      const asked = journal.newId();
      journal.begin(CALL.ask, id, asked);
      query.ask({
        found(addresses) {
          journal.event(EVENT.found, asked, addresses);
          answer.found(addresses);
        },
        failed(reason) {
          journal.event(EVENT.failed, asked, valueOfReason(reason));
          answer.failed(reason);
        },
      });
      journal.end();
    },
  };
}

function recorderOf(recording: Recording): FullRecorder {
  const known = RECORDERS.get(recording);
  if (known !== undefined) return known;
  const { journal, redact } = recording;
  if (journal === undefined) throw new RangeError("recording: it was read, and takes nothing more");
  const recorder = { journal, redact, pumps: new Map(), leading: new WeakMap() };
  RECORDERS.set(recording, recorder);
  return recorder;
}

const RECORDERS = new WeakMap<Recording, FullRecorder>();
const VERBS = ["listen", "connect", "bind"] as const;
