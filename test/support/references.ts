import { isObject } from '../../lib/json.ts';

/** All names that a part of a template refers to, in Ref, Fn::GetAtt, Fn::Sub and conditions of Fn::If. */
export function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]): string[] => {
    // SAM has Ref for Function.Version.
    if (key === 'Ref' && typeof inner === 'string') return [inner.replace(/\..*/, '')];
    if (key === 'Fn::GetAtt' && Array.isArray(inner)) return [String(inner[0])];
    if (key === 'Fn::Sub' && Array.isArray(inner)) {
      const own = Object.keys(Object(inner[1]));
      return [
        ...referencesIn({ 'Fn::Sub': inner[0] }).filter((name) => !own.includes(name)),
        ...referencesIn(inner[1]),
      ];
    }
    if (key === 'Fn::Sub' && typeof inner === 'string')
      return [...inner.matchAll(/\$\{([\w:]+)/g)].map(([, name = '']) => name);
    if (key === 'Fn::If' && Array.isArray(inner)) return [String(inner[0]), ...referencesIn(inner.slice(1))];
    return referencesIn(inner);
  });
}
