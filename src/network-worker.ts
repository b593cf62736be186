/**
 * The network thread: the file that a `threaded()` transport starts as a worker. An entry
 * of its own, so that a bundle can have it beside the program. Has no names, and one call.
 */
import { runNetworkThread } from "./transport/thread/worker/worker-loop.ts";

runNetworkThread();
