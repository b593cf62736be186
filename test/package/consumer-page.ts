// A page in TypeScript, as a user of the package writes it. Compiled under the condition "browser", and bundled.
import { Poller, websocket } from "tickwire";
import { Poller as PagePoller } from "tickwire/browser";
import { chat, lastLine } from "./consumer-shared.ts";

const net = new Poller();
if (globalThis.location !== undefined) console.log(lastLine(net.connect(websocket("/play"), chat)));
console.log(
  Poller === PagePoller ? "one poller" : "two pollers",
  "listen" in net ? "for Node" : "for a page",
);

// @ts-expect-error a page cannot listen
export const listen = () => net.listen(websocket("/play"), chat);
