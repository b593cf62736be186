/** A file that a game names in `workerFile` by mistake: it ends, and does nothing. */
export {};
