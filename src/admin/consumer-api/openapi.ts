export function describeOpenApi(): object {
  return {};
}
