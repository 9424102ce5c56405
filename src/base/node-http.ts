/**
 * Node's own. `import … from 'node:http'` reads every export once, and one of them loads all of undici: 45 ms of a start
 * for something that nobody here uses.
 */
export const { request, STATUS_CODES } = process.getBuiltinModule('node:http');
