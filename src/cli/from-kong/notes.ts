import { withoutControls } from '../../lib/printable.ts';

/** `lost`: it is not there any more; `changed`: it is there and means something else; `told`: good to know. */
type Kind = 'lost' | 'changed' | 'told';

interface Note {
  readonly kind: Kind;
  readonly line: number;
  readonly text: string;
}

/** What somebody has to know of what was taken over, and what was not; each once. Never holds a secret. */
export class Notes {
  readonly #notes = new Map<string, Note>();

  /** What could not be taken over, and why. */
  lost(line: number, text: string): void {
    this.#add('lost', line, text);
  }

  /** What means something else now. */
  changed(line: number, text: string): void {
    this.#add('changed', line, text);
  }

  told(line: number, text: string): void {
    this.#add('told', line, text);
  }

  get lostCount(): number {
    return this.#listOf('lost').length;
  }

  /** For a person: by kind, each with its line in the file. */
  lines(): readonly string[] {
    const heads: readonly (readonly [Kind, string])[] = [
      ['lost', 'Not taken over:'],
      ['changed', 'Taken over with another meaning:'],
      ['told', 'Good to know:'],
    ];
    return heads.flatMap(([kind, head]) => {
      const list = this.#listOf(kind).sort((a, b) => a.line - b.line);
      return list.length === 0 ? [] : [head, ...list.map(renderNote)];
    });
  }

  #listOf(kind: Kind): Note[] {
    return [...this.#notes.values()].filter((note) => note.kind === kind);
  }

  #add(kind: Kind, line: number, text: string): void {
    const note = { kind, line, text: withoutControls(text) };
    this.#notes.set(`${kind} ${line} ${note.text}`, note);
  }
}

function renderNote({ line, text }: Note): string {
  return line === 0 ? `- ${text}` : `- line ${line}: ${text}`;
}
