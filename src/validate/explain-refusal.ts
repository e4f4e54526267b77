import type { ProblemEntry } from '../errors.ts';
import type { Complaints } from '../lib/complaints.ts';

/** Names in it are the client's. */
const MAX_POINTER_CHARS = 100;

/** The first of the faults in a few words, and how many more there are. */
export function summarize(faults: readonly ProblemEntry[]): string {
  const [first] = faults;
  if (first === undefined) return 'valid';
  const more = faults.length === 1 ? '' : `, and ${faults.length - 1} more`;
  const pointer = first.pointer?.slice(0, MAX_POINTER_CHARS) ?? '';
  return `${first.in ?? ''} ${pointer} ${first.detail}${more}`.replaceAll(/ +/g, ' ').trim();
}

/** Tells, once a minute, what a shadowed stage would have refused: the code alone says too little to mend a schema by. */
export function tellShadowed(complaints: Complaints, route: string, faults: readonly ProblemEntry[]): void {
  if (faults.length > 0) complaints.say(`route ${route}: a request is not as its schema has it`, summarize(faults));
}
