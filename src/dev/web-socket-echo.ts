import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

const PROTOCOL_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** Takes a handshake and sends every message back (RFC 6455), of up to 64 KiB; a toy, to try the gateway with. */
export function echoWebSocket(req: IncomingMessage, socket: Duplex): void {
  const accept = hash('sha1', `${req.headers['sec-websocket-key']}${PROTOCOL_GUID}`, 'base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  let bytes: Buffer = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (let size = frameSize(bytes); size > 0 && size <= bytes.length; size = frameSize(bytes)) {
      answer(socket, bytes.subarray(0, size));
      bytes = bytes.subarray(size);
    }
  });
}

/** Bytes of the frame that begins here; 0 while its header is not whole. */
function frameSize(bytes: Buffer): number {
  if (bytes.length < 4) return 0;
  const length = (bytes[1] as number) & 0x7f;
  return length === 126 ? 8 + bytes.readUInt16BE(2) : 6 + length;
}

function answer(socket: Duplex, frame: Buffer): void {
  const [first = 0, second = 0] = frame;
  const opcode = first & 0x0f;
  const at = (second & 0x7f) === 126 ? 4 : 2;
  const mask = frame.subarray(at, at + 4);
  const payload = frame.subarray(at + 4).map((byte, index) => byte ^ (mask[index % 4] as number));
  const head = Buffer.from(frame.subarray(0, at));
  head[0] = opcode === PING ? 0x80 | PONG : first;
  head[1] = second & 0x7f;
  socket.write(Buffer.concat([head, payload]));
  if (opcode === CLOSE) socket.end();
}
