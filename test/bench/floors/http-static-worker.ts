import { createServer } from 'node:http';

// The least that `node:http` can do: one answer for every request, made beforehand.
const BODY = `${JSON.stringify({ decision: true, context: { code: 'org_allow' } })}\n`;
const HEADERS = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(BODY) };

const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, HEADERS).end(BODY);
});
server.listen(process.argv[2]);
