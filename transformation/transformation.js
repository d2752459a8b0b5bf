// Replace everything in this file by your transformation, as it is in RudderStack. docs/transformation.md says more.
export const isEmpty = true;
