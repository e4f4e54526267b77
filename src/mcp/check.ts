import { checkList } from '../limits/check.ts';
import type { McpOptions, McpRuleOption } from './options.ts';

type Path = readonly (string | number)[];
type Report = (path: Path, message: string, hint?: string) => void;

interface McpRoute {
  readonly mcp?: McpOptions | undefined;
  readonly auth?: { readonly mode: string } | undefined;
  readonly shadow?: readonly string[] | undefined;
}

interface WrittenRule {
  readonly rule: McpRuleOption;
  readonly path: Path;
}

const KINDS = ['tools', 'prompts', 'resources', 'methods'] as const;
const PROVEN = ['roles', 'scopes', 'claims', 'consumers'] as const;

/** Reports rules that nobody could meet, and limits that nobody could reach; each rule goes to `checkRule` too. */
export function checkMcpRoute(route: McpRoute, at: Path, report: Report, checkRule: CheckRule): void {
  if (route.mcp === undefined) return;
  for (const kind of KINDS) {
    const rules = route.mcp[kind];
    if (rules === undefined || Object.keys(rules).length > 0) continue;
    report([...at, 'mcp', kind], `no rule, so that none of the ${kind} would pass`, 'leave it out, or add "*": {}');
  }
  for (const { rule, path } of rulesOf(route.mcp, [...at, 'mcp'])) {
    checkRule(rule, path);
    checkList([...path, 'rateLimits'], rule.rateLimits ?? [], report);
    checkCaller(rule, path, route, report, at);
  }
}

type CheckRule = (rule: McpRuleOption, path: Path) => void;

function rulesOf(options: McpOptions, at: Path): readonly WrittenRule[] {
  return KINDS.flatMap((kind) =>
    Object.entries(options[kind] ?? {}).flatMap(([name, rule]) =>
      rule === false ? [] : [{ rule, path: [...at, kind, name] }],
    ),
  );
}

function checkCaller(rule: McpRuleOption, path: Path, { auth, shadow = [] }: McpRoute, report: Report, at: Path): void {
  const asked = PROVEN.find((key) => rule[key] !== undefined);
  if (asked === undefined) return;
  if (auth?.mode === 'none') {
    const message = `the route has auth "none", so there is no caller to have "${asked}"`;
    report(path, message, 'name a scheme in "auth", or ask for nothing');
  } else if (shadow.includes('authenticate') && !shadow.includes('mcp')) {
    const message = '"mcp" needs a proven caller, and "authenticate" is only reported';
    report([...at, 'shadow'], message, 'name "mcp" in "shadow" too');
  }
}

/** Reports a route that tries out only one of the two steps that charge the same limits. */
export function checkMcpShadow({ mcp, shadow = [] }: McpRoute, at: Path, report: Report): void {
  const [own, whole] = [shadow.includes('mcpLimit'), shadow.includes('rateLimit')];
  if (mcp === undefined) {
    if (own) report(at, 'the route has no "mcp", so there is nothing for "mcpLimit" to report', 'leave "mcpLimit" out');
  } else if (own !== whole) {
    const message = '"mcpLimit" charges the limits of "rateLimit": both are tried out, or none';
    report(at, message, own ? 'add "rateLimit"' : 'add "mcpLimit"');
  }
}
