import type { HiddenValues } from '../lib/hidden-values.ts';
import { isSecretName, REDACTED, redactPath, redactQuery, redactText } from '../lib/redact.ts';

/** What an explanation shows of a request: never a secret, neither of the file nor of the caller. */
export interface Shown {
  text(text: string): string;
  /** A path with its query. */
  target(target: string): string;
  /** A whole address. */
  url(url: string): string;
  /** The value of a header field. */
  field(name: string, value: string): string;
}

/** By the names of secrets, and the places where some route takes a credential, as in the log. */
export function createShown({ hide, places }: Pick<HiddenValues, 'hide' | 'places'>): Shown {
  const text = (shown: string): string => redactText(hide(shown), places.parameters);
  const target = (shown: string): string => {
    const [path = ''] = shown.split('?', 1);
    return redactPath(hide(path)) + redactQuery(hide(shown.slice(path.length)), places.parameters);
  };
  return {
    text,
    target,
    url(url) {
      const [origin = ''] = /^[a-z]+:\/\/[^/?]*/i.exec(url) ?? [];
      return text(origin) + target(url.slice(origin.length));
    },
    field: (name, value) => (isSecretName(name) || places.fields.has(name.toLowerCase()) ? REDACTED : text(value)),
  };
}
