/**
 * A wire that breaks again and again: each link of a transport is dropped after some pieces,
 * which a session must not show to its game.
 */

import type { Transport } from "../../src/index.ts";
import type { Link, LinkEvents } from "../../src/port/link.ts";
import type { SeededRandom } from "../soak/seeded-random.ts";

/** The same transport, whose links break; never before their first piece, with which a session begins. */
export function cutting(transport: Transport, random: SeededRandom): Transport {
  const connect = transport.connect?.bind(transport);
  if (connect === undefined) throw new Error("it cannot connect");
  const { pump } = transport;
  return { ...(pump && { pump }), connect: (codec) => breaking(connect(codec), random) };
}

function breaking(link: Link, random: SeededRandom): Link {
  const attach = link.attach.bind(link);
  let piecesLeft = random.pick([2, 5, 20, 100]);
  link.attach = (events: LinkEvents) =>
    attach({
      opened: () => events.opened(),
      received(bytes) {
        events.received(bytes);
        if (--piecesLeft === 0) link.abort();
      },
      partial: (sizeBytes) => events.partial(sizeBytes),
      drained: (sizeBytes) => events.drained(sizeBytes),
      suspended: () => events.suspended(),
      resumed: () => events.resumed(),
      ended: (reason) => events.ended(reason),
      closed: (reason) => events.closed(reason),
    });
  return link;
}
