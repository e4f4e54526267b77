import { isUtf8 } from 'node:buffer';
import { findDuplicateKey } from '../lib/duplicate-keys.ts';
import { isJsonType, isXmlType, mediaTypeOf } from '../lib/media-type.ts';
import type { JsonEdits, RenderValue } from './json-edits.ts';
import { MessageFault } from './message-fault.ts';
import type { PublicUrls } from './public-urls.ts';
import { decodeXml } from './xml-charset.ts';
import { MAX_XML_BYTES, readXml, type XmlReading } from './xml-reader.ts';
import { writeXml } from './xml-writer.ts';

/** What a body is to the edits: JSON, XML, another text, or what is not looked into. */
export type BodyForm = 'json' | 'xml' | 'text' | 'other';

/** Other types than `text/*` in which a service's URLs may stand as text. */
const MORE_TEXT = new Set(['application/javascript', 'application/x-javascript', 'application/xhtml+xml']);

/** Of these there is no end to wait for. */
const ENDLESS = new Set(['text/event-stream', 'application/stream+json']);

/** The form of a body by its Content-Type. */
export function formOf(contentType: string | undefined): BodyForm {
  if (ENDLESS.has(mediaTypeOf(contentType))) return 'other';
  if (isJsonType(contentType)) return 'json';
  const type = mediaTypeOf(contentType);
  if (type === 'application/xhtml+xml') return 'text';
  if (isXmlType(contentType)) return 'xml';
  return type.startsWith('text/') || MORE_TEXT.has(type) ? 'text' : 'other';
}

/** Edits of bodies, compiled; the same both ways. */
export interface BodyEdits {
  readonly json: JsonEdits | undefined;
  readonly format: 'json' | 'xml' | undefined;
  readonly reading: XmlReading;
  /** Name of the root of XML that is made of JSON. */
  readonly root: string | undefined;
  /** Whether a body that is not touched must not pass. */
  readonly refusesOthers: boolean;
}

/** Whether edits change a body of that form. */
export function touches({ json, format }: BodyEdits, form: BodyForm): boolean {
  return form === 'json' ? json !== undefined || format === 'xml' : form === 'xml' && format === 'json';
}

/** Whether a body of that form, which none of these edits touches, must not pass one of them. */
export function refusesForm(edits: readonly { readonly body: BodyEdits | undefined }[], form: BodyForm): boolean {
  const bodies = edits.flatMap(({ body }) => body ?? []);
  return bodies.some(({ refusesOthers }) => refusesOthers) && !bodies.some((body) => touches(body, form));
}

/** Whether a body of JSON would be looked at, or changed, by one of these edits. */
export function wantsJson(
  edits: readonly { readonly body: BodyEdits | undefined; readonly looksAtBody: boolean }[],
): boolean {
  return edits.some(({ body, looksAtBody }) => looksAtBody || (body !== undefined && touches(body, 'json')));
}

const JSON_TYPE = 'application/json';
const XML_TYPE = 'application/xml; charset=utf-8';

/** The body of a message on its way through edits, one after the other. */
export class MessageBody {
  /** As it stands now; undefined where it was not said. */
  contentType: string | undefined;
  form: BodyForm;
  #bytes: Buffer;
  #json: unknown;
  /** Whether it is another one than at first. */
  isChanged = false;

  /** `json`: what the bytes say, where they are JSON. */
  constructor(contentType: string | undefined, bytes: Buffer, json: unknown) {
    this.contentType = contentType;
    this.form = formOf(contentType);
    this.#bytes = bytes;
    this.#json = json;
  }

  /** What expressions see: null where it is no JSON. */
  get json(): unknown {
    return this.form === 'json' ? this.#json : null;
  }

  /** Throws `MessageFault`. */
  get bytes(): Buffer {
    return this.form === 'json' && this.isChanged ? Buffer.from(JSON.stringify(this.#json)) : this.#bytes;
  }

  /** First of all edits: XML that is to be JSON. Throws `MessageFault`. */
  toJson({ format, reading }: BodyEdits): void {
    if (format !== 'json' || this.form !== 'xml') return;
    if (this.#bytes.length > MAX_XML_BYTES)
      throw new MessageFault('too large', `a document of XML with more than ${MAX_XML_BYTES} bytes`);
    this.#json = readXml(decodeXml(this.#bytes, this.contentType), reading);
    this.#become('json', JSON_TYPE);
  }

  /** Edits of JSON, and URLs. Throws `MessageFault`, and what `render` does. */
  edit(edits: BodyEdits | undefined, render: RenderValue, urls: PublicUrls | undefined): void {
    const json = edits?.json;
    if (this.form === 'json') {
      if (json === undefined && urls === undefined) return;
      const edited = json === undefined ? this.#json : json.edit(this.#json, render);
      this.#json = urls === undefined ? edited : urls.inJson(edited);
      this.isChanged = true;
    } else if (urls !== undefined && this.form !== 'other') {
      const bytes = urls.inText(this.#bytes);
      this.isChanged ||= !bytes.equals(this.#bytes);
      this.#bytes = bytes;
    }
  }

  /** Last of all edits: JSON that is to be XML. Throws `MessageFault`. */
  toXml({ format, root }: BodyEdits): void {
    if (format !== 'xml' || this.form !== 'json') return;
    this.#bytes = Buffer.from(writeXml(this.#json, root));
    this.#become('xml', XML_TYPE);
  }

  /**
   * After all edits: JSON that nobody has changed is written anew where others may read its bytes otherwise, so that what is
   * sent on is what conditions and values went by.
   */
  settle(): void {
    if (this.form !== 'json' || this.isChanged) return;
    this.isChanged = !isUtf8(this.#bytes) || findDuplicateKey(this.#bytes.toString()) !== undefined;
  }

  /** What the body would become, where there is none (HEAD). */
  pretend({ format }: BodyEdits): void {
    if (format === 'json' && this.form === 'xml') this.#become('json', JSON_TYPE);
    else if (format === 'xml' && this.form === 'json') this.#become('xml', XML_TYPE);
  }

  #become(form: BodyForm, contentType: string): void {
    this.form = form;
    this.contentType = contentType;
    this.isChanged = true;
  }
}
