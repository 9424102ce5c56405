// A resolver thread that loads for ever: it never says that it is ready.
setInterval(() => undefined, 1000);
