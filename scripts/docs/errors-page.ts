import { ERROR_GUIDE } from '../../src/error-guide.ts';
import { ERRORS, type ErrorCode, type ErrorRow, PROBLEM_BASE } from '../../src/errors.ts';

const SOURCES = {
  client: 'the caller',
  upstream: 'the service',
  gateway: 'the gateway',
} as const satisfies Record<ErrorRow['source'], string>;

/** docs/errors.md: what the error table says, for a reader who has met a code. */
export function renderErrorsPage(): string {
  const rows = Object.entries<ErrorRow>(ERRORS).map(
    ([code, { status, source, title, advice }]) =>
      `| <a id="${code}"></a>\`${code}\` | ${status} | ${SOURCES[source]} | ${title} | ${advice} |`,
  );
  const guide = Object.entries(ERROR_GUIDE).map(
    ([code, { means, operator }]) => `| [\`${code}\`](#${code as ErrorCode}) | ${cell(means)} | ${cell(operator)} |`,
  );
  return `# Errors

<!-- Written by "npm run docs" from src/errors.ts. -->

An answer that the gateway makes itself is \`application/problem+json\` (RFC 9457):

\`\`\`json
{
  "type": "${PROBLEM_BASE}rate_limited",
  "title": "Too many requests",
  "status": 429,
  "detail": "Wait for the seconds in Retry-After.",
  "instance": "/api/orders",
  "code": "rate_limited",
  "requestId": "0f8c1e6a5b7d4c3e9a2b1d0c",
  "traceId": "4bf92f3577b34da6a3ce929d0e0e4736"
}
\`\`\`

Programs decide by \`code\`, which never changes its meaning; \`requestId\` finds the line in the log, and \`traceId\` the [trace](tracing.md). \`Proxy-Status\`
(RFC 9209) stands on all of them and says of which kind they are, \`turnpike; error=http_request_denied\` for one. An error
that a service has answered itself comes through as it is, without it, unless the route says otherwise; and bodies may have
other words, by the file's own ([answers](answers.md#errors)).

| code | status | caused by | title | what to do |
|---|---|---|---|---|
${rows.join('\n')}

499 is seen in the log alone.

\`type\` is the same on every gateway unless \`ERRORS_URL\` says otherwise: it is put before the code. The admin port has a page
for each code, which needs no token, so \`ERRORS_URL=http://localhost:9901/errors/\` makes \`type\` a link that leads somewhere; pages
of your own will do as well.

\`\`\`sh
curl localhost:9901/errors/circuit_open
npm run turnpike -- errors circuit_open
npm run turnpike -- errors --status 503
\`\`\`

## For operators

| code | what it means | what to do |
|---|---|---|
${guide.join('\n')}
`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
