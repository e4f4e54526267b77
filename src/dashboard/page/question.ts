/** What `POST /explain` takes: a curl line as it is, or a request by its parts. */
export type Question =
  | { readonly curl: string }
  | {
      readonly method: string;
      readonly url: string;
      readonly headers: Readonly<Record<string, readonly string[]>>;
      readonly body?: string;
    };

const METHOD = /^[A-Z][A-Z-]*$/i;

/**
 * Reads what somebody has pasted: a curl line, which the gateway reads as its command line does; or method and URL,
 * header fields below, and a body behind an empty line. Throws an Error in words for a person.
 */
export function readQuestion(text: string): Question {
  const trimmed = text.trim();
  if (trimmed === '') throw new Error('Paste a curl line, or write a method and a URL.');
  if (/^(?:\$\s*)?curl\s/.test(trimmed)) return { curl: trimmed.replace(/^\$\s*/, '') };
  const [first = '', ...rest] = trimmed.split(/\r?\n/);
  const words = first.trim().split(/\s+/);
  // As it is copied from a trace: with the version behind the target.
  if (/^HTTP\/\d/.test(words.at(-1) ?? '')) words.pop();
  const [method, url] = words.length === 1 ? ['GET', words[0]] : words;
  if (method === undefined || url === undefined || words.length > 2 || !METHOD.test(method)) {
    throw new Error(`"${first}" is no request: write a method and a URL, as in GET /api/orders/7.`);
  }
  const end = rest.findIndex((line) => line.trim() === '');
  const fields = end < 0 ? rest : rest.slice(0, end);
  const body = end < 0 ? '' : rest.slice(end + 1).join('\n');
  return {
    method: method.toUpperCase(),
    url: url.startsWith('/') || /^https?:\/\//i.test(url) ? url : `http://${url}`,
    headers: readFields(fields),
    ...(body !== '' && { body }),
  };
}

function readFields(lines: readonly string[]): Record<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0) throw new Error(`"${line}" is no header field: write Name: value.`);
    const name = line.slice(0, colon).trim();
    fields.set(name, [...(fields.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  return Object.fromEntries(fields);
}
