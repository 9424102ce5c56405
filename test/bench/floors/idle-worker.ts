// A Node process that has nothing to do, for what is preloaded into it.
setInterval(() => undefined, 60_000);
