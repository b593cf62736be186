/** A game that names itself in `workerFile` by mistake. */
import { lines, Poller, tcp, threaded } from "../../../src/index.ts";

const workerFile = new URL(import.meta.url);
new Poller().listen(threaded(tcp({ host: "127.0.0.1", port: 0 }), { workerFile }), lines());
