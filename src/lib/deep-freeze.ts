/** Freezes plain values with all that is in them: objects and arrays, as JSON has them. */
export function deepFreeze<T>(value: T): T {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one !== 'object' || one === null || Object.isFrozen(one) || ArrayBuffer.isView(one)) continue;
    Object.freeze(one);
    for (const member of Object.values(one)) open.push(member);
  }
  return value;
}
