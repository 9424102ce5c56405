const PORT = /^[1-9][0-9]{0,4}$/;
const MAX_PORT = 65535;

/** Reads the port after `host:` in a rule; a string says what is wrong with it and what to write instead. */
export function readPort(text: string, host: string): number | string {
  const port = Number(text);
  if (PORT.test(text) && port <= MAX_PORT) return port;
  if (text === '') return `has a \`:\` without a port: write \`${host}\` for every port or \`${host}:443\` for one`;
  if (text === '*') return `has a port wildcard: write \`${host}\`, which means every port`;
  if (/^[0-9]+-[0-9]*$/.test(text))
    return `has a port range: write one resource a port, such as \`${host}:${parseInt(text, 10)}\``;
  if (/^0+[1-9][0-9]{0,4}$/.test(text)) return `has a port with leading zeros: write \`${host}:${port}\``;
  return `has no port from 1 to ${MAX_PORT} after its \`:\`: write for instance \`${host}:443\``;
}
