import { FINDING_GROUPS, type FindingRow } from '../../src/findings.ts';

/** The heading of the part of docs/checking.md that is written here; what stands above it is a person's. */
const HEADING = '## Every finding\n';

const INTRODUCTION = `${HEADING}
<!-- From here on written by "npm run docs" from src/findings.ts. -->

A star: a setting decides too, so that it may be found on one machine and not on the next.
`;

/** The page with its generated part made anew. */
export function renderCheckingPage(page: string): string {
  const handwritten = page.split(HEADING, 1)[0] ?? '';
  const tables = Object.entries<Readonly<Record<string, FindingRow>>>(FINDING_GROUPS).map(renderTable);
  return `${handwritten.trimEnd()}\n\n${INTRODUCTION}\n${tables.join('\n')}`;
}

function renderTable([title, findings]: readonly [string, Readonly<Record<string, FindingRow>>]): string {
  const rows = Object.entries(findings).map(([id, { severity, title: found, fix, bySettings }]) => {
    const star = bySettings === true ? ' *' : '';
    return `| <a id="${id}"></a>\`${id}\`${star} | ${severity} | ${found} | ${fix} |`;
  });
  return `### ${title}\n\n| id | severity | what is found | what to do |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}
