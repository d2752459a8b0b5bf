// Replace everything in this file by your transformation, as it is in RudderStack. docs/transformation.md says more.
export const isEmpty = true;
// Declared, so that a function that is pasted below stops the build: it would not be run.
export const transformEvent = undefined;
