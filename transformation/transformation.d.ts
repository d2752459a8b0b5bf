/** What the rest of this project knows of transformation.js. For the types of your own code see types.d.ts. */

/** True in the file as this project has it. A transformation has no such export. */
export const isEmpty: true | undefined;

/** The file as text, with `{ type: 'text' }`. */
declare const source: string;
export default source;
