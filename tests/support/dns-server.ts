import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

/** A record of a name: `ttl` in seconds. */
export type DnsRecord =
  | { readonly type: 'A' | 'AAAA'; readonly address: string; readonly ttl: number }
  | {
      readonly type: 'SRV';
      readonly name: string;
      readonly port: number;
      readonly priority?: number;
      readonly weight?: number;
      readonly ttl: number;
    };

/** How the server answers: honestly, with an error, with bytes that are no answer, or not at all. */
export type DnsMood = 'honest' | 'servfail' | 'garbage' | 'silent';

export interface TestDnsServer {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Questions so far, as `TYPE name`. */
  readonly questions: readonly string[];
  /** The records by name; a name that is missing does not exist. */
  records: Readonly<Record<string, readonly DnsRecord[]>>;
  mood: DnsMood;
}

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 28: 'AAAA', 33: 'SRV' };
const NUMBERS = { A: 1, AAAA: 28, SRV: 33 } as const;
const NXDOMAIN = 3;
const SERVFAIL = 2;
/** A response to a recursive question, from a server that recurses. */
const RESPONSE_FLAGS = 0x8180;

/** A name server over UDP that knows what the test tells it (RFC 1035). */
export async function startDnsServer(t: Pick<TestContext, 'after'>): Promise<TestDnsServer> {
  const socket = createSocket('udp4');
  const questions: string[] = [];
  const server = { address: '', questions, records: {} as TestDnsServer['records'], mood: 'honest' as DnsMood };
  socket.on('message', (message: Buffer, peer: RemoteInfo) => {
    const { name, type, end } = readQuestion(message);
    questions.push(`${type} ${name}`);
    const answer = compose(message.subarray(0, end), name, type, server);
    if (answer !== undefined) socket.send(answer, peer.port, peer.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  server.address = `127.0.0.1:${socket.address().port}`;
  t.after(() => void socket.close());
  return server;
}

function compose(question: Buffer, name: string, type: string, server: TestDnsServer): Buffer | undefined {
  if (server.mood === 'silent') return undefined;
  const head = Buffer.from(question);
  if (server.mood === 'garbage') return head.subarray(0, 14);
  const records = server.records[name];
  const rcode = server.mood === 'servfail' ? SERVFAIL : records === undefined ? NXDOMAIN : 0;
  const answers = rcode === 0 ? (records ?? []).filter((record) => record.type === type).map(renderRecord) : [];
  head.writeUInt16BE(RESPONSE_FLAGS | rcode, 2);
  head.writeUInt16BE(answers.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...answers]);
}

function readQuestion(message: Buffer): { name: string; type: string; end: number } {
  const labels: string[] = [];
  let offset = 12;
  for (let length = message.readUInt8(offset); length > 0; length = message.readUInt8(offset)) {
    labels.push(message.toString('latin1', offset + 1, offset + 1 + length).toLowerCase());
    offset += 1 + length;
  }
  return { name: labels.join('.'), type: TYPES[message.readUInt16BE(offset + 1)] ?? '?', end: offset + 5 };
}

function renderRecord(record: DnsRecord): Buffer {
  const content = record.type === 'SRV' ? renderSrv(record) : renderAddress(record.address);
  const head = Buffer.alloc(12);
  // A pointer to the question's name, which stands right after the header.
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(NUMBERS[record.type], 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(record.ttl, 6);
  head.writeUInt16BE(content.length, 10);
  return Buffer.concat([head, content]);
}

function renderSrv({ name, port, priority = 1, weight = 1 }: Extract<DnsRecord, { type: 'SRV' }>): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt16BE(priority, 0);
  head.writeUInt16BE(weight, 2);
  head.writeUInt16BE(port, 4);
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    head,
    ...labels.map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`)),
    Buffer.alloc(1),
  ]);
}

function renderAddress(address: string): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [before = '', after = ''] = address.split('::');
  const groups = (text: string) => text.split(':').filter((group) => group !== '');
  const zeros = Array.from({ length: 8 - groups(before).length - groups(after).length }, () => '0');
  return Buffer.from(
    [...groups(before), ...zeros, ...groups(after)].map((group) => group.padStart(4, '0')).join(''),
    'hex',
  );
}
