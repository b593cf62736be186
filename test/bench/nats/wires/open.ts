/** Opens a wire by its name. */
import type { NatsTask, WireName } from "../works.ts";
import { openByHand } from "./by-hand.ts";
import { openRaw } from "./raw.ts";
import { openDatagrams, openStreams, openTcp } from "./tickwire.ts";
import type { Place, Side, Wire } from "./wire.ts";

export function openWire(name: WireName, place: Place, side: Side, task: NatsTask): Promise<Wire> {
  switch (name) {
    case "tcp":
      return openTcp(place, side);
    case "hand":
      return openByHand(place, side);
    case "nats":
      return openDatagrams(place, side);
    case "streams":
      return openStreams(place, side);
    default:
      return openRaw(place, side, { gateway: "sizeBytes" in task ? task.sizeBytes : 0, world: COUNT_BYTES });
  }
}

/** What a world answers in a flood: how many messages it has. */
export const COUNT_BYTES = 8;
