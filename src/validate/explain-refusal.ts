import type { ProblemEntry } from '../errors.ts';
import type { Complaints } from '../lib/complaints.ts';

/** The first of the faults in a few words, and how many more there are. */
export function summarize(faults: readonly ProblemEntry[]): string {
  const [first] = faults;
  if (first === undefined) return 'valid';
  const more = faults.length === 1 ? '' : `, and ${faults.length - 1} more`;
  return `${first.in ?? ''} ${first.pointer ?? ''} ${first.detail}${more}`.replaceAll(/ +/g, ' ');
}

/** Tells, once a minute, what a shadowed stage would have refused: the code alone says too little to mend a schema by. */
export function tellShadowed(complaints: Complaints, route: string, faults: readonly ProblemEntry[]): void {
  if (faults.length > 0) complaints.say(`route ${route}: a request is not as its schema has it`, summarize(faults));
}
