/** Removes the first key of a map, which keeps the order of insertion, if the map has more than `most` keys. */
export function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const oldest of map.size > most ? map.keys() : []) {
    map.delete(oldest);
    return;
  }
}
