import { createHash } from 'node:crypto';

/** Shorter values are no secrets, and blotting them out would make everything unreadable. */
const MIN_SECRET_CHARS = 4;
/** Beyond this a value is a certificate or a list of them: it is never part of an address. */
const MAX_ADDRESS_CHARS = 4096;
const MAX_LABELS = 1000;
const MAX_LABEL_CHARS = 256;

/** Takes the values of secrets out of a text that is displayed: the placeholders that stand for them are shown. */
export type Hide = (text: string) => string;

/** Where credentials are carried on some route: names in small letters. */
export interface CredentialPlaces {
  /** Parameters of queries. */
  readonly parameters: ReadonlySet<string>;
  /** Header fields. */
  readonly fields: ReadonlySet<string>;
}

/** The secret values of one configuration. */
export interface Hidden {
  readonly hide: Hide;
  /** False where there is nothing to hide. */
  readonly hidesAny: boolean;
  /** SHA-256 in hex over placeholders and values: the same where the very same is hidden. */
  readonly id: string;
  /** `${ENV:…}` and `${FILE:…}`, as they are written. */
  readonly placeholders: ReadonlySet<string>;
}

/** @param resolved values of `${ENV:…}` and `${FILE:…}`, by placeholder. */
export function createHidden(resolved: ReadonlyMap<string, string>): Hidden {
  const hash = createHash('sha256');
  const placeholders = new Map<string, string>();
  for (const [placeholder, value] of resolved) {
    hash.update(`${placeholder}=${value}\n`);
    for (const form of formsOf(value)) {
      if (form.length >= MIN_SECRET_CHARS && !placeholders.has(form)) placeholders.set(form, placeholder);
    }
  }
  // The longest first: one secret may be the beginning of another.
  const secrets = [...placeholders].sort(([a], [b]) => b.length - a.length);
  return {
    hide: (text) => hideFrom(0, text, secrets),
    hidesAny: secrets.length > 0,
    id: hash.digest('hex'),
    placeholders: new Set(resolved.keys()),
  };
}

/** Cuts the text at each secret in turn, so that no placeholder is searched for the next one. */
function hideFrom(first: number, text: string, secrets: readonly (readonly [string, string])[]): string {
  for (let index = first; index < secrets.length; index += 1) {
    const [value, placeholder] = secrets[index] as readonly [string, string];
    if (!text.includes(value)) continue;
    const parts = text.split(value);
    return parts.map((part) => hideFrom(index + 1, part, secrets)).join(placeholder);
  }
  return text;
}

/** How a value may come to be displayed: as it is, quoted in a message, in small letters, or as a part of an address. */
function formsOf(value: string): Set<string> {
  const forms = new Set([value, value.trim()]);
  if (value.length > MAX_ADDRESS_CHARS) return forms;
  forms.add(JSON.stringify(value).slice(1, -1)).add(value.toLowerCase());
  forms.add(encodeURIComponent(value.toWellFormed()));
  for (const start of ['', 'http://', 'http://h/']) {
    const url = URL.parse(start + value);
    if (url !== null) forms.add(url.href.slice(start.length).replace(/\/$/, ''));
  }
  return forms;
}

type Expected = Hidden & { readonly places: CredentialPlaces };

const NOWHERE: CredentialPlaces = { parameters: new Set(), fields: new Set() };

/**
 * What must not be displayed at the moment: the secrets of the configuration in force, of the one before it, whose
 * requests may still be under way, and of the one that is being loaded. Everything that shows a text goes through it.
 */
export class HiddenValues {
  #before: Expected | undefined;
  #inForce: Expected | undefined;
  #next: Expected | undefined;
  #all: readonly Hide[] = [];
  #places: CredentialPlaces = NOWHERE;
  readonly #labels = new Map<string, string>();

  /** This configuration is being loaded; it takes the place of one that came to nothing. */
  expect(next: Hidden | undefined, places: CredentialPlaces = NOWHERE): void {
    this.#next = next && { ...next, places };
    this.#gather();
  }

  /**
   * Where some route takes a credential. What stands there is one on all routes, and where no route takes the request: a
   * key is a key as well in a path that is misspelt.
   */
  get places(): CredentialPlaces {
    return this.#places;
  }

  /** What was expected is in force. */
  settle(): void {
    this.#before = this.#inForce;
    this.#inForce = this.#next;
    this.#next = undefined;
    this.#gather();
  }

  readonly hide: Hide = (text) => {
    let shown = text;
    for (const hide of this.#all) shown = hide(shown);
    return shown;
  };

  /** The same for one of few texts that are displayed again and again: it is looked through once. */
  label<T extends string | undefined>(text: T): T | string {
    if (text === undefined || this.#all.length === 0) return text;
    const known = this.#labels.get(text);
    if (known !== undefined) return known;
    const shown = this.hide(text);
    if (text.length > MAX_LABEL_CHARS) return shown;
    if (this.#labels.size >= MAX_LABELS) this.#labels.clear();
    this.#labels.set(text, shown);
    return shown;
  }

  #gather(): void {
    const all = new Map<string, Hide>();
    const known = [this.#next, this.#inForce, this.#before].filter((one) => one !== undefined);
    for (const hidden of known) if (hidden.hidesAny) all.set(hidden.id, hidden.hide);
    this.#all = [...all.values()];
    this.#places = {
      parameters: new Set(known.flatMap(({ places }) => [...places.parameters])),
      fields: new Set(known.flatMap(({ places }) => [...places.fields])),
    };
    this.#labels.clear();
  }
}
