/** `turnpike` where a command of it follows, as in `turnpike key create`. */
const CALLS =
  /\bturnpike (?=(?:start|check|explain|test|what-if|debug-token|diff|init|openapi|schema|key|token|usage|help|--version)\b)/g;

/**
 * How a person types `turnpike` here: a clone has no command of that name, only the script, and a package that is
 * installed in a folder has it only for npx. npm tells which one it ran.
 */
export function commandIn(env: NodeJS.ProcessEnv): string {
  const { npm_lifecycle_event: script, npm_package_name: project } = env;
  if (script === undefined) return 'turnpike';
  const isOwn = script === 'turnpike' || (script !== 'npx' && project === 'turnpike');
  return isOwn ? 'npm run turnpike --' : 'npx turnpike';
}

/** A text of ours whose commands can be typed as they stand. */
export function asTyped(text: string, env: NodeJS.ProcessEnv): string {
  return text.replace(CALLS, () => `${commandIn(env)} `);
}
